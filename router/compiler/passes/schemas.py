"""read_schemas: the input and output contracts, inline or from files."""

from __future__ import annotations

import json
from typing import Any

from router.compiler.passes.work import Work
from router.compiler.schema_check import SchemaProblem
from router.compiler.schemas import CompiledSchema, SchemaRefused, compile_schema
from router.policy.findings import at_key, at_node
from router.policy.nodes import Node, SourceText
from router.policy.yaml_reader import read_yaml
from router.types import Severity

__all__ = ["read_schema", "read_schemas"]


def read_schemas(work: Work) -> None:
    """`input` and `output`; later passes do not judge against a schema that is broken."""
    for part in ("input", "output"):
        node = work.node.get(part)
        if node is None:
            continue
        schema = read_schema(work, node, needs_object=part == "input")
        if schema is None:
            work.broken.add(part)
        elif part == "input":
            work.input = schema
        else:
            work.output = schema
    _trusted(work)


def read_schema(work: Work, node: Node, *, needs_object: bool) -> CompiledSchema | None:
    """The schema at a node; None where it was reported."""
    file = node.get("file")
    if file is not None and isinstance(file.value, str):
        found = work.fetch(file)
        if found is None:
            return None
        read = _parse(work, *found)
        if read is None:
            return None
        node = read
    source = node.plain()
    try:
        schema = compile_schema(source)
    except SchemaRefused as refused:
        for problem in refused.problems:
            _say(work, node, problem)
        return None
    if needs_object and source.get("type") != "object":
        work.say("bad-schema", "inputs are given by name: the schema's type is `object`", node)
        return None
    return schema


def _parse(work: Work, path: str, data: bytes) -> Node | None:
    """A schema file, YAML or JSON, with its places."""
    reading = read_yaml(data, path)
    errors = [one for one in reading.findings if one.severity is Severity.ERROR]
    if errors or reading.node is None:
        plain = _json(data) if path.endswith(".json") else None
        if plain is not None:  # JSON that YAML does not read, such as an indent of tabs
            return _placeless(plain, SourceText(path, data.decode()))
        work.findings += errors
        if not errors:
            work.findings += reading.findings
        return None
    return reading.node


def _json(data: bytes) -> Any:
    try:
        return json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError):
        return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("the same key twice")
    return found


def _placeless(value: Any, source: SourceText) -> Node:
    mark = (0, 0, 0, 1)
    if isinstance(value, dict):
        items = {key: _placeless(child, source) for key, child in value.items()}
        return Node(items, source, mark, None, dict.fromkeys(items, (source, mark)))
    if isinstance(value, list):
        return Node([_placeless(child, source) for child in value], source, mark)
    return Node(value, source, mark, "plain")


def _say(work: Work, root: Node, problem: SchemaProblem) -> None:
    """Report a problem as near to its place as the schema has one."""
    path = problem.path
    if problem.at_key and path:
        parent = root.at(*path[:-1])
        if parent is not None and parent.is_map:
            key = str(path[-1])
            finding = at_key(problem.rule, problem.message, parent, key, help=problem.help)
            work.findings.append(finding)
            return
    node = root.at(*path)
    while node is None and path:
        path = path[:-1]
        node = root.at(*path)
    work.findings.append(at_node(problem.rule, problem.message, node or root, help=problem.help))


def _trusted(work: Work) -> None:
    from router.compiler.hints import name_hint

    inputs = work.inputs
    trusted = work.node.get("trusted")
    if trusted is None or inputs is None:
        return
    for node in trusted.elements():
        if node.value not in inputs:
            message = f"`{node.value}` is not an input of this task"
            work.say("undefined-variable", message, node, name_hint(node.value, inputs, "inputs"))
