"""How far a map has come: a bar on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import os
import time
from typing import Any, TextIO

__all__ = ["MapProgress"]

_EVERY = 10.0  # seconds between lines


class MapProgress:
    """Shows rows done of `total` on `stream` until closed."""

    def __init__(self, stream: TextIO, total: int, done: int) -> None:
        self._stream = stream
        self._total = total
        self._done = done
        self._said = time.monotonic()
        self._bar: Any = None
        if stream.isatty() and os.environ.get("TERM") != "dumb":
            self._bar, self._task = _bar(stream, total, done)

    def advance(self, failed: int, cost: str) -> None:
        """One row more; `failed` and `cost` are the sums so far."""
        self._done += 1
        note = f"{failed} failed, {cost} USD" if failed else f"{cost} USD"
        if self._bar is not None:
            self._bar.update(self._task, advance=1, note=note)
        elif time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            self._stream.write(f"{self._done}/{self._total} rows, {note}\n")
            self._stream.flush()

    def say(self, text: str) -> None:
        """A line of its own, above the bar."""
        if self._bar is not None:
            self._bar.console.print(text, markup=False, highlight=False)
        else:
            self._stream.write(text + "\n")
            self._stream.flush()

    def close(self) -> None:
        if self._bar is not None:
            self._bar.stop()


def _bar(stream: TextIO, total: int, done: int) -> Any:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeRemainingColumn,
    )

    bar = Progress(
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TextColumn("{task.fields[note]}"),
        TimeRemainingColumn(),
        console=Console(file=stream),
    )
    task = bar.add_task("map", total=total, completed=done, note="")
    bar.start()
    return bar, task
