"""What compiling gives: tasks beside the nodes they came from, and every finding on the way."""

from __future__ import annotations

from typing import NamedTuple

from router.compiler.model import PolicySet, Task
from router.policy.nodes import Node
from router.types import Finding

__all__ = ["Compilation", "CompiledTask"]


class CompiledTask(NamedTuple):
    """A task that links: every name resolved, every template, condition and schema checked."""

    task: Task
    node: Node  # the resolved task map, for places
    name: Node  # the task's key
    file: str


class Compilation(NamedTuple):
    """`policy_set` is None as soon as one finding is an error.

    `tasks` holds those that link even where others do not, so that rules can still speak about
    them; a task that does not link is left out, which keeps follow-up noise away.
    """

    policy_set: PolicySet | None
    tasks: tuple[CompiledTask, ...]
    findings: tuple[Finding, ...]
