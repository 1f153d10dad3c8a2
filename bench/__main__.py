"""python -m bench [--quick] [--write | --no-write] [--reloads N]

Runs every speed benchmark, prints the tables, and puts them into docs/performance.md.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from bench import client, compiling, linting, own, phases, reload, starting
from bench.measure import REFERENCE_US, quiet
from bench.report import Bar, ms, ratio, table, us, written

DOCS = Path(__file__).resolve().parent.parent / "docs" / "performance.md"
_PACKAGES = ("anthropic", "aiohttp", "httpx2", "msgspec", "jsonschema-rs", "pyyaml")

Section = tuple[str, list[Bar]]


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fast look; writes nothing")
    parser.add_argument("--reloads", type=int, default=None, help="default 500, 10,000 for proof")
    parser.add_argument("--no-write", action="store_true", help="leave docs/performance.md alone")
    chosen = parser.parse_args(arguments)
    sections: list[str] = []
    bars: list[Bar] = []
    reloads = chosen.reloads or (60 if chosen.quick else 500)
    measured: tuple[Callable[[], Section], ...] = (
        lambda: through_sdk(chosen.quick),
        lambda: on_a_stub(chosen.quick),
        lambda: compiled(chosen.quick),
        lambda: started(chosen.quick),
        lambda: linted(chosen.quick),
        lambda: reloaded(reloads),
    )
    for measure in measured:
        text, met = measure()
        print(text + "\n", flush=True)
        sections.append(text)
        bars += met
    head = "\n\n".join(
        [machine(), table(("what", "bar", "measured", ""), [bar.row for bar in bars])]
    )
    print(head)
    if not (chosen.quick or chosen.no_write):
        DOCS.write_text(written(DOCS.read_text("utf-8"), "\n\n".join([head, *sections])), "utf-8")
        print(f"written to {DOCS.relative_to(Path.cwd())}")
    return 0


def machine() -> str:
    """What was measured with: versions and kind of machine, nothing that names it."""
    versions = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    load = "" if not hasattr(os, "getloadavg") else f"; load {os.getloadavg()[0]:.1f} at the end"
    return (
        f"Measured {datetime.now(UTC):%Y-%m-%d} with Python {platform.python_version()} on "
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} CPUs{load}. {versions}, "
        f"SQLite {sqlite3.sqlite_version}."
    )


def through_sdk(quick: bool) -> Section:
    found = client.compare(rounds=6, calls=80, arounds=3, acalls=400) if quick else client.compare()
    rows = []
    for ours, theirs in ((found.run, found.sdk), (found.arun, found.asdk)):
        for one in (theirs, ours):
            each = one.each
            rows.append(
                (
                    one.name,
                    us(one.quiet),
                    ratio(one.quiet / theirs.quiet),
                    us(client.percentile(each, 0.5)) if each else "-",
                    us(client.percentile(each, 0.99)) if each else "-",
                    f"{1e6 / quiet(one.wall):,.0f}",
                )
            )
    text = "### Beside the bare SDK, on one loopback server\n\n" + table(
        ("call", "CPU µs, quiet", "x SDK", "wall p50 µs", "p99 µs", "calls/s, quiet"), rows
    )
    text += (
        f"\n\nAwaited calls: {found.in_flight} in flight. Ratios by pairs of neighbouring slices: "
        f"CPU {ratio(found.cpu[0])} blocking, {ratio(found.acpu[0])} awaited; "
        f"calls a second {ratio(found.rate[0])} awaited."
    )
    return text, [
        Bar("`run` / bare `messages.create`, CPU", 0.75, found.cpu[0], found.cpu[1]),
        Bar("`arun` / the same, CPU, 64 in flight", 0.6, found.acpu[0], found.acpu[1]),
        Bar("`arun` / the same, calls a second", 1.7, *found.rate, at_least=True),
    ]


def on_a_stub(quick: bool) -> Section:
    found = own.measure(rounds=10, calls=100) if quick else own.measure()
    rows = [
        (name, us(value), us(found.scaled(value)))
        for name, value in (
            ("run, no ledger", found.without_ledger),
            ("run, durable ledger", found.with_ledger),
            ("arun, no ledger", found.async_without_ledger),
            ("arun, durable ledger", found.async_with_ledger),
        )
    ]
    parts = phases.measure(rounds=4, calls=100) if quick else phases.measure()
    text = (
        "### What is ours alone, on a stub transport\n\n"
        + table(("call", "CPU µs", "on a quiet machine"), rows)
        + f"\n\nThe right column is scaled by `json.loads` of the answer: {found.reference:.2f} µs "
        f"meanwhile, {REFERENCE_US} µs on a quiet machine of this kind.\n\n"
        "Where it goes, each phase in a loop of its own (in a run they are up to twice as dear, "
        "because caches are cold):\n\n"
        + table(("phase", "CPU µs"), [(name, f"{value:.1f}") for name, value in parts])
    )
    return text, [
        Bar("ours without the ledger, µs", 60, found.scaled(found.without_ledger)),
        Bar("ours with a durable ledger, µs", 100, found.scaled(found.with_ledger)),
    ]


def compiled(quick: bool) -> Section:
    counts = (10, 100) if quick else (10, 100, 1_000)
    found = [compiling.measure(count, rounds=2 if quick else 3) for count in counts]
    rows = [
        (
            f"{one.policies:,}",
            ms(one.cold),
            ms(one.loader),
            ratio(one.ratio),
            ms(one.changed),
            f"{one.share:.1%}",
            ms(one.reading),
        )
        for one in found
    ]
    names = ("policies", "cold", "CSafeLoader", "ratio", "one changed", "of cold", "of it reading")
    text = "### Compiling policies of 80 lines with two templates each, CPU ms\n\n"
    last = found[-1]
    return text + table(names, rows), [
        Bar(f"compile {last.policies:,} policies / CSafeLoader", 2.5, last.ratio),
        Bar(f"one changed among {last.policies:,} / cold", 0.04, last.share),
    ]


def started(quick: bool) -> Section:
    found = starting.apart(rounds=3 if quick else 9)
    rows = [
        (name, ms(spent.cpu), f"{spent.rss:.0f}")
        for name, spent in (
            ("`python -c pass`", found.bare),
            ("`import yaml, jsonschema_rs`", found.parts),
            ("`import router`", found.imported),
            ("`router lint` of one policy", found.lint),
            ("`import anthropic`", found.sdk),
        )
    ]
    heavy = ", ".join(sorted({*found.heavy_in_import, *found.heavy_in_lint})) or "none"
    text = "### A fresh process\n\n" + table(("process", "CPU ms", "RSS MiB"), rows)
    text += f"\n\nOf {', '.join(starting.HEAVY)}, import and lint import: {heavy}."
    return text, [
        Bar("`import router`, CPU s", 0.10, found.imported.cpu),
        Bar("`import router`, RSS MiB", 35, found.imported.rss),
        Bar("`router lint` / bare process and imports", 3.0, found.lint.cpu / found.parts.cpu),
    ]


def linted(quick: bool) -> Section:
    found = linting.measure(100, rounds=3) if quick else linting.measure()
    rows = [
        (f"`router lint` of {found.policies:,} policies", ms(found.many), ratio(found.many_ratio)),
        ("`yaml.CSafeLoader` over them", ms(found.reading), ratio(1)),
        ("`router lint` of one policy", ms(found.one), ratio(found.one_ratio)),
        ("`python -c pass`", ms(found.idle), ratio(1)),
    ]
    text = "### Linting from the shell, whole processes\n\n"
    return text + table(("process", "CPU ms", "ratio"), rows), [
        Bar(f"lint {found.policies:,} policies / CSafeLoader", 4, found.many_ratio),
        Bar("lint one policy / `python -c pass`", 8, found.one_ratio),
    ]


def reloaded(reloads: int) -> Section:
    found = reload.measure(reloads)
    text = (
        f"### {found.reloads:,} reloads under load\n\n"
        f"{found.refused:,} of them broken and refused; "
        f"{found.runs:,} runs beside them in two threads: {found.failed} failed, {found.mixed} "
        f"mixed two revisions. {found.cpu:.1f} ms CPU a reload. Memory {found.rss_before:.1f} MiB "
        f"after a tenth, {found.rss_after:.1f} MiB at the end."
    )
    growth = found.rss_after - found.rss_before
    return text, [
        Bar(f"failed or mixed runs in {found.reloads:,} reloads", 0, found.failed + found.mixed),
        Bar("memory grown meanwhile, MiB", 2, growth),
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
