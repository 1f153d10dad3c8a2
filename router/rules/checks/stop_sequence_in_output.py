"""stop-sequence-in-output: a text that ends the answer in the middle of its JSON."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.policy.edits import delete_entry, fix, is_own
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    if compiled.task.output is None:
        return
    for tier, node in tier_nodes(compiled):
        if tier.stop_sequences:
            message = "the answer is JSON: where it contains one of these it is cut off there"
            place = node.get("stop_sequences") or node
            remedy = None
            if is_own(place, compiled.node):
                edits = delete_entry(node, "stop_sequences")
                remedy = fix("remove `stop_sequences`", edits, safe=False)
            help_line = "remove them: the schema says where the answer ends"
            yield RULE.at(place, message, help_line, fix=remedy)


RULE = Rule(
    name="stop-sequence-in-output",
    severity=Severity.WARNING,
    summary="A tier has `stop_sequences` though the task has an `output` schema.",
    avoid='output: {…}\ntiers: [{model: haiku, max_tokens: 512, stop_sequences: ["."]}]',
    prefer="output: {…}\ntiers: [{model: haiku, max_tokens: 512}]",
    why=(
        "A sequence that occurs in the text of a field ends the answer there. What is left is no "
        "JSON: the event `invalid_output`, paid for, and the next tier is asked with the same."
    ),
    mends="unsafe",
    check=check,
)
