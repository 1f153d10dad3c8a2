"""link_verifiers: tasks that judge other tasks, once all tasks are known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

from router.compiler.compilation import CompiledTask
from router.compiler.hints import name_hint
from router.compiler.model import Task, VerifierSignal
from router.compiler.passes.signals import is_numeric, produced
from router.compiler.schemas import CompiledSchema
from router.policy.findings import at_node
from router.policy.nodes import Node
from router.types import Finding

__all__ = ["link_verifiers", "verifiers_of"]

_RULE = "unknown-signal"
_ANSWER = "answer"


def verifiers_of(task: Task) -> tuple[str, ...]:
    """The tasks that judge a task's answers."""
    if task.confidence is None:
        return ()
    return tuple(s.task for s in task.confidence.signals if isinstance(s, VerifierSignal))


def link_verifiers(
    tasks: Mapping[str, CompiledTask], broken: frozenset[str]
) -> Iterator[tuple[str, Finding]]:
    """Findings by task. `broken` are tasks that exist and do not link: those are not judged."""
    for name, compiled in tasks.items():
        for node in _nodes(compiled):
            verifier = str(node.value)
            if verifier in broken:
                continue
            other = tasks.get(verifier)
            if other is None:
                hint = name_hint(verifier, tasks, "tasks")
                yield name, at_node(_RULE, f"there is no task `{verifier}`", node, help=hint)
            elif _circular(name, tasks):
                message = f"`{verifier}` is verified, in a circle, by `{name}`"
                yield name, at_node(_RULE, message, node)
            else:
                for message in _unfit(compiled.task, other.task):
                    yield name, at_node(_RULE, message, node)


def _nodes(compiled: CompiledTask) -> Iterator[Node]:
    if not verifiers_of(compiled.task):
        return
    confidence = compiled.node.get("confidence")
    several = confidence.get("all") if confidence is not None else None
    for node in several.elements() if several is not None else (confidence,):
        verifier = node.get("verifier") if node is not None else None
        if verifier is not None:
            yield verifier


def _circular(start: str, tasks: Mapping[str, CompiledTask]) -> bool:
    seen: set[str] = set()
    pending = [start]
    while pending:
        for name in verifiers_of(tasks[pending.pop()].task):
            if name == start:
                return True
            if name in tasks and name not in seen:
                seen.add(name)
                pending.append(name)
    return False


def _unfit(task: Task, verifier: Task) -> Iterator[str]:
    """Why a task cannot judge another's answers."""
    output = cast("CompiledSchema | None", verifier.output)
    found = produced(output, ("confidence",))
    if found.message is not None or not is_numeric(found.schemas):
        yield f"`{verifier.name}` gives no verdict: its output has no numeric `confidence`"
    wanted = cast("CompiledSchema | None", verifier.input)
    if wanted is None:
        return
    ours = cast("CompiledSchema | None", task.input)
    given = (ours.always if ours is not None else frozenset()) | {_ANSWER}
    # What has a default there need not come from here.
    missing = sorted(frozenset(wanted.source.get("required", ())) - given - wanted.defaults.keys())
    if missing:
        names = ", ".join(f"`{name}`" for name in missing)
        yield f"`{verifier.name}` requires {names}, which this task does not always have"
