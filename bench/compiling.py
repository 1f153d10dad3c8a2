"""Compile many policies, cold, beside reading the same files by the fastest YAML parser there is.

Each measurement is a process of its own, so that nothing is warm but the imports. `judge` is the
whole way of a load: read, check the shape, compile templates, schemas and conditions, apply every
rule that can refuse. The other side reads the same policy files from the same disk and gives them
to `yaml.CSafeLoader`; what it makes of them is thrown away.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.child import child
from bench.policy_corpus import corpus, policy

__all__ = ["Compiled", "measure"]


@dataclass(frozen=True, slots=True)
class Compiled:
    """Seconds of CPU, the least of all rounds; ratios are medians of one round's."""

    policies: int
    cold: float
    loader: float  # CSafeLoader alone
    ratio: float
    changed: float  # one file changed, the others known
    share: float  # of the cold compile
    reading: float  # of all files from disk: most of what a change costs


def measure(count: int, *, rounds: int = 3) -> Compiled:
    with tempfile.TemporaryDirectory() as folder:
        for path, text in corpus(count).items():
            target = Path(folder) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            os.utime(target, (1e9, 1e9))  # files of a running service have been there for a while
        ours, theirs = [], []
        for _ in range(rounds):
            theirs.append(json.loads(child(["-m", "bench.compiling", "yaml", folder]).out))
            ours.append(json.loads(child(["-m", "bench.compiling", "judge", folder]).out))
    return Compiled(
        count,
        min(cold for cold, _, _ in ours),
        min(theirs),
        median(cold / other for (cold, _, _), other in zip(ours, theirs, strict=True)),
        min(changed for _, changed, _ in ours),
        median(changed / cold for cold, changed, _ in ours),
        min(reading for _, _, reading in ours),
    )


def _read_yaml(root: Path) -> float:
    import yaml

    def load() -> None:
        for path in sorted(root.glob("*.yaml")):
            yaml.load(path.read_bytes(), yaml.CSafeLoader)

    return _cpu(load)


def _judge(root: Path) -> tuple[float, float, float]:
    from datetime import UTC, datetime

    from router.catalog import load_catalog
    from router.policy.sources import MemorySources
    from router.reloading.sources import DirectorySources
    from router.rules.judge import JudgeCache, judge

    catalog, today, cache = load_catalog(), datetime.now(UTC).date(), JudgeCache()
    # What is imported on first use is no part of compiling a thousand policies.
    judge(MemorySources(corpus(1)), catalog, today=today)

    reading: DirectorySources | None = None

    def load() -> None:
        nonlocal reading
        reading = DirectorySources(root, before=reading)  # as a service's reload reads
        judged = judge(reading, catalog, today=today, cache=cache)
        if judged.policy_set is None:
            raise AssertionError(judged.findings[:3])

    cold = _cpu(load)
    first = min(root.glob("*.yaml"))
    changed = []
    for below in (71, 72, 73):
        first.write_text(policy(0, below=below), encoding="utf-8")
        changed.append(_cpu(load))
    first.write_text(policy(0), encoding="utf-8")

    files = list(corpus(len(DirectorySources(root).policy_files())))

    def read() -> None:
        sources = DirectorySources(root)
        for path in files:
            sources.read(path)

    return cold, min(changed), _cpu(read)


def _cpu(work: Callable[[], None]) -> float:
    began = time.process_time()
    work()
    return time.process_time() - began


if __name__ == "__main__":
    if len(sys.argv) == 3:
        way, root = sys.argv[1], Path(sys.argv[2])
        print(json.dumps(_read_yaml(root) if way == "yaml" else _judge(root)))
    else:
        for count in (10, 100, 1000):
            print(measure(count, rounds=2))
