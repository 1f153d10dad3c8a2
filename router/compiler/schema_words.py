"""The keywords of JSON Schema 2020-12, by what they hold and where we stand with them."""

from __future__ import annotations

__all__ = [
    "ANNOTATIONS",
    "API_FORMATS",
    "ASSERTIONS",
    "DIALECTS",
    "FORMATS",
    "KEYWORDS",
    "REFUSED",
    "SCHEMA_LISTS",
    "SCHEMA_MAPS",
    "SUBSCHEMAS",
    "TYPES",
]

DIALECTS = frozenset(
    {
        "https://json-schema.org/draft/2020-12/schema",
        "https://json-schema.org/draft/2020-12/schema#",
    }
)

TYPES = frozenset({"object", "array", "string", "integer", "number", "boolean", "null"})

SUBSCHEMAS = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
SCHEMA_MAPS = frozenset({"$defs", "dependentSchemas", "patternProperties", "properties"})
SCHEMA_LISTS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})

ANNOTATIONS = frozenset(
    {"$comment", "default", "deprecated", "description", "examples", "readOnly", "title"}
    | {"writeOnly"}
)

ASSERTIONS = frozenset(
    {"const", "dependentRequired", "enum", "exclusiveMaximum", "exclusiveMinimum", "format"}
    | {"maxContains", "maxItems", "maxLength", "maxProperties", "maximum", "minContains"}
    | {"minItems", "minLength", "minProperties", "minimum", "multipleOf", "pattern", "required"}
    | {"type", "uniqueItems"}
)

KEYWORDS = SUBSCHEMAS | SCHEMA_MAPS | SCHEMA_LISTS | ANNOTATIONS | ASSERTIONS | {"$ref", "$schema"}

REFUSED = {
    "$anchor": "put the schema under `$defs` and refer to it as `#/$defs/name`",
    "$dynamicAnchor": "put the schema under `$defs` and refer to it as `#/$defs/name`",
    "$dynamicRef": "use `$ref`",
    "$id": "a schema has no address here: references stay within it",
    "$recursiveRef": "use `$ref`",
    "$vocabulary": "only the vocabularies of JSON Schema 2020-12 exist here",
    "additionalItems": "JSON Schema 2020-12 writes `prefixItems` and `items`",
    "contentEncoding": "nothing checks it",
    "contentMediaType": "nothing checks it",
    "contentSchema": "nothing checks it",
    "definitions": "JSON Schema 2020-12 writes `$defs`",
    "dependencies": "JSON Schema 2020-12 writes `dependentRequired` or `dependentSchemas`",
    "id": "a schema has no address here: references stay within it",
    "nullable": 'JSON Schema writes `type: [string, "null"]`',
}
"""Keywords that other drafts and dialects have, and what to write instead."""

API_FORMATS = frozenset(
    {"date", "date-time", "duration", "email", "hostname", "ipv4", "ipv6", "time", "uri", "uuid"}
)
"""Formats that structured outputs enforce (Claude API documentation, 2026-11)."""

FORMATS = API_FORMATS | {
    "idn-email",
    "idn-hostname",
    "iri",
    "iri-reference",
    "json-pointer",
    "regex",
    "relative-json-pointer",
    "uri-reference",
    "uri-template",
}
"""Formats that are checked here; any other name would be checked by nobody."""
