"""Reload under load: runs go on in threads while the policies change, each second edit broken.

    python -m bench.reload [RELOADS]

Each good edit writes the same number into the system prompt and into `max_tokens`; a request in
which they differ was made from two revisions. A run must never fail, and memory must not grow.
"""

from __future__ import annotations

import logging
import re
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.workload import Stub
from router.claude.transport import WireReply, WireRequest
from router.errors import PolicyError, RouterError
from router.ledger.base import NullLedger
from router.router import Router

__all__ = ["Reloaded", "measure"]

_POLICY = """
version: 1
tasks:
  ticket:
    input:
      type: object
      required: [message]
      properties: {{message: {{type: string, maxLength: 99}}}}
    prompt:
      system: [{{file: system.md.j2}}]
      user: '{{{{ message | tag("message") }}}}'
    tiers: [{{model: claude-haiku-5-5, max_tokens: {number}, thinking: disabled}}]
"""
_BROKEN = (
    _POLICY + "    colour: blue\n",  # an unknown key
    _POLICY.replace("claude-haiku-5-5", "claude-nobody-9"),
    _POLICY[: len(_POLICY) // 2],  # caught half-written
    _POLICY + "\ttab: [\n",  # no YAML
)


@dataclass(frozen=True, slots=True)
class Reloaded:
    reloads: int
    refused: int
    runs: int
    failed: int
    mixed: int
    cpu: float  # milliseconds a reload, the runs beside it not counted
    rss_before: float  # MiB, after the first tenth
    rss_after: float


class _Watching(Stub):
    """Answers, and looks whether a request was made from one revision."""

    def __init__(self) -> None:
        super().__init__()
        self.mixed = 0

    def send(self, request: WireRequest) -> WireReply:
        body: Any = request.body
        said = re.search(r"revision (\d+)", body["system"][0]["text"])
        if said is None or int(said[1]) != body["max_tokens"]:
            self.mixed += 1
        return self._reply


def measure(reloads: int = 500, *, readers: int = 2) -> Reloaded:
    stub, stop = _Watching(), threading.Event()
    runs, failed = [0] * readers, [0] * readers
    refused, cpu, before = 0, 0.0, 0.0
    log = logging.getLogger("router.reload")
    level = log.level
    log.setLevel(logging.CRITICAL)  # each refusal is told there
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        _write(root, _POLICY, 1000)
        with Router(root, ledger=NullLedger(), transport=stub) as router:

            def read(reader: int) -> None:
                while not stop.is_set():
                    try:
                        router.run("ticket", {"message": "hello"})
                    except RouterError:
                        failed[reader] += 1
                    runs[reader] += 1

            threads = [threading.Thread(target=read, args=(n,)) for n in range(readers)]
            for thread in threads:
                thread.start()
            try:
                for number in range(reloads):
                    good = number % 2 == 0
                    text = _POLICY if good else _BROKEN[number // 2 % len(_BROKEN)]
                    _write(root, text, 1001 + number)
                    began = time.thread_time()
                    try:
                        router.reload()
                    except PolicyError:
                        refused += 1
                        if good:
                            raise
                    cpu += time.thread_time() - began
                    if number == reloads // 10:
                        before = _rss()
            finally:
                stop.set()
                log.setLevel(level)
                for thread in threads:
                    thread.join()
            after = _rss()
    return Reloaded(
        reloads, refused, sum(runs), sum(failed), stub.mixed, cpu / reloads * 1e3, before, after
    )


def _write(root: Path, policy: str, number: int) -> None:
    # The prompt first: what is on disk between the two writes is read by nobody, as it is this
    # thread that reloads.
    (root / "system.md.j2").write_text(f"This is revision {number} of the prompt.")
    (root / "p.yaml").write_text(policy.format(number=number))


def _rss() -> float:
    """Resident memory now, in MiB; 0 where the system does not say."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        return 0.0
    return pages * 4096 / 2**20


if __name__ == "__main__":
    print(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 500))
