"""Cost and accuracy of escalation over recorded answers of real models.

    python -m bench.cascade [FILE.csv.gz]

Each row of the data holds one question and what three models of rising price answered, how sure
they said they were, and whether they were right. The emulator replays those answers through a
real policy and a real Router; the table is then calculated a second time straight from the file,
without any of our code, and both must agree to the last digit.

The data (`ROUTER_DATA`, by default ../shared/data) is read in place; see its README for sources
and licences. Prices are those of the pinned models of today, and, beside them, the costs that
the data's authors recorded for the models they asked.
"""

from __future__ import annotations

import csv
import gzip
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from router.errors import Exhausted
from router.ledger.base import NullLedger
from router.router import Router
from router.testing import Emulator, reply

HERE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("ROUTER_DATA") or HERE.parent / ".." / "shared" / "data")
MOST = 7  # thresholds that are tried
TIERS = ("haiku", "sonnet", "opus")

# USD per million tokens in and out of claude-haiku-5-5 (prompts up to 100,000 tokens),
# claude-sonnet-5-5 and claude-opus-5-5, written out so that the check shares nothing with the
# catalog. Source: platform.claude.com pricing, 2026-10-08.
PRICES = {
    "haiku": (Decimal("0.10"), Decimal("0.50")),
    "sonnet": (Decimal(2), Decimal(10)),
    "opus": (Decimal(4), Decimal(20)),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One way of answering all questions: what it cost, how often it was right."""

    name: str
    right: int
    cost: Decimal  # at today's prices of the pinned models
    recorded: Decimal  # as the data's authors recorded it for theirs
    calls: tuple[int, int, int]
    questions: int

    @property
    def accuracy(self) -> float:
        return self.right / self.questions


Row = Mapping[str, str]


def read(path: Path) -> list[Row]:
    with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def stated(row: Row, tier: int) -> float:
    """The confidence that came with an answer; the last tier of some data states none."""
    return float(row[f"t{tier}_confidence"] or 1)


def thresholds(rows: list[Row], most: int = MOST) -> list[str]:
    """Thresholds that make a difference: confidences that were stated, the lowest left out.

    Where there are many, those that cut the cheapest tier's answers into about equal parts.
    """
    lowest = {stated(row, 1) for row in rows}
    values = sorted(lowest | {stated(row, 2) for row in rows})[1:]
    if len(values) > most:
        ranked = sorted(stated(row, 1) for row in rows)
        cuts = [ranked[len(ranked) * k // (most + 1)] for k in range(1, most + 1)]
        values = sorted({*cuts, values[-1]} - {min(lowest)})
    return [f"{value:g}" for value in values]


def answer_of(row: Row, tier: int) -> Any:
    """The recorded answer as the emulator gives it: a broken one breaks the schema here too."""
    usage = {
        "input_tokens": int(row[f"t{tier}_input_tokens"]),
        "output_tokens": int(row[f"t{tier}_output_tokens"]),
    }
    if row[f"t{tier}_schema_ok"] != "1":
        return reply("(an answer that broke its format)", usage=usage)
    value = {"answer": row[f"t{tier}_answer"], "confidence": stated(row, tier)}
    return reply(output=value, usage=usage)


def routed(rows: list[Row], threshold: str) -> Line:
    """All questions through a Router."""
    by_id = {row["example_id"]: row for row in rows}
    emulator = Emulator()
    emulator.script.reply(lambda request: answer_of(by_id[asked(request)], level(request)))
    right, cost, recorded, calls = 0, Decimal(0), Decimal(0), [0, 0, 0]
    with tempfile.TemporaryDirectory() as folder:
        text = (HERE / "policies" / "cascade.yaml").read_text(encoding="utf-8")
        policy = Path(folder) / "cascade.yaml"
        policy.write_text(text.replace("THRESHOLD", threshold), encoding="utf-8")
        with Router(policy, emulator=emulator, ledger=NullLedger()) as router:
            for row in rows:
                inputs = {"id": row["example_id"], "text": row.get("text") or ""}
                try:
                    result = router.run("question", inputs)
                except Exhausted as error:  # no tier gave an answer at all: wrong, and paid for
                    attempts = error.details.attempts
                else:
                    attempts = result.attempts
                    right += int(row[f"t{TIERS.index(result.tier) + 1}_correct"])
                for attempt in attempts:
                    tier = TIERS.index(attempt.tier)
                    calls[tier] += 1
                    cost += attempt.cost
                    recorded += paid(row, tier + 1)
    return Line(
        f"escalate below {threshold}",
        right,
        cost,
        recorded,
        _three(calls),
        len(rows),
    )


def asked(request: Any) -> str:
    text: str = request.text
    return text.split("<id>", 1)[1].split("</id>", 1)[0].strip()


def level(request: Any) -> int:
    return TIERS.index(request.tier) + 1


# --- the same, straight from the file -----------------------------------------------------


def paid(row: Row, tier: int) -> Decimal:
    return Decimal(row[f"t{tier}_cost_usd"]) + Decimal(row[f"t{tier}_conf_cost_usd"])


def price(row: Row, tier: int) -> Decimal:
    into, out = PRICES[TIERS[tier - 1]]
    tokens_in = Decimal(row[f"t{tier}_input_tokens"])
    tokens_out = Decimal(row[f"t{tier}_output_tokens"])
    return (tokens_in * into + tokens_out * out) / 1_000_000


def calculated(rows: list[Row], threshold: str) -> Line:
    right, cost, recorded, calls = 0, Decimal(0), Decimal(0), [0, 0, 0]
    limit = float(threshold)
    for row in rows:
        for tier in (1, 2, 3):
            calls[tier - 1] += 1
            cost += price(row, tier)
            recorded += paid(row, tier)
            broken = row[f"t{tier}_schema_ok"] != "1"
            sure = stated(row, tier)
            if tier == 3 or not (broken or sure < limit):
                taken = settled(row, limit)
                right += 0 if taken is None else int(row[f"t{taken}_correct"])
                break
    return Line(
        f"escalate below {threshold}",
        right,
        cost,
        recorded,
        _three(calls),
        len(rows),
    )


def settled(row: Row, limit: float) -> int | None:
    """The tier whose answer is taken: the first that is sure; else the last, if it is an answer
    at all; else the surest of those that are, if any is."""
    for tier in (1, 2, 3):
        broken = row[f"t{tier}_schema_ok"] != "1"
        if not broken and (tier == 3 or stated(row, tier) >= limit):
            return tier
    usable = [tier for tier in (1, 2) if row[f"t{tier}_schema_ok"] == "1"]
    return max(usable, key=lambda tier: (stated(row, tier), tier), default=None)


def always(rows: list[Row], tier: int, name: str) -> Line:
    calls = [len(rows) if k == tier else 0 for k in (1, 2, 3)]
    return Line(
        name,
        sum(int(row[f"t{tier}_correct"]) for row in rows),
        sum((price(row, tier) for row in rows), Decimal(0)),
        sum((paid(row, tier) for row in rows), Decimal(0)),
        _three(calls),
        len(rows),
    )


def oracle(rows: list[Row]) -> Line:
    """Knows beforehand which tier is the cheapest that will be right, and asks only that one."""
    right, cost, recorded, calls = 0, Decimal(0), Decimal(0), [0, 0, 0]
    for row in rows:
        tier = next((k for k in (1, 2, 3) if row[f"t{k}_correct"] == "1"), 1)
        right += int(row[f"t{tier}_correct"])
        cost += price(row, tier)
        recorded += paid(row, tier)
        calls[tier - 1] += 1
    return Line("oracle", right, cost, recorded, _three(calls), len(rows))


def _three(calls: list[int]) -> tuple[int, int, int]:
    return calls[0], calls[1], calls[2]


# --- the table ----------------------------------------------------------------------------


def table(lines: list[Line]) -> Iterator[str]:
    strong = next(line for line in lines if line.name == "all top tier")
    yield (
        f"{'':22}  {'accuracy':>8}  {'USD':>10}  {'of top':>7}  {'recorded USD':>12}  "
        f"{'of top':>7}  calls per tier"
    )
    for line in lines:
        yield (
            f"{line.name:22}  {line.accuracy:8.1%}  {line.cost:10.4f}  "
            f"{line.cost / strong.cost:7.1%}  {line.recorded:12.4f}  "
            f"{line.recorded / strong.recorded:7.1%}  {'/'.join(map(str, line.calls))}"
        )


def compare(path: Path, say: Any = print) -> bool:
    """Print the table of one file; whether router and file agree on every figure."""
    rows = read(path)
    began = time.perf_counter()
    tried = thresholds(rows)
    lines = [routed(rows, threshold) for threshold in tried]
    took = time.perf_counter() - began
    say(
        f"{path.name}: {len(rows)} questions, {sum(sum(line.calls) for line in lines)} calls "
        f"replayed in {took:.1f} s"
    )
    again = [calculated(rows, threshold) for threshold in tried]
    every = [
        always(rows, 1, "all bottom tier"),
        *lines,
        always(rows, 3, "all top tier"),
        oracle(rows),
    ]
    for text in table(every):
        say("  " + text)
    agree = lines == again
    say("  router and file agree on every figure" if agree else "  DIFFERENT from the file:")
    for ours, theirs in zip(lines, again, strict=True):
        if ours != theirs:
            say(f"    router {ours}\n    file   {theirs}")
    return agree


def main(arguments: list[str]) -> int:
    paths = [Path(a) for a in arguments] or sorted((DATA / "cascade").glob("*_cal.csv.gz"))
    if not paths:
        print(f"no recorded answers under {DATA / 'cascade'}; set ROUTER_DATA", file=sys.stderr)
        return 0
    return int(False in [compare(path) for path in paths])  # every file is shown


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
