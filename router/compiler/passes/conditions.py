"""compile_conditions: every `when`, against the names and the output that exist."""

from __future__ import annotations

import re
from collections.abc import Iterator

from router.compiler.conditions import compile_condition
from router.compiler.evaluation import Expression
from router.compiler.passes.signals import produced
from router.compiler.passes.work import Work
from router.compiler.places_in_policy import finding_in_node
from router.compiler.problems import Problem, Refused
from router.policy.nodes import Node

__all__ = ["compile_conditions"]

_RUN_NAMES = frozenset({"output", "confidence", "tier", "stop_reason"})


def compile_conditions(work: Work) -> None:
    """Conditions of start rules see the inputs; those of escalation rules the answer as well."""
    inputs = work.inputs
    for node in _whens(work.node.get("start")):
        _compile(work, node, inputs, started=False)
    tiers = work.node.get("tiers")
    for tier in tiers.elements() if tiers is not None else ():
        for node in _whens(tier.get("escalate")):
            _compile(work, node, inputs, started=True)


def _whens(rules: Node | None) -> Iterator[Node]:
    for rule in rules.elements() if rules is not None else ():
        when = rule.get("when")
        if when is not None:
            yield when


def _compile(work: Work, node: Node, inputs: frozenset[str] | None, *, started: bool) -> None:
    source = str(node.value)
    names = (inputs or frozenset()) | (_RUN_NAMES if started else frozenset())
    try:
        # Where the inputs are unknown any name may be one; the syntax is checked all the same.
        expression = compile_condition(source, None if inputs is None else names)
    except Refused as refused:
        work.findings += [finding_in_node(node, problem) for problem in refused.problems]
        return
    problems = list(_clashes(expression, inputs or frozenset())) if started else []
    if started:
        problems += _unknown_signals(work, expression)
    if problems:
        work.findings += [finding_in_node(node, problem) for problem in problems]
        return
    work.conditions[id(node)] = expression


def _clashes(expression: Expression, inputs: frozenset[str]) -> Iterator[Problem]:
    for name in sorted(expression.names & inputs & _RUN_NAMES):
        message = f"`{name}` is an input of this task and a name of the run: it could mean either"
        yield _at(expression, name, "condition-unknown-name", message, "rename the input")


def _unknown_signals(work: Work, expression: Expression) -> Iterator[Problem]:
    if "confidence" in expression.names and work.node.get("confidence") is None:
        message = "this task has no `confidence`: there is nothing to compare"
        yield _at(expression, "confidence", "unknown-signal", message)
    if "output" in work.broken:
        return
    for path in sorted(expression.paths):
        if path[0] == "output":
            found = produced(work.output, path[1:])
            if found.message is not None:
                place = ".".join(path)
                yield _at(expression, place, "unknown-signal", found.message, found.help)


def _at(
    expression: Expression, what: str, rule: str, message: str, help_: str | None = None
) -> Problem:
    found = re.search(rf"(?<![\w.]){re.escape(what)}(?!\w)", expression.source)
    start, end = found.span() if found else (0, max(1, len(expression.source.split("\n")[0])))
    line = expression.source.count("\n", 0, start) + 1
    first = start - (expression.source.rfind("\n", 0, start) + 1) + 1
    return Problem(rule, message, line, first, first + end - start, help_)
