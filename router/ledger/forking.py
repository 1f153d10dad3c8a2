"""What a fork must not carry over.

SQLite's locks belong to a process, but its memory of which locks it holds is copied by a fork:
a connection that is open in that moment endangers the database even if the child never touches
it, or opens one of its own (sqlite.org/howtocorrupt, 2.6). So every connection is closed before a
fork and opened again when it is next needed, on either side.

`subprocess` starts programs without this hook, and needs none: its children run no Python of ours.
"""

from __future__ import annotations

import os
import threading
import weakref
from typing import Protocol

__all__ = ["Forkable", "opening", "watch"]

opening = threading.Lock()
"""Held while a connection is being opened, and by a fork."""


class Forkable(Protocol):
    def before_fork(self) -> None:
        """Close connections and keep everybody off until one of the other two is called."""
        ...

    def after_fork_in_parent(self) -> None: ...

    def after_fork_in_child(self) -> None:
        """Begin anew: threads are gone, locks are as they were, what waited is the parent's."""
        ...


_watched: weakref.WeakSet[Forkable] = weakref.WeakSet()
_paused: list[Forkable] = []
_forking = threading.Lock()


def watch(forkable: Forkable) -> None:
    """Call `forkable` around every fork, as long as it lives."""
    _watched.add(forkable)


def _before() -> None:
    _forking.acquire()
    _paused.extend(_watched)
    for forkable in _paused:
        forkable.before_fork()
    opening.acquire()  # last: who leads a line may be waiting for it


def _in_parent() -> None:
    opening.release()
    while _paused:
        _paused.pop().after_fork_in_parent()
    _forking.release()


def _in_child() -> None:
    opening.release()
    while _paused:
        _paused.pop().after_fork_in_child()
    _forking.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_in_parent, after_in_child=_in_child)
