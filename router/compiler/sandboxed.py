"""Templates that need Jinja: parsed and checked at load, turned into code on the first render."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Any

import jinja2
from jinja2 import nodes

from router.compiler import limits
from router.compiler.allowlist import inspect
from router.compiler.inspection import Inspection
from router.compiler.limits import Budget, QuotaExceeded
from router.compiler.places import Places
from router.compiler.problems import Problem, Refused
from router.compiler.rendering import (
    Include,
    IncludeError,
    TemplateError,
    too_much,
    undefined_name,
)
from router.compiler.sandbox import BUDGET, guard, sandbox

__all__ = ["SandboxedTemplate"]

_STRIDE = 1_000_000
"""Line numbers of the n-th included text are moved up by n strides: one number, file and line."""

_FILENAME = "<template>"

_WRITTEN = {"end of print statement": "}}", "end of statement block": "%}"}
"""How tokens are written that Jinja's messages describe in words."""

# What evaluating an expression over JSON data can raise.
_RENDER_ERRORS = (
    jinja2.TemplateError,
    QuotaExceeded,
    TypeError,
    ValueError,
    ArithmeticError,
    LookupError,
    RecursionError,
    MemoryError,
)


class SandboxedTemplate:
    """A checked Jinja template."""

    __slots__ = (
        "_code",
        "_texts",
        "constant",
        "file",
        "files",
        "names",
        "source",
        "unguarded",
        "untagged",
    )

    def __init__(self, source: str, file: str | None, texts: _Texts, found: Inspection) -> None:
        self.source = source
        self.file = file
        self.files = tuple(dict.fromkeys(name for name, _ in texts.all[1:] if name))
        self.names = found.names
        self.untagged = frozenset(found.untagged) & self.names
        self.unguarded = frozenset(found.unguarded) & self.names
        self.constant = not self.names
        self._texts = texts
        self._code: jinja2.Template | None = None

    @classmethod
    def read(
        cls,
        source: str,
        inputs: Collection[str] | None = None,
        file: str | None = None,
        include: Include | None = None,
    ) -> SandboxedTemplate:
        """Parse and check.

        Raises:
            Refused: every fault that can be seen without rendering.
        """
        texts = _Texts(source, file, include)
        tree = texts.tree()
        found = inspect(tree)
        problems = [
            texts.problem(note.rule, note.message, note.line, note.word, note.help)
            for note in found.notes
        ]
        if inputs is not None:
            for name, line in found.uses:
                if name not in inputs:
                    place = texts.place(line, name, "undefined-variable")
                    problems.append(undefined_name(name, inputs, **place))
        if problems:
            raise Refused(sorted(problems, key=lambda p: (p.file or "", p.line, p.column)))
        return cls(source, file, texts, found)

    def render(self, values: Mapping[str, Any]) -> str:
        code = self._code
        if code is None:
            # Two threads may both do this once; a lock would have to survive forks.
            code = self._code = self._compile()
        try:
            return _run(code, {**values, BUDGET: Budget()})
        except _RENDER_ERRORS as error:
            raise self._explain(error, code) from None

    def _compile(self) -> jinja2.Template:
        environment = sandbox()
        try:
            program = environment.compile(guard(self._texts.tree()), filename=_FILENAME)
        except (jinja2.TemplateError, SyntaxError, RecursionError, MemoryError) as error:
            raise TemplateError(f"the template cannot be compiled: {error}", self.file) from None
        return jinja2.Template.from_code(environment, program, {})

    def _explain(self, error: BaseException, code: jinja2.Template) -> TemplateError:
        message = str(error) or type(error).__name__
        number = _line_of(error.__traceback__)
        if number is None:
            return TemplateError(message, self.file)
        index, line = divmod(code.get_corresponding_lineno(number), _STRIDE)
        return TemplateError(message, self._texts.all[index][0], line)


def _run(code: jinja2.Template, values: dict[str, Any]) -> str:
    pieces: list[str] = []
    size = 0
    for piece in code.root_render_func(code.new_context(values, shared=True)):
        size += len(piece)
        if size > limits.MAX_OUTPUT:
            raise QuotaExceeded(too_much(values, limits.MAX_OUTPUT))
        pieces.append(piece)
    return "".join(pieces)


def _line_of(trace: TracebackType | None) -> int | None:
    number = None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == _FILENAME:
            number = trace.tb_lineno
        trace = trace.tb_next
    return number


class _Texts:
    """A template's text and those it includes; knows which line of which file a number means."""

    __slots__ = ("_include", "_places", "all")

    def __init__(self, source: str, file: str | None, include: Include | None) -> None:
        self.all: list[tuple[str | None, str]] = [(file, source)]
        self._include = include
        self._places: dict[int, Places] = {}

    def tree(self) -> nodes.Template:
        """The syntax tree with every include put in place.

        Raises:
            Refused: it cannot be parsed, or an include fails.
        """
        reader = _Reader(self, self._include)
        try:
            tree = reader.parse(0, ())
        except RecursionError:  # a chain of operators is deep without being nested in the text
            message = "the template is too deeply nested"
            raise Refused([self.problem("template-forbidden", message, 1)]) from None
        if self._include is not None:
            self.all = reader.texts
            self._include = None  # from now on the texts at hand are the template
        return tree

    def problem(
        self, rule: str, message: str, line: int, word: str = "", help_: str | None = None
    ) -> Problem:
        return Problem(rule, message, help=help_, **self.place(line, word, rule))

    def place(self, number: int, word: str, rule: str) -> dict[str, Any]:
        index, line = divmod(number, _STRIDE)
        file, source = self.all[index]
        places = self._places.setdefault(index, Places(source, sandbox()))
        column, end = places.find(line, word, rule)
        own = {"line": line, "column": column, "end_column": end}
        return {**own, "file": file} if index else own


class _Reader:
    """Parses a text and what it includes; `texts` grows in the order of the includes."""

    def __init__(self, known: _Texts, include: Include | None) -> None:
        self._known = known
        self._include = include
        self._next = 1
        self.texts = known.all

    def parse(self, index: int, parents: tuple[str, ...]) -> nodes.Template:
        file, source = self.texts[index]
        if _too_much_code(source):
            message = f"more than {limits.MAX_TAGS} tags, or {limits.MAX_CODE} characters in them"
            raise Refused([Problem("template-forbidden", message, 1, 1, 1, file=file)])
        if index and source.endswith("\n"):
            source += "\n"  # Jinja drops the last newline of a text; an include keeps it
        try:
            tree = sandbox().parse(source)
        except jinja2.TemplateSyntaxError as error:
            self._fail(index, "template-syntax", error.message or "syntax error", error.lineno)
        except RecursionError:
            self._fail(index, "template-forbidden", "the template is too deeply nested", 1)
        except ValueError as error:  # a number of more digits than Python reads
            self._fail(index, "template-syntax", str(error), 1)
        if index:
            _renumber(tree, index * _STRIDE)
        here = (*parents, file or "")
        for node in list(tree.find_all(nodes.Include)):
            _replace(tree, node, self._included(node, index, here))
        return tree

    def _included(self, node: nodes.Include, index: int, parents: tuple[str, ...]) -> nodes.Node:
        line = node.lineno % _STRIDE
        path = node.template.value if isinstance(node.template, nodes.Const) else None
        if not isinstance(path, str) or node.ignore_missing or not node.with_context:
            message = 'only `{% include "constant/path" %}` is available'
            self._fail(index, "template-forbidden", message, line, "include")
        child = self._next
        self._next += 1
        if child > limits.MAX_INCLUDES or len(parents) > limits.MAX_INCLUDE_DEPTH:
            self._fail(index, "template-forbidden", "too many includes", line, path)
        if self._include is not None:
            try:
                name, text = self._include(str(path), self.texts[index][0])
            except IncludeError as error:
                self._fail(index, error.rule, str(error), line, path)
            if name in parents:
                self._fail(index, "template-forbidden", f"`{name}` includes itself", line, path)
            self.texts.append((name, text))
            if sum(len(text) for _, text in self.texts) > limits.MAX_SOURCE:
                self._fail(index, "template-forbidden", "too much text included", line, path)
        elif child >= len(self.texts):
            self._fail(index, "template-forbidden", "nothing can be included here", line, path)
        return nodes.Scope(self.parse(child, parents).body, lineno=node.lineno)

    def _fail(self, index: int, rule: str, message: str, line: int, word: str | None = "") -> Any:
        quoted = message.rsplit("'", 2)
        if rule == "template-syntax" and len(quoted) == 3:
            word = _WRITTEN.get(quoted[1], quoted[1])
        self._known.all = self.texts
        problem = self._known.problem(rule, message, index * _STRIDE + line, word or "")
        raise Refused([problem]) from None


def _too_much_code(source: str) -> bool:
    """Whether reading the code of a template would take long, judged in one quick look."""
    tags = code = 0
    for opening, closing in (("{{", "}}"), ("{%", "%}")):
        begin = source.find(opening)
        while begin >= 0:
            end = source.find(closing, begin)
            if end < 0:
                end = len(source)
            tags += 1
            code += end - begin
            if tags > limits.MAX_TAGS or code > limits.MAX_CODE:
                return True
            begin = source.find(opening, end)
    return False


def _renumber(tree: nodes.Node, offset: int) -> None:
    pending: list[nodes.Node] = [tree]
    while pending:
        node = pending.pop()
        if node.lineno is not None:
            node.lineno += offset
        pending.extend(node.iter_child_nodes())


def _replace(tree: nodes.Node, old: nodes.Node, new: nodes.Node) -> None:
    for node in (tree, *tree.find_all(nodes.Node)):
        for _, value in node.iter_fields():
            if isinstance(value, list) and any(item is old for item in value):
                value[:] = [new if item is old else item for item in value]
                return
