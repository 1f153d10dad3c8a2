"""verifier-narrower-input: runs whose inputs the verifier refuses."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.schemas import max_chars, properties
from router.rules.signals import verifier_nodes
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    ours = compiled.task.input
    for verifier, node in verifier_nodes(compiled, facts):
        theirs = verifier.task.input
        if ours is None or theirs is None:
            continue
        given = properties(ours)
        for name, wanted in properties(theirs).items():
            if name not in given or name == "answer":
                continue
            most = max_chars(wanted, theirs.source)
            longest = max_chars(given[name], ours.source)
            if most is not None and (longest is None or longest > most):
                message = (
                    f"`{verifier.task.name}` refuses a `{name}` that this task takes: {most:,} "
                    f"characters, here {'without end' if longest is None else f'{longest:,}'}"
                )
                help_line = f"bound `{name}` alike in both tasks"
                yield RULE.at(node, message, help_line)


RULE = Rule(
    name="verifier-narrower-input",
    severity=Severity.WARNING,
    summary="A verifier takes an input only up to a length that the task's own goes beyond.",
    avoid=(
        "answer: {input: {properties: {question: {type: string, maxLength: 8000}}}, …}\n"
        "judge: {input: {properties: {question: {type: string, maxLength: 2000}}}, …}"
    ),
    prefer=(
        "answer: {input: {properties: {question: {type: string, maxLength: 8000}}}, …}\n"
        "judge: {input: {properties: {question: {type: string, maxLength: 8000}}}, …}"
    ),
    why=(
        "The verifier is given the inputs that have the names of its own. One that it refuses "
        "leaves the answer without a confidence, which counts as not confident: long runs climb "
        "to the top whatever they were answered."
    ),
    check=check,
)
