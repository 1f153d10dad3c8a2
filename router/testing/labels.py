"""Labelled inputs and gates, held against the task: what no answer could ever make true is found
before an answer is paid for.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from router.compiler.model import Task
from router.engine.inputs import prepare_inputs
from router.errors import InputInvalid
from router.policy.findings import at_key, at_node, quoted
from router.policy.nodes import Node
from router.testing.expanding import RULE
from router.testing.expecting import bound
from router.testing.suite import Case
from router.types import Finding

__all__ = ["check_gates", "check_labels"]

_SHARES = ("accuracy", "worst_case", "escalation_rate")
# How a gate compares: what is good must be high enough, what costs must be low enough.
_SIGNS = {
    "accuracy": (">=", ">"),
    "worst_case": (">=", ">"),
    "escalation_rate": ("<=", "<"),
    "usd_per_run": ("<=", "<"),
}
# What is wrong with a part of an output whatever the rest of it is.
_OF_PARTS = {
    *("type", "enum", "const", "pattern", "format", "additionalProperties", "propertyNames"),
    *("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
    *("minLength", "maxLength", "minItems", "maxItems", "maxProperties"),
}


def check_gates(gates: Node) -> Iterator[Finding]:
    """Gates that nothing can pass, that everything passes, or that only bad answers do."""
    for name, node in gates.items():
        sign, limit = bound(node)
        if name in _SHARES and not 0 <= limit <= 1:
            message = f"{quoted(name)} is a share, between 0 and 1"
            yield at_node("bad-value", message, node, help='90 % is written ">= 0.9"')
        elif sign not in _SIGNS[name]:
            yield _other_way(name, limit, node)
        elif (sign == "<" and limit <= 0) or (name in _SHARES and sign == ">" and limit == 1):
            yield at_node("bad-value", f"{quoted(name)} is never {node.value}", node)
        elif (sign == ">=" and limit == 0) or (name in _SHARES and sign == "<=" and limit == 1):
            yield at_node("bad-value", f"{quoted(name)} is always {node.value}", node)


def _other_way(name: str, limit: Decimal, node: Node) -> Finding:
    """A gate that good answers miss and bad ones pass."""
    sign = _SIGNS[name][0]
    most = f"the {'least' if sign == '>=' else 'most'} it may be"
    message = f"the gate of {quoted(name)} says {most}, not `{node.value}`"
    return at_node("bad-value", message, node, help=f'write "{sign} {limit:f}"')


def check_labels(cases: tuple[Case, ...], task: Task) -> Iterator[Finding]:
    """Inputs that the task refuses, outputs that it never has, and labels that contradict."""
    seen: dict[str, Case] = {}
    for case in cases:
        expect = case.expect
        if expect is None or expect.get("error") is not None:
            continue
        try:
            inputs = prepare_inputs(task, case.inputs)
        except InputInvalid as error:
            for problem in error.problems:
                yield at_key(RULE, problem, case.node, "inputs")
            continue
        for problem in _never(expect, task):
            yield at_key(RULE, problem, case.node, "expect")
        first = seen.setdefault(json.dumps(inputs, sort_keys=True), case)
        if _label(first) != _label(case):
            message = f"the inputs of {first.name} again, with another output expected"
            yield at_key(RULE, message, case.node, "expect", help="keep one of the two")


def _never(expect: Node, task: Task) -> Iterator[str]:
    """Why the output that is expected is none that the task gives."""
    schema = task.output
    if schema is None or task.tools:  # text, or the words beside a tool call
        return
    exactly, stated = expect.get("exactly"), expect.get("output")
    if exactly is not None:
        for one in schema.problems(exactly.plain()):
            yield f"{_at('exactly', one.path)} {one.message}"
    if stated is not None and not _conditional(schema.source):
        for one in schema.problems(stated.plain()):
            if one.rule in _OF_PARTS:
                yield f"{_at('output', one.path)} {one.message}"


def _at(key: str, path: str) -> str:
    return quoted(f"{key}{'' if path.startswith('[') or not path else '.'}{path}")


def _conditional(schema: Any) -> bool:
    """Whether a rule may hold for one part of an output only where another part is so."""
    if isinstance(schema, Mapping):
        return "if" in schema or any(map(_conditional, schema.values()))
    return isinstance(schema, list) and any(map(_conditional, schema))


def _label(case: Case) -> Any:
    found = [case.expect.get(key) for key in ("output", "exactly")] if case.expect else []
    return [None if node is None else node.plain() for node in found]
