"""link_signals: confidence must come from something that the task really produces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from router.compiler.hints import name_hint
from router.compiler.model import (
    AgreementSignal,
    Confidence,
    FieldSignal,
    Signal,
    VerifierSignal,
)
from router.compiler.passes.work import Work
from router.compiler.schemas import CompiledSchema
from router.policy.nodes import Node

__all__ = ["Produced", "is_numeric", "link_signals", "produced"]


class Produced(NamedTuple):
    """Whether an output has a value under a path: `message` says why not."""

    schemas: tuple[Mapping[str, Any], ...] = ()
    message: str | None = None
    help: str | None = None


def produced(output: CompiledSchema | None, path: tuple[str, ...]) -> Produced:
    """What the output schema says of `output.a.b`, given ("a", "b")."""
    name = ".".join(("output", *path))
    if output is None:
        message = f"`{name}` does not exist: without an `output` schema the answer is plain text"
        return Produced(message=message)
    for length in range(1, len(path) + 1):
        if output.at(path[:length]):
            continue
        parent = ".".join(("output", *path[: length - 1]))
        declared = _declared(output.at(path[: length - 1]))
        message = f"the output schema never produces `{'.'.join(('output', *path[:length]))}`"
        hint = name_hint(path[length - 1], declared, f"`{parent}` has")
        return Produced(message=message, help=hint)
    return Produced(output.at(path))


def is_numeric(schemas: tuple[Mapping[str, Any], ...]) -> bool:
    """Whether a value under these schemas can be a number, and says so."""
    for schema in schemas:
        types = schema.get("type")
        if types in ("number", "integer"):
            return True
        if isinstance(types, list) and {"number", "integer"} & set(types):
            return True
        choices = schema.get("enum", [schema["const"]] if "const" in schema else [])
        if choices and all(type(choice) in (int, float) for choice in choices):
            return True
    return False


def link_signals(work: Work) -> None:
    """`confidence`, except that verifiers are linked once all tasks are known."""
    node = work.node.get("confidence")
    if node is None:
        _no_thresholds(work)
        return
    several = node.get("all")
    nodes = list(several.elements()) if several is not None else [node]
    signals = [signal for child in nodes for signal in _signal(work, child)]
    combine = node.get("combine")
    work.confidence = Confidence(tuple(signals), combine.value if combine is not None else "min")


def _no_thresholds(work: Work) -> None:
    tiers = work.node.get("tiers")
    for tier in tiers.elements() if tiers is not None else ():
        rules = tier.get("escalate")
        for rule in rules.elements() if rules is not None else ():
            below = rule.get("below")
            if below is not None:
                hint = "say under `confidence` where it comes from"
                message = "this task has no `confidence`: there is nothing to compare"
                work.say("unknown-signal", message, below, hint)
                return  # the other thresholds lack the same thing


def _signal(work: Work, node: Node) -> list[Signal]:
    field, agreement, verifier = node.get("field"), node.get("agreement"), node.get("verifier")
    if field is not None:
        path = _path(field)
        found = _check(work, field, path)
        if found is not None and not is_numeric(found.schemas):
            message = f"`{field.value}` is not a number in the output schema"
            work.say("unknown-signal", message, field, "write `type: number`")
        return [FieldSignal(path)]
    if agreement is not None:
        of, samples = agreement.get("of"), agreement.get("samples")
        if of is None or samples is None:
            return []
        _check(work, of, _path(of))
        return [AgreementSignal(int(samples.value), _path(of))]
    if verifier is not None:
        return [VerifierSignal(str(verifier.value))]
    return []


def _path(node: Node) -> tuple[str, ...]:
    return tuple(str(node.value).split(".")[1:])


def _check(work: Work, node: Node, path: tuple[str, ...]) -> Produced | None:
    """What the schema says of a path; None where it was reported or cannot be known."""
    if "output" in work.broken:
        return None
    found = produced(work.output, path)
    if found.message is not None:
        work.say("unknown-signal", found.message, node, found.help)
        return None
    return found


def _declared(schemas: tuple[Mapping[str, Any], ...]) -> list[str]:
    names: list[str] = []
    for schema in schemas:
        properties = schema.get("properties")
        if isinstance(properties, Mapping):
            names.extend(properties)
    return names
