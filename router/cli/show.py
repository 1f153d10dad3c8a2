"""How results, plans and tasks look to a person, and to a program."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from decimal import Decimal
from enum import Enum
from typing import Any

from router.policy.findings import escaped
from router.types import Attempt, Plan, Result

__all__ = [
    *("as_json", "explain", "harmless", "money", "out", "plan_text", "result_json", "table"),
]


def out(text: str) -> None:
    sys.stdout.write(harmless(text if text.endswith("\n") else text + "\n"))


def harmless(text: str) -> str:
    """Text as it may be printed: on a terminal nothing moves the cursor, elsewhere it is exact."""
    return escaped(text, keep="\n\t") if sys.stdout.isatty() else text


def as_json(value: Any) -> str:
    """JSON for programs; money as strings, so that no digit is lost."""
    return json.dumps(_plain(value), ensure_ascii=False, indent=2)


def result_json(result: Result) -> dict[str, Any]:
    return {**_plain(asdict(result)), "request_ids": list(result.request_ids)}


def table(rows: Sequence[Sequence[str]], head: Sequence[str], right: frozenset[int]) -> str:
    """Columns padded with blanks; readable without colour and in a pipe."""
    lines = [tuple(head), *(tuple(escaped(" ".join(cell.split())) for cell in row) for row in rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if i in right else cell.ljust(width)
            for i, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def explain(result: Result) -> str:
    """What happened in a run: tiers, reasons, tokens, cost."""
    lines = []
    verdict = "accepted" if result.accepted else f"NOT accepted: {result.reason}"
    sure = "" if result.confidence is None else f", confidence {result.confidence:.2f}"
    mark = " (emulated reply, real prices)" if result.emulated else ""
    lines.append(f"tier {result.tier} ({result.model}){sure}, {verdict}{mark}")
    lines += [
        f"  left {left.tier} for {left.to or 'nowhere'}: {left.kind}, {left.reason}"
        for left in result.left
    ]
    if result.replayed:
        lines.append("  replayed: answer kept under this key, nothing paid now")
    rows = [_attempt_row(attempt) for attempt in result.attempts]
    head = ("#", "tier", "model", "status", "in", "cached", "written", "out", "USD", "ms")
    lines += [
        "  " + line for line in table(rows, head, frozenset({0, 4, 5, 6, 7, 8, 9})).split("\n")
    ]
    ignored = sorted({name for attempt in result.attempts for name in attempt.ignored})
    if ignored:
        lines.append(f"  the endpoint ignored: {', '.join(ignored)}")
    lines.append(
        f"cost {money(result.cost)} USD, {result.latency * 1000:.0f} ms, run {result.run_id}, "
        f"revision {result.revision[:12]}"
    )
    return "\n".join(lines)


def money(amount: Decimal) -> str:
    """An amount in full, without idle zeros."""
    return format(amount.normalize(), "f")


def _attempt_row(attempt: Attempt) -> tuple[str, ...]:
    usage = attempt.usage
    status = attempt.error or attempt.stop_reason or attempt.status.value
    role = "" if attempt.role == "answer" else f" ({attempt.role})"
    known = "" if attempt.usage_known else " at most"
    return (
        str(attempt.number),
        attempt.tier + role,
        attempt.model,
        status,
        str(usage.input_tokens),
        str(usage.cache_read_tokens),
        str(usage.cache_write_5m_tokens + usage.cache_write_1h_tokens),
        str(usage.output_tokens),
        f"{money(attempt.cost)}{known}",
        f"{attempt.latency * 1000:.0f}",
    )


def plan_text(plan: Plan, *, requests: bool = True) -> str:
    """A plan for people: what each tier would send, its breakpoints, its cost bounds."""
    lines = [f"task {plan.task}, revision {plan.revision[:12]}, starts on {plan.start}"]
    for tier in plan.tiers:
        calls = f", {tier.calls} calls" if tier.calls != 1 else ""
        lines.append("")
        lines.append(
            f"{tier.name}: {tier.model}, about {tier.prompt_tokens} prompt tokens, "
            f"at most {tier.max_tokens} out{calls}"
        )
        warm, cold = money(tier.cost_warm), money(tier.cost_cold)
        lines.append(f"  cost a call: {warm} USD warm, {cold} cold, at most")
        for point in tier.breakpoints:
            least = "" if point.minimum is None else f" (minimum {point.minimum})"
            state = "cached" if point.cacheable else "TOO SHORT TO BE CACHED"
            lines.append(
                f"  breakpoint after {point.where}, {point.ttl}: about "
                f"{point.prefix_tokens} tokens{least}, {state}"
            )
    lines.append("")
    lines.append(
        f"run: {money(plan.cost_best)} USD if the start tier answers warm, "
        f"{money(plan.cost_worst)} if every tier is asked cold"
    )
    budget = "none" if plan.budget_usd is None else f"{money(plan.budget_usd)} USD"
    deadline = "none" if plan.deadline is None else f"{plan.deadline:g} s"
    lines.append(f"bounds: budget {budget}, deadline {deadline}")
    lines += [f"note: {note}" for note in plan.notes]
    if requests:
        first = next(tier for tier in plan.tiers if tier.name == plan.start)
        lines += ["", f"request to {first.name}:", as_json(first.request)]
    return "\n".join(lines)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(item) for item in value]
    return value
