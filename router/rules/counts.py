"""What to ask the API's token counter about a task, and where an answer belongs.

Rules do no I/O: they say what they would like to know, somebody asks, and the answers come in as
`Facts.counted`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from router.catalog.models import Model
from router.compiler.compilation import CompiledTask
from router.errors import UsageError
from router.hashing import blake2b
from router.rules.prompts import Part, parts

__all__ = ["NOTHING_COUNTED", "Counted", "Question", "counted_prefixes", "questions"]

Counted = Mapping[str, int]
"""The API's answers by `Question.key`."""

NOTHING_COUNTED: Final[Counted] = MappingProxyType({})
_WORD = {"type": "text", "text": "x"}


class Question(NamedTuple):
    """A constant prefix whose tokens the API can be asked for."""

    model: str
    prefix: Mapping[str, list[Any]]  # `tools`, `system` and the user's `content`

    @property
    def key(self) -> str:
        """By which `Counted` has the answer."""
        text = json.dumps(self.prefix, sort_keys=True, default=str)
        return f"{self.model} {blake2b(text.encode(), digest_size=16).hexdigest()}"

    @property
    def body(self) -> Mapping[str, Any]:
        """A request with the prefix; it needs a message, so it ends with one of its own."""
        head = {name: self.prefix[name] for name in ("tools", "system") if name in self.prefix}
        content = [*self.prefix.get("content", ()), _WORD]
        return {"model": self.model, **head, "messages": [{"role": "user", "content": content}]}

    @property
    def bare(self) -> Mapping[str, Any]:
        """The same request without the prefix."""
        return {"model": self.model, "messages": [{"role": "user", "content": [_WORD]}]}


def questions(compiled: CompiledTask, model: Model) -> dict[int, Question]:
    """The prefixes that no input decides, by the index of the part that each ends with.

    Up to each breakpoint, and all that is constant before the first part that is not.
    """
    asked: dict[int, Question] = {}
    prefix: dict[str, list[Any]] = {}
    last: int | None = None
    for index, (part, sent) in enumerate(_head(compiled)):
        name = {"tool": "tools", "system": "system"}.get(part.kind, "content")
        prefix.setdefault(name, []).extend(sent)
        last = index
        if part.cache is not None:
            asked[index] = _question(model, prefix)
    if last is not None:
        asked[last] = _question(model, prefix)
    return asked


def counted_prefixes(compiled: CompiledTask, model: Model, counted: Counted) -> dict[int, int]:
    """The answers that are there, by the index of the part that each prefix ends with."""
    if not counted:
        return {}
    asked = questions(compiled, model)
    return {index: counted[one.key] for index, one in asked.items() if one.key in counted}


def _question(model: Model, prefix: Mapping[str, list[Any]]) -> Question:
    return Question(model.id, {name: list(blocks) for name, blocks in prefix.items() if blocks})


def _head(compiled: CompiledTask) -> Iterator[tuple[Part, list[Any]]]:
    """The constant parts before the first that is not, and what is sent of each."""
    for part in parts(compiled):
        if part.kind == "tool":
            yield part, [{key: one for key, one in part.tool.items() if key != "cache_control"}]
        elif part.block is not None and part.block.static is not None:
            yield part, [{"type": part.block.kind, "source": part.block.static}]
        elif part.template is not None and part.template.constant:
            try:
                text = part.template.render({})
            except UsageError:  # the first run will say so
                return
            yield part, [{"type": "text", "text": text}] if text.strip() else []
        else:
            return
