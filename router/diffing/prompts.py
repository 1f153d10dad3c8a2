"""The prompt before and after: which block says something else, and what."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from typing import Any, Literal

from router.compiler.model import Block, Task
from router.diffing.changes import Breaks, Change, Kind
from router.diffing.texts import Key, Read, bare, block_key, block_text, canonical, short_diff
from router.rules.prompts import template_of

__all__ = ["prompt_changes", "tool_changes"]


def prompt_changes(old: Task, new: Task, read_old: Read, read_new: Read) -> Iterator[Change]:
    """Blocks of the system and the user prompt, and where the turns come from."""
    for part in ("system", "user"):
        before, after = getattr(old.prompt, part), getattr(new.prompt, part)
        yield from _Blocks(part, before, after, read_old, read_new).changes()
    was, now = old.prompt.messages, new.prompt.messages
    if (was and was.input) != (now and now.input):
        before, after = (f"`{one.input}`" if one else "none" for one in (was, now))
        yield Change(Kind.PROMPT, "messages", f"conversation given by {before} → {after}")
    elif was and now and was.cache != now.cache:
        said = f"breakpoint {was.cache or 'none'} → {now.cache or 'none'}"
        yield Change(Kind.CACHE, "messages", said)


class _Blocks:
    """The blocks of one part, each with what it sends."""

    def __init__(
        self,
        part: Literal["system", "user"],
        old: Sequence[Block],
        new: Sequence[Block],
        read_old: Read,
        read_new: Read,
    ) -> None:
        self._part = part
        self._old, self._new = old, new
        self._read_old, self._read_new = read_old, read_new

    def changes(self) -> Iterator[Change]:
        before: list[Key] = [block_key(block, self._read_old) for block in self._old]
        after: list[Key] = [block_key(block, self._read_new) for block in self._new]
        matcher = difflib.SequenceMatcher(None, before, after, autojunk=False)
        for kind, a, b, c, d in matcher.get_opcodes():
            if kind == "equal":
                for step in range(b - a):
                    yield from self._breakpoint(a + step, c + step)
                continue
            both = min(b - a, d - c)
            for step in range(both):
                yield self._changed(a + step, c + step)
                yield from self._breakpoint(a + step, c + step)
            for index in range(a + both, b):
                text = block_text(self._old[index], self._read_old)
                said = f"block removed: {_size(text)}"
                yield Change(Kind.PROMPT, self._name(index), said, diff=short_diff(text, ""))
            for index in range(c + both, d):
                text = block_text(self._new[index], self._read_new)
                said = f"block added: {_size(text)}"
                yield Change(
                    Kind.PROMPT, self._name(index, new=True), said, diff=short_diff("", text)
                )

    def _changed(self, old: int, new: int) -> Change:
        one, other = self._old[old], self._new[new]
        before, after = block_text(one, self._read_old), block_text(other, self._read_new)
        diff = short_diff(before, after)
        beside = [
            name
            for name in ("kind", "title", "context", "citations")
            if getattr(one, name) != getattr(other, name)
        ]
        said = "text changed" if diff else "changed"
        if beside:
            said = f"{', '.join(beside)} changed" + (", text too" if diff else "")
        return Change(Kind.PROMPT, self._name(new, new=True), said, diff=diff)

    def _breakpoint(self, old: int, new: int) -> Iterator[Change]:
        before, after = self._old[old].cache, self._new[new].cache
        if before != after:
            said = f"breakpoint {before or 'none'} → {after or 'none'}"
            yield Change(Kind.CACHE, self._name(new, new=True), said)

    def _name(self, index: int, *, new: bool = False) -> str:
        block = (self._new if new else self._old)[index]
        template = template_of(block)
        file = template.file if template is not None else None
        return f"{self._part}[{index}]" + (f" ({file})" if file else "")


def _size(text: str) -> str:
    count = len(text)
    return f"{count:,} character{'' if count == 1 else 's'}"


def tool_changes(old: Task, new: Task) -> Iterator[Change]:
    """Tools by name, their order, and what the model may choose from."""
    before = {tool["name"]: tool for tool in old.tools}
    after = {tool["name"]: tool for tool in new.tools}
    for name in before:
        if name in after:
            continue
        yield Change(Kind.TOOLS, f"tool {name}", f"tool `{name}` removed", breaks="may")
    for name, tool in after.items():
        if name not in before:
            yield Change(Kind.TOOLS, f"tool {name}", f"tool `{name}` added", breaks="may")
            continue
        yield from _tool(name, before[name], tool)
    stayed = [name for name in before if name in after]
    if stayed != [name for name in after if name in before]:
        yield Change(Kind.TOOLS, "tools", "tools in another order")
    if canonical(old.tool_choice) != canonical(new.tool_choice):
        said = f"tool_choice {_choice(old.tool_choice)} → {_choice(new.tool_choice)}"
        yield Change(Kind.TOOLS, "tools", said)


def _tool(name: str, old: Any, new: Any) -> Iterator[Change]:
    where = f"tool {name}"
    if canonical(bare(old), ordered=True) != canonical(bare(new), ordered=True):
        parts = [
            key
            for key in ("description", "input_schema", "strict")
            if canonical(old.get(key), ordered=True) != canonical(new.get(key), ordered=True)
        ]
        text = short_diff(old.get("description", ""), new.get("description", ""))
        said = f"{' and '.join(parts) or 'definition'} of tool `{name}` changed"
        breaks: Breaks = "may" if "input_schema" in parts else "no"
        yield Change(Kind.TOOLS, where, said, breaks=breaks, diff=text)
    if old.get("cache_control") != new.get("cache_control"):
        before, after = ((t.get("cache_control") or {}).get("ttl", "none") for t in (old, new))
        yield Change(Kind.CACHE, where, f"breakpoint {before} → {after}")


def _choice(choice: Any) -> str:
    if choice is None:
        return "unset"
    return str(choice.get("name", choice["type"]))
