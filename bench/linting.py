"""`router lint` from the shell: many policies beside reading them, one beside an idle interpreter.

Whole processes on every side, start and end included; those that are compared run in turns.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.child import child
from bench.policy_corpus import corpus

__all__ = ["Linting", "measure"]

_READ = """
import sys, yaml
from pathlib import Path
for path in sorted(Path(sys.argv[1]).glob("*.yaml")):
    yaml.load(path.read_bytes(), yaml.CSafeLoader)
"""


@dataclass(frozen=True, slots=True)
class Linting:
    """Seconds of CPU, medians; ratios are medians of one round's."""

    policies: int
    many: float  # router lint of all of them
    reading: float  # CSafeLoader over the same files
    many_ratio: float
    one: float  # router lint of one
    idle: float  # python -c pass
    one_ratio: float


def measure(count: int = 1_000, *, rounds: int = 9) -> Linting:
    with tempfile.TemporaryDirectory() as folder:
        many, one, bytecode = (str(Path(folder, name)) for name in ("many", "one", "bytecode"))
        _write(Path(many), count)
        _write(Path(one), 1)
        lint = ["-m", "router", "lint", "--format", "text"]
        pairs = [
            _pairs([*lint, many], ["-c", _READ, many], max(1, rounds // 3), bytecode),
            _pairs([*lint, one], ["-c", "pass"], rounds, bytecode),
        ]
    figures = []
    for pair in pairs:
        ours, theirs = zip(*pair, strict=True)
        figures += [median(ours), median(theirs), median(a / b for a, b in pair)]
    return Linting(count, *figures)


def _pairs(
    ours: Sequence[str], theirs: Sequence[str], rounds: int, bytecode: str
) -> list[tuple[float, float]]:
    for arguments in (ours, theirs):
        child(arguments, bytecode=bytecode)  # so that bytecode is there, as of an installed package
    return [
        (child(ours, bytecode=bytecode).cpu, child(theirs, bytecode=bytecode).cpu)
        for _ in range(rounds)
    ]


def _write(root: Path, count: int) -> None:
    for path, text in corpus(count).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    found = measure(rounds=int(sys.argv[1]) if len(sys.argv) > 1 else 9)
    print(
        f"{found.policies:,} policies: {found.many * 1e3:,.0f} ms; CSafeLoader: "
        f"{found.reading * 1e3:,.0f} ms; ratio {found.many_ratio:.2f}, at most 4"
    )
    print(
        f"one policy: {found.one * 1e3:,.0f} ms; python -c pass: {found.idle * 1e3:,.1f} ms; "
        f"ratio {found.one_ratio:.2f}, at most 8"
    )
