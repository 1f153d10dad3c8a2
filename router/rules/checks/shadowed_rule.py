"""shadowed-rule: an earlier rule has always decided already."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.compiler.compilation import CompiledTask
from router.compiler.model import Condition
from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_Written = tuple[float | None, Condition | None, Node]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    node = compiled.node
    starts: list[_Written] = [
        (None, rule.when, node.at("start", index, "when") or node)
        for index, rule in enumerate(compiled.task.start)
    ]
    yield from _shadowed(starts)
    for tier, place in tier_nodes(compiled):
        if len(tier.escalate) < 2:
            continue
        rules: list[_Written] = []
        for index, rule in enumerate(tier.escalate):
            key = "below" if rule.when is None else "when"
            rules.append((rule.below, rule.when, place.at("escalate", index, key) or place))
        yield from _shadowed(rules)


def _shadowed(rules: Sequence[_Written]) -> Iterator[Finding]:
    for index, later in enumerate(rules):
        for earlier in rules[:index]:
            if _covers(earlier, later):
                message = f"the rule on line {earlier[2].span.line} holds whenever this one does"
                yield RULE.at(later[2], message, "the first rule that holds decides: reorder them")
                break


def _covers(earlier: _Written, later: _Written) -> bool:
    if earlier[0] is not None and later[0] is not None:
        return later[0] <= earlier[0]
    first, second = earlier[1], later[1]
    if first is None:
        return False
    if not first.names and first.holds({}):
        return True
    return second is not None and " ".join(first.source.split()) == " ".join(second.source.split())


RULE = Rule(
    name="shadowed-rule",
    severity=Severity.WARNING,
    summary="A start or escalation rule can never decide, because an earlier one covers it.",
    avoid="escalate: [{below: 0.8}, {below: 0.5, to: opus}]",
    prefer="escalate: [{below: 0.5, to: opus}, {below: 0.8}]",
    why="The first rule that holds decides. The later one is dead, and the policy reads otherwise.",
    configure="Put the narrower rule first, or remove it.",
    check=check,
)
