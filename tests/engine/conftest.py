"""Small stand-ins for what the compiler makes, so that the engine is tested on its own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jinja2
import jinja2.meta
import jsonschema
import pytest

from router.compiler.model import Block, Prompt, Task, Tier, Violation

ENV = jinja2.Environment(
    undefined=jinja2.StrictUndefined, autoescape=False, keep_trailing_newline=True
)
ENV.filters["tag"] = lambda value, name: f"<{name}>\n{str(value).replace('<', '&lt;')}\n</{name}>"


class FakeSchema:
    """A schema by the slow validator, top-level defaults included."""

    def __init__(self, source: Mapping[str, Any], removed: tuple[str, ...] = ()) -> None:
        self.source = source
        self.wire: Mapping[str, Any] | None = source
        self.removed = removed
        self._validator = jsonschema.Draft202012Validator(source)

    def problems(self, value: Any, *, plain: bool = False) -> tuple[Violation, ...]:
        return tuple(
            Violation(
                "".join(f"[{p}]" if isinstance(p, int) else f".{p}" for p in e.path).lstrip("."),
                str(e.validator),
                e.message,
            )
            for e in self._validator.iter_errors(value)
        )

    def with_defaults(self, value: Mapping[str, Any]) -> Mapping[str, Any]:
        defaults = {
            name: part["default"]
            for name, part in self.source.get("properties", {}).items()
            if "default" in part and name not in value
        }
        return {**value, **defaults} if defaults else value

    def normalise(self, value: Any) -> Any:
        return value


class FakeTemplate:
    def __init__(self, source: str) -> None:
        self.source = source
        self.names = frozenset(jinja2.meta.find_undeclared_variables(ENV.parse(source)))
        self.constant = not self.names
        self.rendered = 0
        self._template = ENV.from_string(source)

    def render(self, values: Mapping[str, Any]) -> str:
        self.rendered += 1
        return self._template.render(values)


class FakeCondition:
    def __init__(self, source: str) -> None:
        self.source = source
        self.names = frozenset(
            jinja2.meta.find_undeclared_variables(ENV.parse(f"{{{{{source}}}}}"))
        )
        self._holds = ENV.compile_expression(source)

    def holds(self, values: Mapping[str, Any]) -> bool:
        return bool(self._holds(**values))


class Kit:
    """Makes tasks out of short spellings: text blocks as strings, schemas as dicts."""

    schema = FakeSchema
    template = FakeTemplate
    condition = FakeCondition

    def block(self, text: str, **settings: Any) -> Block:
        return Block("text", template=FakeTemplate(text), **settings)

    def prompt(
        self, user: Any = "{{ message | tag('message') }}", system: Any = (), **rest: Any
    ) -> Prompt:
        return Prompt(system=self._blocks(system), user=self._blocks(user), **rest)

    def task(self, **settings: Any) -> Task:
        for name in ("input", "output"):
            if isinstance(settings.get(name), Mapping):
                settings[name] = FakeSchema(settings[name])
        settings.setdefault("name", "classify")
        settings.setdefault("revision", "r1")
        settings.setdefault("prompt", self.prompt())
        settings.setdefault(
            "input", FakeSchema({"type": "object", "properties": {"message": {"type": "string"}}})
        )
        settings.setdefault("tiers", (Tier("haiku", "claude-haiku-5-5", 512),))
        return Task(**settings)

    def _blocks(self, blocks: Any) -> tuple[Block, ...]:
        if isinstance(blocks, str):
            blocks = (blocks,)
        return tuple(self.block(b) if isinstance(b, str) else b for b in blocks)


@pytest.fixture(scope="session")
def kit() -> Kit:
    return Kit()
