"""One task before and after: every difference, classed, and nothing that is none."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any, Final

from router.compiler.model import AgreementSignal, Confidence, FieldSignal, Signal, Task
from router.diffing.changes import Change, Kind
from router.diffing.contracts import Verdict, differences, for_callers, for_consumers
from router.diffing.ladders import ladder_changes, pair_tiers, seconds, shown
from router.diffing.prompts import prompt_changes, tool_changes
from router.diffing.texts import Read, canonical

__all__ = ["task_changes"]

_MOST: Final = 4  # differences of a schema that are named
_ORDER: Final = {kind: number for number, kind in enumerate(Kind)}


def task_changes(old: Task, new: Task, read_old: Read, read_new: Read) -> tuple[Change, ...]:
    """What differs, gravest kind first. Names, places and revisions are not looked at."""
    found = [
        *ladder_changes(old, new, pair_tiers(old, new)),
        *prompt_changes(old, new, read_old, read_new),
        *tool_changes(old, new),
        *_contracts(old, new),
        *_decisions(old, new),
        *_bounds(old, new),
        *_labels(old, new),
    ]
    return tuple(sorted(found, key=lambda change: _ORDER[change.kind]))


# --- contracts -------------------------------------------------------------------------------


def _contracts(old: Task, new: Task) -> Iterator[Change]:
    yield from _schema("input", Kind.INPUT, old, new, for_callers)
    yield from _schema("output", Kind.OUTPUT, old, new, for_consumers)
    if old.trusted != new.trusted:
        said = f"trusted {_names(old.trusted)} → {_names(new.trusted)}"
        yield Change(Kind.INPUT, "trusted", said)


def _schema(
    part: str, kind: Kind, old: Task, new: Task, judge: Callable[[Any, Any], Verdict]
) -> Iterator[Change]:
    before, after = getattr(old, part), getattr(new, part)
    # The model fills an output in the order of its properties and reads its descriptions; of an
    # input, only what it accepts and fills in counts.
    ordered = part == "output"
    texts = [None if s is None else canonical(s.source, ordered=ordered) for s in (before, after)]
    if texts[0] == texts[1]:
        return
    who = "callers" if part == "input" else "consumers"
    verdict = judge(before, after)
    found = list(differences(before, after))
    more = [f"and {len(found) - _MOST} more"] if len(found) > _MOST else []
    what = "; ".join([*found[:_MOST], *more]) or "changed"
    if before is None or after is None:
        what = f"{part} schema {'added' if before is None else 'removed'}"
    says = {"no": f"compatible for {who}", "may": f"may break {who}", "yes": f"breaks {who}"}
    behaves = ordered or not _annotations_only(before, after)
    said = f"{what} ({says[verdict.breaks]})" if behaves else f"{what} (says nothing to a run)"
    yield Change(kind, part, said, behaves, verdict.breaks, verdict.reasons)


def _annotations_only(old: Any, new: Any) -> bool:
    """Whether two input schemas accept and fill in the same, told by words alone."""
    if old is None or new is None:
        return False
    return canonical(_told(old.source, top=True)) == canonical(_told(new.source, top=True))


_WORDS: Final = frozenset({"$comment", "deprecated", "description", "examples", "title"})


def _told(schema: Any, *, top: bool = False) -> Any:
    """A schema without the words in it. Only at known places: a property may be called `title`."""
    if not isinstance(schema, dict):
        return schema
    found: dict[str, Any] = {}
    for key, value in schema.items():
        if key in _WORDS or (isinstance(key, str) and key.startswith("x-")):
            continue
        if key == "properties" and isinstance(value, dict):
            found[key] = {name: _told(child) for name, child in value.items()}
        elif key == "items":
            found[key] = _told(value)
        else:
            found[key] = value
    return found


# --- decisions -------------------------------------------------------------------------------


def _decisions(old: Task, new: Task) -> Iterator[Change]:
    if old.escalate_on != new.escalate_on:
        said = f"escalate_on {_names(old.escalate_on)} → {_names(new.escalate_on)}"
        yield Change(Kind.LADDER, "escalate_on", said)
    if old.confidence != new.confidence:
        said = f"confidence {_confidence(old.confidence)} → {_confidence(new.confidence)}"
        yield Change(Kind.CONFIDENCE, "confidence", said)
    before, after = old.exhausted, new.exhausted
    if (before.mode, canonical(before.value)) != (after.mode, canonical(after.value)):
        said = f"exhausted {_exhausted(before)} → {_exhausted(after)}"
        if after.mode == "error" != before.mode:
            # A call that came back now raises, for callers that need not expect it.
            why = ("a run that no tier answers well enough now raises; before, it gave an answer",)
            yield Change(Kind.LADDER, "exhausted", f"{said} (breaks callers)", True, "yes", why)
        else:
            yield Change(Kind.LADDER, "exhausted", said)
    for name in ("stream", "strict_model"):
        was, now = getattr(old, name), getattr(new, name)
        if was != now:
            yield Change(Kind.SETTING, name, f"{name} {shown(was)} → {shown(now)}")


def _confidence(confidence: Confidence | None) -> str:
    if confidence is None:
        return "none"
    signals = ", ".join(_signal(signal) for signal in confidence.signals)
    if len(confidence.signals) == 1 and confidence.combine == "min":
        return signals
    return f"{confidence.combine} of ({signals})"


def _signal(signal: Signal) -> str:
    if isinstance(signal, FieldSignal):
        return f"field {'.'.join(('output', *signal.path))}"
    if isinstance(signal, AgreementSignal):
        return f"agreement of {signal.samples} on {'.'.join(('output', *signal.of))}"
    return f"verifier {signal.task}"


def _exhausted(exhausted: Any) -> str:
    if exhausted.mode != "value":
        return str(exhausted.mode)
    text = canonical(exhausted.value)
    return f"value {text if len(text) <= 80 else text[:79] + '…'}"


# --- bounds and labels -----------------------------------------------------------------------


def _bounds(old: Task, new: Task) -> Iterator[Change]:
    was, now = old.budget, new.budget
    if was.usd != now.usd:
        yield Change(Kind.BUDGET, "budget.run", f"usd {_usd(was.usd)} → {_usd(now.usd)}")
    if was.attempts != now.attempts:
        said = f"attempts {was.attempts} → {now.attempts}"
        yield Change(Kind.BUDGET, "budget.run", said)
    if was.deadline != now.deadline:
        said = f"deadline {seconds(was.deadline)} → {seconds(now.deadline)}"
        yield Change(Kind.DEADLINE, "budget.run", said)
    for name, show in (("retries", shown), ("base", seconds), ("factor", shown), ("cap", seconds)):
        before, after = getattr(old.retry, name), getattr(new.retry, name)
        if before != after:
            yield Change(Kind.RETRY, "retry", f"{name} {show(before)} → {show(after)}")


def _labels(old: Task, new: Task) -> Iterator[Change]:
    if old.description != new.description:
        yield Change(Kind.LABEL, "description", "description changed", behaves=False)
    if old.owner != new.owner:
        said = f"owner {old.owner or 'none'} → {new.owner or 'none'}"
        yield Change(Kind.LABEL, "owner", said, behaves=False)
    if dict(old.tags) != dict(new.tags):
        said = f"tags {_tags(old)} → {_tags(new)} (recorded with each run)"
        yield Change(Kind.LABEL, "tags", said)


def _tags(task: Task) -> str:
    return ", ".join(f"{key}={value}" for key, value in sorted(task.tags.items())) or "none"


def _names(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"


def _usd(amount: Decimal | None) -> str:
    return "none" if amount is None else f"{amount.normalize():f}"
