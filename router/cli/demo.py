"""`router demo`: the main job before the reader's eyes, without a key, checked as it goes."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import logging
import shutil
import sys
import tempfile
import time
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

from router.cli.demo_stage import Page, Stage, quoted
from router.cli.mapping import Mapping, Summary, map_rows
from router.reports import build, render
from router.router import Router
from router.settings import Settings
from router.types import Finding, Result, Severity

__all__ = ["show_demo"]

_TASK = "triage"
_SURE, _UNSURE, _FRAUD, _RETRIED = "t001", "t018", "t025", "t016"
_TIGHTER = ("{below: 0.82, reason: unsure}", "{below: 0.92, reason: unsure}")
_BROKEN = ("{below: 0.65, reason: unsure}", "{below: 0.65, reasn: unsure}")
_PATIENCE = 10.0  # seconds for a reload to be seen


def show_demo() -> int:
    """Show it. Returns the exit code: 0 if everything that was claimed holds, else 1."""
    page = Page()
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="replace")  # the messages come in many scripts
    # What the router logs about the broken edit is part of the story, and told there.
    logging.getLogger("router").addHandler(logging.NullHandler())
    with tempfile.TemporaryDirectory(prefix="router-demo-") as folder:
        stage = Stage.build(Path(folder))
        _introduce(page, stage)
        _single_runs(page, stage)
        summary = asyncio.run(_map_and_edit(page, stage))
        _report(page, stage, summary)
        _next_steps(page, stage)
    if page.broken:
        sys.stderr.write("\nthe demo claims what does not hold:\n")
        sys.stderr.writelines(f"  {text}\n" for text in page.broken)
        return 1
    page.say(f"\nEach of the {page.held} points above was checked as it was printed.")
    return 0


def _router(stage: Stage, *, watch: bool = False) -> Router:
    return Router(
        stage.root / "policies",
        ledger=stage.root / "router.ledger.db",
        emulator=stage.claude,
        watch=watch,
        settings=Settings.from_environment({}),
    )


def _introduce(page: Page, stage: Stage) -> None:
    page.say(
        f"policy-router demo: {len(stage.messages)} support messages of a made-up bank, routed by "
        "one policy over three Claude models, cheapest first. No key, no network."
    )
    page.say(
        "The replies are EMULATED: written beforehand, served inside this process. Prices are "
        "real (the catalog's, in USD); tokens are estimates of what the API would count."
    )


def _single_runs(page: Page, stage: Stage) -> None:
    with _router(stage) as router:
        page.head("1. A sure answer: the cheapest model is enough")
        result = _run(page, stage, router, _SURE)
        page.claim("accepted on haiku, one attempt", _way(result) == ["haiku"])

        page.head("2. An unsure answer goes up, and the account says why")
        result = _run(page, stage, router, _UNSURE)
        page.claim("haiku was unsure, sonnet's answer counts", _way(result) == ["haiku", "sonnet"])

        page.head("3. A rule on the answer: suspected fraud goes straight to the top")
        result = _run(page, stage, router, _FRAUD)
        page.claim("haiku to opus, past sonnet", _way(result) == ["haiku", "opus"])

        page.head("4. The API is overloaded: a retry, on the same tier")
        stage.overload_once(_RETRIED)
        result = _run(page, stage, router, _RETRIED)
        first, *rest = result.attempts
        page.claim(
            "the 529 cost one attempt and no money; the second attempt answered",
            first.error == "overloaded" and first.cost == 0 and len(rest) == 1,
        )


def _run(page: Page, stage: Stage, router: Router, message_id: str) -> Result:
    inputs = stage.inputs(message_id)
    page.say(quoted(inputs["message"]), 3)
    result = router.run(_TASK, inputs)
    for attempt in result.attempts:
        waited = f"after a wait of {attempt.waited:.2f} s " if attempt.waited else ""
        if attempt.error:
            what = f"{attempt.error}: {attempt.error_message} (HTTP {attempt.http_status})"
        else:
            label = stage.answers[message_id][attempt.tier]["label"]
            what = f"{label}, confidence {attempt.confidence:.2f}"
        left = f" -> left: {attempt.escalation}" if attempt.escalation else ""
        page.say(f"{waited}{attempt.tier}: {what}{left}", 5)
    tries = "attempt" if len(result.attempts) == 1 else "attempts"
    page.say(
        f"= {result.output['label']}, urgency {result.output['urgency']}; "
        f"{result.cost:f} USD, {len(result.attempts)} {tries}",
        5,
    )
    return result


def _way(result: Result) -> list[str]:
    return [a.tier for a in result.attempts] if result.accepted and result.emulated else []


async def _map_and_edit(page: Page, stage: Stage) -> Summary:
    page.head(f"5. All {len(stage.messages)} messages, 8 at a time, while the policy is edited")
    opened: list[Router] = []

    def open_router() -> Router:
        opened.append(_router(stage, watch=True))
        return opened[0]

    out = stage.root / "results.jsonl"
    job = Mapping(_TASK, stage.root / "messages.jsonl", out, id_field="id")
    mapping = asyncio.create_task(map_rows(job, open_router, sys.stderr))
    await _until(lambda: _rows(out) >= 25)
    router = opened[0]
    before = _revision(router)

    stage.edit(*_TIGHTER)
    page.say(f"row {_rows(out)}: edited {_TIGHTER[0]} to {_TIGHTER[1]}", 3)
    live_after = await _until(lambda: _revision(router) != before)
    after = _revision(router)
    page.say(f"row {_rows(out)}: revision {before[:12]} became {after[:12]}", 3)
    page.claim(f"live {live_after:.1f} s after the edit, no restart", after != before)

    stage.edit(*_BROKEN)
    page.say(f"row {_rows(out)}: edited {_BROKEN[0]} to {_BROKEN[1]}", 3)
    await _until(lambda: router.status().findings != ())
    status = router.status()
    findings = [f for f in status.findings if f.severity is Severity.ERROR]
    for finding in findings:
        _show_finding(page, finding)
    page.claim("refused, with its place", findings and findings[0].span.column > 1)
    page.claim(f"revision {after[:12]} serves on", _revision(router) == after)

    summary = await mapping
    results = [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]
    served = Counter(result.get("revision") for result in results)
    page.say(summary.text().split("\n")[0], 3)
    page.claim("no run failed through either edit", summary.failed == 0 and not summary.left)
    page.claim(
        f"{served[before]} rows by the first revision, {served[after]} by the second, "
        "none by the broken one",
        served[before] and served[after] and served.keys() == {before, after},
    )
    _accuracy(page, stage, results)
    return summary


def _show_finding(page: Page, finding: Finding) -> None:
    page.say(str(finding), 5)
    if finding.source_line is not None:
        line = finding.source_line
        page.exactly(f"{line}\n{' ' * (finding.span.column - 1)}^", 5)
    if finding.help:
        page.say(f"help: {finding.help}", 5)


def _accuracy(page: Page, stage: Stage, results: list[dict[str, Any]]) -> None:
    expected = {str(m["id"]): m["label"] for m in stage.messages}
    routed = sum(r["output"]["label"] == expected[r["id"]] for r in results)
    alone = {
        tier: sum(stage.answers[name][tier]["label"] == label for name, label in expected.items())
        for tier in ("haiku", "opus")
    }
    page.say(
        f"right queue: {routed} of {len(results)} routed; haiku alone {alone['haiku']}, opus alone "
        f"{alone['opus']}. These figures, and how many rows climb, follow from the replies written "
        "for this demo: they show what the router does, and nothing about the models.",
        3,
    )


def _report(page: Page, stage: Stage, summary: Summary) -> None:
    page.head("6. What it cost: `router report --by tier`, straight from the ledger")
    report = build(stage.root / "router.ledger.db", by="tier")
    page.exactly(render(report, "text"), 3)
    total = report.total
    page.say()
    page.claim(
        "every run is in the ledger: those of points 1 to 4, and one for each message",
        total.runs == len(stage.messages) + 4 and summary.answered == len(stage.messages),
    )
    page.claim(
        f"{total.runs_cost:.4f} USD, against {total.top_cost:.4f} for the same tokens at opus",
        Decimal(0) < total.runs_cost < total.top_cost and total.emulated == total.attempts,
    )


def _next_steps(page: Page, stage: Stage) -> None:
    page.head("The same for real")
    page.say("Set ANTHROPIC_API_KEY; nothing else changes:", 3)
    home = stage.home
    with contextlib.suppress(ValueError):  # an installed package: its full path it is
        home = home.relative_to(Path.cwd())
    command = _command()
    rows = f"{home}/messages.jsonl --id id --out results.jsonl"
    page.exactly(
        f"{command} run triage -p {home}/policies -i message='My card is gone' --explain\n"
        f"{command} map triage {rows} -p {home}/policies\n"
        f"{command} report --by tier",
        5,
    )
    page.say(f"`{command} init mine` begins a project of your own.", 3)


def _command() -> str:
    """What to type for `router`: `make demo` runs one that is not on the PATH."""
    here = Path(sys.argv[0])
    if here.name != "router" or shutil.which("router"):
        return "router"
    with contextlib.suppress(ValueError):
        here = here.absolute().relative_to(Path.cwd())
    return str(here)


def _revision(router: Router) -> str:
    return router.policies.tasks[_TASK].revision


def _rows(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


async def _until(holds: Any) -> float:
    """Seconds until it holds; gives up after a while, for the claim that follows to say so."""
    begun = time.monotonic()
    # What is awaited is a file and a watcher's thread: there is no event of the loop to wait for.
    while not holds() and time.monotonic() - begun < _PATIENCE:  # noqa: ASYNC110
        await asyncio.sleep(0.02)
    return time.monotonic() - begun
