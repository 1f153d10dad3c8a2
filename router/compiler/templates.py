"""Text templates: checked at load, quick to render, unable to do anything but make text.

Most prompts are plain text with `{{ name }}` and `{{ name | tag("x") }}` in it. Those are read
and rendered without Jinja; everything else goes through the sandbox, whose code is made on the
first render. Both ways give the same text, to the character.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from router.compiler.limits import MAX_OUTPUT, MAX_SOURCE
from router.compiler.problems import Problem, Refused
from router.compiler.rendering import Include, TemplateError, too_much, undefined_name
from router.compiler.values import kept_inside, to_text

__all__ = ["PlainTemplate", "compile_template"]


def compile_template(
    source: str,
    *,
    inputs: Collection[str] | None = None,
    file: str | None = None,
    include: Include | None = None,
) -> PlainTemplate | Any:
    """A template that satisfies `router.compiler.model.Template`.

    `inputs` are the names that exist (None: any name does). `file` is the template's own name,
    None for text within a policy; `include` gives the texts of included files.

    Raises:
        Refused: syntax errors, forbidden constructs, undefined names, includes that fail.
    """
    if len(source) > MAX_SOURCE:
        raise Refused([_problem("template-forbidden", f"longer than {MAX_SOURCE} characters")])
    plain = PlainTemplate.read(source, file)
    if plain is None:
        from router.compiler.sandboxed import SandboxedTemplate  # Jinja only where it is needed

        return SandboxedTemplate.read(source, inputs, file, include)
    if inputs is not None and not plain.names <= frozenset(inputs):
        raise Refused(plain.undefined(inputs))
    return plain


def _problem(rule: str, message: str) -> Problem:
    return Problem(rule, message, 1, 1, 1)


# Jinja reads its own keywords where a name could stand: leave those to it.
_WORDS = "true|false|none|True|False|None|not|and|or|if|else|elif|in|is|for|loop|range"
_ELEMENT = "[A-Za-z][A-Za-z0-9_.-]{0,63}"
_SLOT = re.compile(
    r"\{\{[ \t]*(?!(?:" + _WORDS + r")\b)([A-Za-z][A-Za-z0-9_]*)"
    r"(?:[ \t]*\|[ \t]*tag\([ \t]*(?:"
    rf"\"({_ELEMENT})\"|'({_ELEMENT})'"
    r")[ \t]*\))?[ \t]*\}\}"
)
_OPENING = re.compile(r"\{[{%#]")
_NEWLINE = re.compile(r"\r\n|\r")

_Part = str | tuple[str, str | None]


class PlainTemplate:
    """Text, `{{ name }}` and `{{ name | tag("x") }}`, nothing else."""

    __slots__ = (
        *("_pieces", "_tail", "constant", "file", "files", "names"),
        *("source", "unguarded", "untagged"),
    )

    def __init__(self, source: str, file: str | None, parts: tuple[_Part, ...]) -> None:
        slots = [part for part in parts if not isinstance(part, str)]
        self.source = source
        self.file = file
        self.files: tuple[str, ...] = ()
        self.names = frozenset([name for name, _ in slots])
        self.untagged = frozenset([name for name, element in slots if element is None])
        self.unguarded = self.names
        self.constant = not slots
        # Each slot with the text before it, elements' own tags included; then what follows.
        pieces: list[tuple[str, str, str | None]] = []
        before = ""
        for part in parts:
            if isinstance(part, str):
                before += part
                continue
            name, element = part
            pieces.append((before if element is None else f"{before}<{element}>", name, element))
            before = "" if element is None else f"</{element}>"
        self._pieces = pieces
        self._tail = before

    @classmethod
    def read(cls, source: str, file: str | None = None) -> PlainTemplate | None:
        """The template, or None where it needs Jinja."""
        text = _NEWLINE.sub("\n", source) if "\r" in source else source
        text = text.removesuffix("\n")
        if "{" not in text:
            return cls(source, file, (text,) if text else ())
        pieces = _SLOT.split(text)
        parts: list[_Part] = []
        for index in range(0, len(pieces), 4):
            literal = pieces[index]
            if _OPENING.search(literal):
                return None
            if literal:
                # A brace before `{{` would be read as part of it by one of the two.
                if literal[-1] == "{" and index + 1 < len(pieces):
                    return None
                parts.append(literal)
            if index + 1 < len(pieces):
                parts.append((pieces[index + 1], pieces[index + 2] or pieces[index + 3]))
        return cls(source, file, tuple(parts))

    def render(self, values: Mapping[str, Any]) -> str:
        text, name = "", ""
        try:
            for before, name, element in self._pieces:
                value = values[name]
                if type(value) is not str:
                    value = to_text(value)
                text += before + (value if element is None else kept_inside(value, element))
        except KeyError:
            raise TemplateError(f"'{name}' is undefined", self.file) from None
        except (TypeError, ValueError) as error:
            raise TemplateError(f"'{name}': {error}", self.file) from None
        text += self._tail
        if len(text) > MAX_OUTPUT:
            given = {name: values[name] for name in self.names}
            raise TemplateError(too_much(given, MAX_OUTPUT), self.file)
        return text

    def undefined(self, inputs: Collection[str]) -> list[Problem]:
        """A problem for each use of a name that no input has."""
        problems = []
        for number, line in enumerate(re.split(r"\r\n|\r|\n", self.source), 1):
            for slot in _SLOT.finditer(line):
                if slot[1] not in inputs:
                    start = slot.start(1) + 1
                    place = {"line": number, "column": start, "end_column": start + len(slot[1])}
                    problems.append(undefined_name(slot[1], inputs, **place))
        return problems
