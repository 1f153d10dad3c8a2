"""open-object: the answer may hold what nobody asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.compiler.compilation import CompiledTask
from router.policy.edits import fix, insert_after, is_own, replace_scalar
from router.rules.base import Facts, Rule
from router.rules.schemas import Path, output_schemas, place
from router.types import Finding, Fix, Severity

__all__ = ["RULE", "check"]

_CLOSED = "additionalProperties: false"


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for path, schema in output_schemas(compiled):
        if _is_open(schema):
            node, key = place(compiled, "output", path)
            where = f"`{path[-1]}`" if path else "the answer"
            message = f"{where} may have properties that the schema does not name"
            yield RULE.at(node, message, f"add `{_CLOSED}`", key=key, fix=_fix(compiled, path))


def _fix(compiled: CompiledTask, path: Path) -> Fix | None:
    node = compiled.node.at("output", *path)
    if node is None or not is_own(node, compiled.node):
        return None
    # A property that nobody named may still be what a caller reads.
    written = node.get("additionalProperties")
    if written is not None:
        edits = replace_scalar(written, "false") if written.value is True else None
    else:
        edits = insert_after(node, "type" if node.get("type") else "properties", _CLOSED)
    return fix(f"write `{_CLOSED}`", edits, safe=False)


def _is_open(schema: Mapping[str, Any]) -> bool:
    if "properties" not in schema or "$ref" in schema:
        return False
    return (
        schema.get("additionalProperties") is not False
        and schema.get("unevaluatedProperties", True) is not False
    )


RULE = Rule(
    name="open-object",
    severity=Severity.INFO,
    summary="An object of the output schema does not say `additionalProperties: false`.",
    avoid="output: {type: object, properties: {label: …}}",
    prefer="output: {type: object, additionalProperties: false, properties: {label: …}}",
    why=(
        "The API only takes closed objects, so a closed one is sent in any case. Where the schema "
        "is open, replies of endpoints that enforce nothing may carry extra fields unnoticed."
    ),
    configure="Close the object, or leave it: the schema is enforced as written.",
    mends="unsafe",
    check=check,
)
