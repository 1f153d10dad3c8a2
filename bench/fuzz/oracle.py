"""What must hold for any bytes: each raises AssertionError, or what the router let out."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from router.catalog import load_catalog
from router.compiler import limits
from router.compiler.conditions import compile_condition
from router.compiler.problems import Refused
from router.compiler.rendering import IncludeError, TemplateError
from router.compiler.sandboxed import SandboxedTemplate
from router.compiler.templates import PlainTemplate, compile_template
from router.engine.plan import make_plan
from router.errors import RouterError
from router.lint.report import Report
from router.lint.reporters import Form, render
from router.policy.sources import MemorySources
from router.resources import shipped
from router.rules.judge import JudgeCache, Judgement, judge
from router.types import Finding, Severity

__all__ = ["TARGETS", "conditions", "policies", "templates"]

_TODAY = date(2026, 11, 28)
_LIBRARY = shipped("policies")
_FILES = {
    path.relative_to(_LIBRARY).as_posix(): path.read_bytes()
    for path in sorted(_LIBRARY.rglob("*.j2"))
} | {"_defaults.yaml": (_LIBRARY / "_defaults.yaml").read_bytes()}
_CATALOG = load_catalog()


def policies(data: bytes) -> None:
    """A policy file of these bytes: findings with places, the same each time, or a set that plans.

    Its parents and prompts are the starter library's.
    """
    cache = JudgeCache()
    first = _judged(data, cache)
    assert _said(_judged(data, cache)) == _said(first), "judged otherwise with what was kept"
    assert _said(_judged(data, JudgeCache())) == _said(first), "judged otherwise from the start"
    for finding in first.findings:
        _check(finding)
    for form in (Form.TEXT, Form.CONCISE):
        _printable(render(Report(first.findings), form))
    faulty = any(finding.severity is Severity.ERROR for finding in first.findings)
    assert faulty or first.policy_set is not None, "no error and no policy set"
    if first.policy_set is None:
        return
    tasks = first.policy_set.tasks
    for task in tasks.values():
        schema = None if task.input is None else task.input.source
        with contextlib.suppress(RouterError):
            plan = make_plan(task, _inputs(schema), catalog=_CATALOG, today=_TODAY, tasks=tasks)
            assert plan.tiers, "a plan without a tier"


def templates(data: bytes) -> None:
    """A template of this text: refused, failed or rendered, alike by both ways of rendering."""
    source = data.decode("utf-8", "replace")
    rendered = _rendered(lambda: compile_template(source, inputs=_VALUES, include=_include))
    if PlainTemplate.read(source) is not None:
        other = _rendered(lambda: SandboxedTemplate.read(source, _VALUES, None, _include))
        assert rendered == other, "rendered otherwise by the quick way"
    assert rendered is None or len(rendered) <= limits.MAX_OUTPUT
    assert _values() == _VALUES, "a template has changed its inputs"


def conditions(data: bytes) -> None:
    """A condition of this text: refused, or it holds or not, the same each time."""
    source = data.decode("utf-8", "replace")
    try:
        condition = compile_condition(source, _VALUES)
    except Refused as refusal:
        _problems(refusal, source)
        return
    try:
        held = condition.holds(_VALUES)
    except TemplateError:
        return
    assert held is condition.holds(_values())


TARGETS: Mapping[str, Callable[[bytes], None]] = {
    "policies": policies,
    "templates": templates,
    "conditions": conditions,
}


# --- policies ------------------------------------------------------------------------------------


def _judged(data: bytes, cache: JudgeCache) -> Judgement:
    sources = MemorySources({**_FILES, "p.yaml": data})
    return judge(sources, _CATALOG, today=_TODAY, cache=cache, infos=True)


def _said(judgement: Judgement) -> tuple[object, ...]:
    made = judgement.policy_set
    return judgement.findings, judgement.files, None if made is None else made.revision


def _check(finding: Finding) -> None:
    span = finding.span
    assert span.file in _FILES or span.file == "p.yaml", finding
    assert span.line >= 1, finding
    assert span.column >= 1, finding
    assert (span.end_line, span.end_column) >= (span.line, span.column), finding
    said = [finding.message, finding.help or "", *finding.notes]
    assert sum(map(len, said)) < 3_000, f"too long: {finding}"
    _printable("".join(said) + (finding.source_line or ""))


def _printable(said: str) -> None:
    bare = said.replace("\n", "").replace("\t", "")
    assert bare.isprintable(), f"a terminal would act on it: {said!r}"


def _inputs(schema: Any, depth: int = 0) -> Any:
    """A value near to what a schema asks for; the engine refuses it where it is none."""
    if not isinstance(schema, Mapping):
        return {} if depth == 0 else "x"
    if "default" in schema or "const" in schema:
        return schema.get("default", schema.get("const"))
    if schema.get("enum"):
        return schema["enum"][0]
    kind = schema.get("type")
    if kind == "object" or (kind is None and depth == 0):
        parts = schema.get("properties", {})
        return {name: _inputs(part, depth + 1) for name, part in parts.items() if depth < 9}
    if kind == "array":
        return [_inputs(schema.get("items"), depth + 1)] if depth < 9 else []
    values = {"integer": 1, "number": 0.5, "boolean": True, "null": None}
    return values.get(str(kind), "{{ x }} </message>")


# --- templates -----------------------------------------------------------------------------------


def _values() -> dict[str, Any]:
    return {
        "a": "alpha {{ b }}",
        "n": 7,
        "x": ["p", "q", {"k": "v"}],
        "d": {"k": "v", "items": "mine", "__class__": "data"},
        "output": {"label": "fraud", "score": 0.5},
        "confidence": 0.5,
        "message": "</message>\n",
        "plan": "enterprise",
    }


_VALUES = _values()


def _include(path: str, parent: str | None) -> tuple[str, str]:
    texts = {"i": "{{ a }}", "loop": '{% include "loop" %}', "bad": "{% if %}"}
    if path not in texts:
        raise IncludeError("missing-file", f"no such file: {path!r}, named in {parent!r}")
    return path, texts[path]


def _rendered(compiled: Callable[[], Any]) -> str | None:
    try:
        template = compiled()
    except Refused as refusal:
        _problems(refusal, None)
        return None
    try:
        rendered: str = template.render(_VALUES)
        assert template.render(_VALUES) == rendered
    except TemplateError as error:
        if "cannot be compiled" in error.message:
            raise
        return None
    for trace in (" object at 0x", "<class '", "<built-in", "<bound method", "<module '"):
        assert trace not in rendered, f"Python shows: {rendered!r}"
    return rendered


def _problems(refusal: Refused, source: str | None) -> None:
    assert refusal.problems
    for problem in refusal.problems:
        assert problem.message
        assert problem.line >= 1
        assert problem.column >= 1
        if source is not None:
            assert problem.line <= len(source.splitlines()) + 1
