"""What was expected of a case, held against what came of it."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import groupby
from pathlib import Path
from typing import Any

from router.policy.findings import escaped
from router.policy.nodes import Node
from router.policy.scalars import ScalarError, duration
from router.testing.driving import Outcome
from router.testing.names import split_tier
from router.testing.suite import Case, ScriptedTier
from router.types import Attempt, Left, Result, Span, Usage

__all__ = [
    "Failure",
    "bound",
    "bound_failure",
    "expectations",
    "left_over",
    "mishaps",
    "said_of",
    "shown",
    "texts",
]

_LONGEST = 300  # characters of a value that a failure shows


@dataclass(frozen=True, slots=True)
class Failure:
    """One thing that is not as the case says, at the place that says it."""

    span: Span
    what: str  # the expectation, such as "path" or "output.label"; else a sentence
    expected: str | None = None
    actual: str | None = None

    def under(self, root: Path) -> Failure:
        """The same with its file as it is reached from here."""
        return replace(self, span=replace(self.span, file=str(root / self.span.file)))


def mishaps(case: Case, outcome: Outcome) -> Iterator[Failure]:
    """What fails a case whatever it expects: replies that lack or are left over, errors."""
    where = case.node.key_span("replies")
    for said in outcome.unscripted:
        yield Failure(where, said)
    error, expect = outcome.error, case.expect
    expected = expect is not None and expect.get("error") is not None
    if error is not None and not expected and not outcome.unscripted:
        said = f"{type(error).__name__}: {error.message}"
        yield Failure(case.node.key_span("expect"), "the run failed", "an answer", said)
    for script, used, of in outcome.unused if not case.rows else ():
        yield left_over(script, used, of)


def left_over(script: ScriptedTier, used: int, of: int) -> Failure:
    """Scripted replies that no request was given."""
    name = f"{script.task}/{script.tier}"
    said = f"{used} of {of} were used" if used else "it was never asked"
    return Failure(script.place, f"replies of {name} are left over: {said}")


def expectations(case: Case, outcome: Outcome) -> Iterator[Failure]:
    """Every expectation about the run that does not hold; `request` is judged elsewhere."""
    expect = case.expect
    if expect is None:
        return
    failed = outcome.error is not None and expect.get("error") is None
    for key, node in expect.items():
        check = _OF_RUNS.get(key)
        if check is not None:
            yield from check(node, case, outcome)
        elif key in _OF_RESULTS and not failed:
            yield from _OF_RESULTS[key](node, outcome.result)


# --- the run --------------------------------------------------------------------------------------


def _path(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    own = [one.tier for one in outcome.attempts if _is_own(one, case)]
    yield from _equal(node, "path", [tier for tier, _ in groupby(own)])


def _start(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    first = next((one.tier for one in outcome.attempts if _is_own(one, case)), None)
    yield from _equal(node, "start", first)


def _attempts(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    if not node.is_map:
        yield from bound_failure(node, "attempts", len(outcome.attempts))
        return
    for name, bound in node.items():
        wanted = split_tier(name, case.task)
        made = sum((one.task, one.tier) == wanted for one in outcome.attempts)
        yield from bound_failure(bound, f"attempts.{name}", made)


def _error(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    error = outcome.error
    if error is None:
        result = outcome.result
        assert result is not None  # noqa: S101 - one of the two is there
        yield Failure(node.span, "error", shown(node.plain()), said_of(result))
        return
    kind = node.get("kind") if node.is_map else node
    name = type(error).__name__
    if kind is not None and kind.value != name:
        yield Failure(kind.span, "error", kind.value, f"{name}: {error.message}")
    message = node.get("message")
    if message is not None and message.value not in error.message:
        yield Failure(message.span, "error.message", f"… {message.value} …", error.message)


def _usd(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    yield from bound_failure(node, "usd", outcome.cost, "estimated")


def _tokens(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    usage = sum((one.usage for one in outcome.attempts), Usage())
    counts = {
        "prompt": usage.prompt_tokens,
        "output": usage.output_tokens,
        "cache_read": usage.cache_read_tokens,
        "cache_write": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
    }
    for key, bound in node.items():
        yield from bound_failure(bound, f"tokens.{key}", counts[key], "estimated")


def _waited(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    waited = sum(one.waited for one in outcome.attempts)
    yield from bound_failure(node, "waited", _seconds(waited), unit="s")


def _latency(node: Node, case: Case, outcome: Outcome) -> Iterator[Failure]:
    yield from bound_failure(node, "latency", _seconds(outcome.latency), unit="s")


def _is_own(attempt: Attempt, case: Case) -> bool:
    return attempt.task == case.task and attempt.role != "verifier"


def _seconds(value: float) -> float:
    # The clock counts from 1970 in floats: below a tenth of a millisecond there is only noise.
    return round(value, 4)


_Check = Callable[[Node, Case, Outcome], Iterator[Failure]]

_OF_RUNS: Mapping[str, _Check] = {
    "path": _path,
    "start": _start,
    "attempts": _attempts,
    "error": _error,
    "usd": _usd,
    "tokens": _tokens,
    "waited": _waited,
    "latency": _latency,
}

# --- the result -----------------------------------------------------------------------------------


def _confidence(node: Node, result: Any) -> Iterator[Failure]:
    if node.value is None or result.confidence is None:
        yield from _equal(node, "confidence", result.confidence)
    else:
        yield from bound_failure(node, "confidence", result.confidence)


def _reason(node: Node, result: Any) -> Iterator[Failure]:
    if node.value not in (result.reason or ""):
        actual = result.reason or "none: the answer was accepted"
        yield Failure(node.span, "reason", f"… {node.value} …", actual)


def _left(node: Node, result: Any) -> Iterator[Failure]:
    left: tuple[Left, ...] = result.left
    listed = list(node.elements())
    if len(listed) != len(left):
        said = "; ".join(f"{one.tier} for {one.to}: {one.reason}" for one in left) or "none"
        yield Failure(
            node.span,
            "left",
            f"{len(listed)} tier{'' if len(listed) == 1 else 's'}",
            f"{len(left)}: {said}",
        )
        return
    for index, (wanted, found) in enumerate(zip(listed, left, strict=True)):
        for key, stated in wanted.items():
            actual = getattr(found, key)
            name = f"left[{index}].{key}"
            if key != "reason":
                yield from _equal(stated, name, actual)
            elif stated.value not in actual:
                yield Failure(stated.span, name, f"… {stated.value} …", actual)


def _text(node: Node, result: Any) -> Iterator[Failure]:
    for part in texts(node):
        if part.value not in result.text:
            yield Failure(part.span, "text", f"… {part.value} …", shown(result.text))


def _tags(node: Node, result: Any) -> Iterator[Failure]:
    yield from _stated(node, "tags", dict(result.tags))


_OF_RESULTS: Mapping[str, Callable[[Node, Any], Iterator[Failure]]] = {
    "tier": lambda node, result: _equal(node, "tier", result.tier),
    "accepted": lambda node, result: _equal(node, "accepted", result.accepted),
    "reason": _reason,
    "output": lambda node, result: _stated(node, "output", result.output),
    "exactly": lambda node, result: _equal(node, "output", result.output),
    "text": _text,
    "stop_reason": lambda node, result: _equal(node, "stop_reason", result.stop_reason),
    "confidence": _confidence,
    "left": _left,
    "tags": _tags,
}


def said_of(result: Result) -> str:
    """Where an answer comes from, and whether it was good enough."""
    if result.accepted:
        return f"answer of {result.tier}, accepted"
    # What a model says has a stop reason; what `exhausted` puts in its place has none.
    stands_in = result.stop_reason is None
    whose = "the policy's own value (`exhausted`)" if stands_in else f"answer of {result.tier}"
    return f"{whose}, not accepted: {result.reason}"


# --- comparing ------------------------------------------------------------------------------------


def texts(node: Node) -> Iterator[Node]:
    """A text, or each of a list of them."""
    yield from node.elements() if node.is_list else (node,)


def _stated(node: Node, name: str, actual: Any) -> Iterator[Failure]:
    """What is stated and not so: of maps only the stated fields, of lists every element."""
    if node.is_map and isinstance(actual, dict):
        for key, child in node.items():
            if key in actual:
                yield from _stated(child, f"{name}.{key}", actual[key])
            else:
                yield Failure(child.span, f"{name}.{key}", shown(child.plain()), "no such field")
    elif node.is_list and isinstance(actual, list) and len(actual) == len(node.value):
        for index, (child, one) in enumerate(zip(node.elements(), actual, strict=True)):
            yield from _stated(child, f"{name}[{index}]", one)
    else:
        yield from _equal(node, name, actual)


def _equal(node: Node, name: str, actual: Any) -> Iterator[Failure]:
    wanted = node.plain()
    if not _same(wanted, actual):
        yield Failure(node.span, name, shown(wanted), shown(actual))


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 is 1.0, and not true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


_BOUND = re.compile(r"(==|!=|<=|>=|<|>) *(.+)")
_OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<=": operator.le,
    ">=": operator.ge,
    "<": operator.lt,
    ">": operator.gt,
}


def bound_failure(
    node: Node, name: str, actual: float | Decimal, remark: str = "", unit: str = ""
) -> Iterator[Failure]:
    """A failure where a number is not what a value or a comparison such as "<= 3" asks for."""
    sign, limit = bound(node)
    if not _OPERATORS[sign](Decimal(str(actual)), limit):
        number = f"{Decimal(str(actual)).normalize():f}"
        said = f"{number}{' ' + unit if unit else ''}{f' ({remark})' if remark else ''}"
        yield Failure(node.span, name, str(node.value), said)


def bound(node: Node) -> tuple[str, Decimal]:
    """A comparison such as "<= 3": its sign and its limit. A number stands for `==`."""
    written = node.value
    found = _BOUND.fullmatch(written) if isinstance(written, str) else None
    sign, limit = found.groups() if found else ("==", written)
    return sign, _number(limit)


def _number(limit: Any) -> Decimal:
    if isinstance(limit, str) and limit[-1] in "smh":
        try:
            return Decimal(str(duration(limit)))
        except ScalarError:  # `0s`: no duration in a policy, and a good bound
            return Decimal(0)
    return Decimal(str(limit))


def shown(value: Any) -> str:
    """A value as a failure shows it: JSON on one line that a terminal may print, cut where long."""
    text = escaped(json.dumps(value, ensure_ascii=False, default=str))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
