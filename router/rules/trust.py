"""Text that the policy does not trust, and where it comes into the prompt."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Literal

from router.compiler.compilation import CompiledTask
from router.policy.nodes import SourceText
from router.rules.prompts import CheckedTemplate, Part, parts
from router.rules.schemas import free_text, properties
from router.rules.text_places import name_place
from router.types import Span

__all__ = ["untrusted_text"]


def untrusted_text(
    compiled: CompiledTask,
    kind: Literal["system", "user"],
    names: Callable[[CheckedTemplate], frozenset[str]],
) -> Iterator[tuple[str, Part, tuple[SourceText, Span]]]:
    """Untrusted inputs of free text among `names` of each template of a kind, and their places."""
    task = compiled.task
    if task.input is None:
        return
    declared = properties(task.input)
    for part in parts(compiled):
        template = part.template if part.kind == kind else None
        if template is None:
            continue
        for name in sorted(names(template) - task.trusted):
            if free_text(declared.get(name), task.input.source):
                place = name_place(part, template, name, untagged=kind == "user")
                yield name, part, place
