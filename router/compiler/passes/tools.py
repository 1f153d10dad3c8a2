"""read_tools: tools in the form in which the API takes them."""

from __future__ import annotations

from typing import Any

from router.compiler.hints import name_hint
from router.compiler.passes.schemas import read_schema
from router.compiler.passes.work import Work
from router.compiler.schemas import CompiledSchema
from router.policy.nodes import Node

__all__ = ["read_tools"]


def read_tools(work: Work) -> None:
    """`tools` and `tool_choice`."""
    listed = work.node.get("tools")
    names: dict[str, Node] = {}
    tools = []
    for node in listed.elements() if listed is not None else ():
        name = node.get("name")
        if name is not None and name.value in names:
            work.say("bad-tool", f"there are two tools named `{name.value}`", name)
        elif name is not None:
            names[str(name.value)] = name
        tool = _tool(work, node)
        if tool is not None:
            tools.append(tool)
    work.tools = tuple(tools)
    work.tool_choice = _choice(work, work.node.get("tool_choice"), names)


def _tool(work: Work, node: Node) -> dict[str, Any] | None:
    written = node.get("input_schema")
    schema = read_schema(work, written, needs_object=True) if written is not None else None
    if written is None or schema is None:
        return None
    tool: dict[str, Any] = {
        "name": node.value["name"].value,
        "description": node.value["description"].value,
        "input_schema": schema.source,
    }
    strict = node.get("strict")
    if strict is not None:
        tool["strict"] = strict.value
        if strict.value is True:
            wire = _strict_schema(work, written, schema)
            if wire is None:
                return None
            tool["input_schema"] = wire
    cache = node.get("cache")
    if cache is not None:
        tool["cache_control"] = {"type": "ephemeral", "ttl": cache.value}
    return tool


def _strict_schema(work: Work, node: Node, schema: CompiledSchema) -> Any:
    if schema.wire is None:
        hint = "leave out `strict`, or simplify the schema"
        work.say("bad-tool", f"the API cannot enforce this: {schema.removed[0]}", node, hint)
    return schema.wire


def _choice(work: Work, node: Node | None, names: dict[str, Node]) -> dict[str, Any] | None:
    if node is None:
        return None
    if not names:
        work.say("bad-tool", "`tool_choice` needs `tools`", node)
        return None
    tool = node.get("tool")
    if tool is None:
        return {"type": str(node.value)}
    if tool.value not in names:
        hint = name_hint(str(tool.value), names, "tools")
        work.say("bad-tool", f"there is no tool `{tool.value}`", tool, hint)
        return None
    return {"type": "tool", "name": tool.value}
