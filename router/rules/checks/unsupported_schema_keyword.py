"""unsupported-schema-keyword: what the API leaves to us."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.compilation import CompiledTask
from router.compiler.model import FieldSignal, Task
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check"]

_SHOWN = 8


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    output = compiled.task.output
    if output is None or not output.removed:
        return
    if output.wire is None:
        message = f"no schema is sent, the API would enforce nothing of it: {output.removed[0]}"
        help_line = "the prompt has to ask for JSON; an answer that is none is paid for"
        yield RULE.at(compiled.node, message, help_line, key="output", severity=Severity.WARNING)
        return
    removed = [one for one in output.removed if one not in _of_confidence(compiled.task)]
    if not removed:
        return
    more = f" and {len(removed) - _SHOWN} more" if len(removed) > _SHOWN else ""
    message = f"enforced on the reply, not by the API: {', '.join(removed[:_SHOWN])}{more}"
    help_line = "an answer that breaks these is paid for, and escalates"
    yield RULE.at(compiled.node, message, help_line, key="output")


def _of_confidence(task: Task) -> frozenset[str]:
    """The range of what states a confidence: it is 0 to 1 for every threshold, written or not."""
    signals = task.confidence.signals if task.confidence is not None else ()
    fields = {".".join(one.path) for one in signals if isinstance(one, FieldSignal)}
    fields.add("confidence")  # what a verifier is asked for
    return frozenset(f"{name}: {key}" for name in fields for key in ("minimum", "maximum"))


RULE = Rule(
    name="unsupported-schema-keyword",
    severity=Severity.INFO,
    summary="The output schema uses keywords that structured outputs cannot enforce.",
    avoid="explanation: {type: string, maxLength: 300}   # and no word of it in the prompt",
    prefer='explanation: {type: string, maxLength: 300}\nuser: "… Explain in thirty words."',
    why=(
        "The API refuses ranges, lengths and some patterns in a schema. They are left out of "
        "what is sent and enforced on the reply, so the model has to learn of them from the prompt."
        " Where nothing of a schema can be sent, as of a recursive one, the finding is a warning."
    ),
    configure=(
        "Nothing to do where the prompt states the limits; an `enum` is enforced by the API. The "
        "range of a confidence is no finding: it is the same everywhere."
    ),
    check=check,
)
