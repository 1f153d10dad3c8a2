"""The prompt as rules look at it: its parts in the order in which they are sent and cached."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Literal, NamedTuple, Protocol, TypeVar, cast

from router.compiler.compilation import CompiledTask
from router.compiler.model import Block, Template, Ttl
from router.policy.nodes import Node

__all__ = ["CheckedTemplate", "Part", "forget", "media_inputs", "once", "parts", "template_of"]

_PREFIX = "rules:"

Made = TypeVar("Made")


class CheckedTemplate(Template, Protocol):
    """What the compiler's templates know beside what the engine needs."""

    file: str | None  # the file that the text is in; None for text within the policy
    files: tuple[str, ...]  # included files
    untagged: frozenset[str]  # inputs whose text may reach the prompt without `tag`
    unguarded: frozenset[str]  # inputs that must be given, or rendering fails


class Part(NamedTuple):
    """One part of the request and the node that it is written at."""

    kind: Literal["tool", "system", "messages", "user"]
    node: Node
    cache: Ttl | None
    block: Block | None = None  # system and user
    tool: Any = None

    @property
    def template(self) -> CheckedTemplate | None:
        """The template of a text part; None for media, tools and turns."""
        block = self.block
        return template_of(block) if block is not None and block.kind == "text" else None


def template_of(block: Block) -> CheckedTemplate | None:
    """A block's template; also that of a document's inline text."""
    return cast("CheckedTemplate | None", block.template)


def parts(compiled: CompiledTask) -> tuple[Part, ...]:
    """Tools, system, turns, user: the order of the cached prefix."""
    return once(compiled, "parts", lambda: tuple(_parts(compiled)))


def once(compiled: CompiledTask, what: str, make: Callable[[], Made]) -> Made:
    """What several rules need of a task, made by the first of them."""
    memo, key = compiled.task.memo, _PREFIX + what
    if key not in memo:
        memo[key] = make()
    return cast("Made", memo[key])


def forget(compiled: CompiledTask) -> None:
    """Drops what rules have kept on the task: a served task needs no places."""
    memo = compiled.task.memo
    for key in [key for key in memo if key.startswith(_PREFIX)] if memo else ():
        del memo[key]


def media_inputs(compiled: CompiledTask) -> frozenset[str]:
    """Inputs that are images, documents or turns: no text to wrap, and no text to measure."""
    prompt = compiled.task.prompt
    names = {block.input for block in (*prompt.system, *prompt.user) if block.input is not None}
    if prompt.messages is not None:
        names.add(prompt.messages.input)
    return frozenset(names)


def _parts(compiled: CompiledTask) -> Iterator[Part]:
    task, node = compiled.task, compiled.node
    tools = node.get("tools")
    for index, tool in enumerate(task.tools):
        control = tool.get("cache_control")
        ttl: Ttl | None = None
        if control is not None:
            ttl = "1h" if control.get("ttl") == "1h" else "5m"
        place = tools.at(index) if tools is not None else None
        yield Part("tool", place or node, ttl, tool=tool)
    prompt = node.get("prompt") or node
    yield from _blocks("system", task.prompt.system, prompt)
    turns = task.prompt.messages
    if turns is not None:
        yield Part("messages", prompt.get("messages") or prompt, turns.cache)
    yield from _blocks("user", task.prompt.user, prompt)


def _blocks(
    kind: Literal["system", "user"], blocks: tuple[Block, ...], prompt: Node
) -> Iterator[Part]:
    written = prompt.get(kind) or prompt
    for index, block in enumerate(blocks):
        yield Part(kind, written.at(index) or written, block.cache, block)
