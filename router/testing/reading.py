"""A test file -> its cases, in two steps: what it says by itself, and what of it is true here.

The first needs the file alone and gives the day that the policies are judged by; the second holds
every name against the policies. Whatever is wrong is a finding with a place, as in a policy.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, NamedTuple

from router.compiler.model import Task
from router.policy.findings import at_key, at_node, quoted
from router.policy.loader import unreadable
from router.policy.nodes import Node
from router.policy.paths import PathEscape, resolve_path
from router.policy.scalars import ScalarError, duration
from router.policy.shape import apply_check
from router.policy.shape_compiler import Check, compile_schema
from router.policy.sources import SourceError, Sources, is_test_name
from router.policy.yaml_reader import read_yaml
from router.resources import shipped
from router.testing.expanding import RULE, Values, expand_case
from router.testing.labelled import read_labelled
from router.testing.labels import check_gates, check_labels
from router.testing.names import Unknown, check_expectations, find_tier, hint
from router.testing.replies import read_replies
from router.testing.suite import Case, Labelled, ScriptedTier, Suite
from router.types import Finding, Severity

__all__ = ["Draft", "link_suite", "read_draft"]


_LONGEST = 10_000_000  # characters: more than any context window holds


class Draft(NamedTuple):
    """A file whose shape is right; names are not yet looked at. `node` is None where it is not."""

    file: str
    findings: tuple[Finding, ...]
    now: float | None = None  # seconds since the epoch; None where the file does not say
    node: Node | None = None
    cases: tuple[tuple[Node, int], ...] = ()  # with the rows of the table it comes from
    labelled: tuple[Node, ...] = ()  # cases, from the file that `live` names


def read_draft(file: str, sources: Sources) -> Draft:
    """Reads a file, fills in its tables and named values, and checks its shape."""
    root, found = _read(file, sources)
    if root is None:
        return Draft(file, found)
    if root.get("tasks") is not None and not is_test_name(file):
        message = "this is a policy, not a file of tests"
        help_line = "name its tests (`*.test.yaml`), or the directory that they are in"
        return Draft(file, (at_key(RULE, message, root, "tasks", help=help_line),))
    findings = [one for one in found if not _is_date(one, root)]
    version = root.get("version")
    other = () if version is None else apply_check(_check("version"), version, root, "version")
    if other:  # a file of another version may have any shape
        return Draft(file, (*findings, *other))
    fixtures = _fixtures(root, file, sources, findings)
    values = Values({**fixtures, **_own_values(root, findings), **dict(_repeated(root))})
    cases = root.get("cases")
    listed: list[tuple[Node, int]] = []
    for case in cases.elements() if cases is not None else ():
        rows = expand_case(case, values)
        listed += [(row, len(rows) if case.get("each") else 0) for row in rows]
    expanded = [case for case, _ in listed]
    whole = dict(root.items())
    for key in whole.keys() & {"defaults", "live"}:
        whole[key] = values.put_into(whole[key])
    if cases is not None and cases.is_list:
        whole["cases"] = Node(expanded, cases.source, cases.mark)
    full = Node(whole, root.source, root.mark, None, root.key_marks)
    findings += values.findings
    findings += apply_check(_check(), full, whole="the file")
    findings += _twice(expanded)
    findings = _once(findings)
    if any(one.severity is Severity.ERROR for one in findings):
        return Draft(file, tuple(findings))
    now = root.get("now")
    instant = None if now is None else _instant(now, findings)
    labelled = _labelled(full, file, sources, findings)
    return Draft(file, tuple(findings), instant, full, tuple(listed), labelled)


def link_suite(
    draft: Draft, tasks: Mapping[str, Task], now: float
) -> tuple[Suite, tuple[Finding, ...]]:
    """The suite, with every name found in the policies, or what is wrong with the names.

    Args:
        now: seconds since the epoch, for a file that does not say.
    """
    assert draft.node is not None  # noqa: S101 - only whole drafts are linked
    findings: list[Finding] = []
    linker = _Linker(draft.file, draft.node, tasks, draft.now or now, findings)
    found = (linker.case(node, rows) for node, rows in draft.cases)
    cases = tuple(case for case in found if case is not None)
    snapshots = draft.node.get("snapshots") is not None
    suite = Suite(draft.file, cases, snapshots, linker.labelled(draft.labelled))
    return suite, tuple(_once(findings))


# --- one file -------------------------------------------------------------------------------------


def _read(file: str, sources: Sources) -> tuple[Node | None, tuple[Finding, ...]]:
    try:
        data = sources.read(file)
    except SourceError as fault:
        return None, (unreadable(file, fault),)
    return read_yaml(data, file)


def _is_date(finding: Finding, root: Node) -> bool:
    """Whether a warning says that `now` is a date to other readers: it is one to us."""
    now = root.get("now")
    return finding.rule == "yaml11-ambiguous" and now is not None and finding.span == now.span


def _fixtures(
    root: Node, file: str, sources: Sources, findings: list[Finding]
) -> Mapping[str, Node]:
    """The values of the file that `fixtures` names."""
    written = root.get("fixtures")
    if written is None or not isinstance(written.value, str) or not written.value:
        return {}
    given = _given(written, file, sources, findings)
    if given is None:
        return {}
    path, data = given
    node, found = read_yaml(data, path)
    findings += found
    if node is None:
        return {}
    findings += apply_check(_check("fixtures"), node, whole="a file of fixtures")
    return _own_values(node, findings)


def _labelled(root: Node, file: str, sources: Sources, findings: list[Finding]) -> tuple[Node, ...]:
    """The cases of the file that `live` names."""
    live = root.get("live")
    if live is None:
        return ()
    findings += check_gates(live.value["gates"])
    found = _given(live.value["dataset"], file, sources, findings)
    if found is None:
        return ()
    cases, wrong = read_labelled(*found, _check("labelled"))
    findings += wrong
    return cases


def _given(
    written: Node, file: str, sources: Sources, findings: list[Finding]
) -> tuple[str, bytes] | None:
    """The path and the bytes of a file that a test file names; None with a finding."""
    try:
        path = resolve_path(written.value, file)
        return path, sources.read(path)
    except PathEscape as error:
        findings.append(at_node("path-escape", f"{quoted(written.value)} is {error}", written))
    except SourceError as fault:
        rule = "path-escape" if fault.reason == "outside_root" else "missing-file"
        detail = quoted(fault.detail, 200)[1:-1]  # the path in it may hold anything
        findings.append(at_node(rule, f"cannot be read: {detail}", written))
    return None


def _own_values(root: Node, findings: list[Finding]) -> Mapping[str, Node]:
    values = root.get("values")
    if values is None or not values.is_map:
        return {}
    plain = Values({})
    for child in values.value.values():
        plain.put_into(child)
    findings += plain.findings  # one value cannot stand for another
    return dict(values.items())


def _twice(cases: Iterable[Node]) -> Iterator[Finding]:
    seen: dict[str, Node] = {}
    for case in cases:
        name = case.get("name")
        if name is None or not isinstance(name.value, str):
            continue
        words = " ".join(name.value.split())  # snapshots have names on one line
        if words in seen:
            message = f"a second case is called {quoted(name.value)}"
            first = seen[words]
            help_line = (
                "put a column of the table into the name: `{column}`"
                if first.span == name.span
                else f"rename one of them; the first is on line {first.span.line}"
            )
            yield at_node(RULE, message, name, help=help_line)
        seen.setdefault(words, name)


def _instant(node: Node, findings: list[Finding]) -> float | None:
    try:
        return datetime.fromisoformat(node.value).replace(tzinfo=UTC).timestamp()
    except ValueError:
        findings.append(at_node("bad-value", f"there is no {quoted(node.value)}", node))
        return None


def _once(findings: Iterable[Finding]) -> list[Finding]:
    unique = {(one.rule, one.span, one.message): one for one in findings}
    return sorted(unique.values(), key=lambda one: one.span)


def _repeated(root: Node) -> Iterator[tuple[str, Node]]:
    """Long texts. One of the wrong shape is left for the shape check to refuse."""
    written = root.get("repeated")
    for name, node in written.items() if written is not None else ():
        match node.plain():
            case {"text": str(text), "times": int(times)} if len(text) * times <= _LONGEST:
                yield name, Node(text * times, node.source, node.mark, "plain")


@cache
def _schema() -> dict[str, Any]:
    path = shipped("schemas") / "policytest.schema.json"
    loaded: dict[str, Any] = json.loads(path.read_bytes())
    return loaded


@cache
def _check(part: str | None = None) -> Check:
    schema = _schema()
    if part == "version":
        return compile_schema(schema["properties"]["version"])
    if part is not None:
        return compile_schema({**schema["$defs"][part], "$defs": schema["$defs"]})
    return compile_schema(schema)


# --- names ----------------------------------------------------------------------------------------


class _Linker:
    """Cases of one file, against the tasks of the policy set."""

    def __init__(
        self,
        file: str,
        root: Node,
        tasks: Mapping[str, Task],
        now: float,
        findings: list[Finding],
    ) -> None:
        self._file = file
        self._root = root
        self._tasks = tasks
        self._now = now
        self._findings = findings

    def case(self, node: Node, rows: int) -> Case | None:
        """The case; None where it names no task, which is a finding."""
        task = self._task(node)
        if task is None:
            return None
        expect = node.get("expect")
        if expect is not None:
            self._findings += check_expectations(node, expect, task, self._tasks)
        tier, deadline, skip = node.get("tier"), node.get("deadline"), node.get("skip")
        if tier is not None:
            found = find_tier(tier.value, task, {task.name: task})
            if isinstance(found, Unknown):
                self._findings.append(found.at(tier))
        return Case(
            file=self._file,
            name=node.value["name"].value,
            node=node,
            task=task.name,
            now=self._now,
            inputs=self._merged(node, "inputs"),
            replies=tuple(self._replies(node, task)),
            tags=self._merged(node, "tags"),
            tier=None if tier is None else tier.value,
            deadline=None if deadline is None else self._seconds(deadline),
            expect=expect,
            skip=None if skip is None else skip.value,
            rows=rows,
        )

    def labelled(self, rows: tuple[Node, ...]) -> Labelled | None:
        """What `live` says; None where the file has none, or nothing in it can be used."""
        live = self._root.get("live")
        cases = tuple(case for row in rows if (case := self.case(row, 1)) is not None)
        if live is None or not cases:
            return None
        self._findings += check_labels(cases, self._tasks[cases[0].task])
        repeat = live.get("repeat")
        return Labelled(
            cases[0].task,
            cases,
            1 if repeat is None else repeat.value,
            dict(live.value["gates"].items()),
        )

    def _task(self, node: Node) -> Task | None:
        named = node.get("task") or self._root.get("task")
        if named is None:
            message = "no task: the case names none, and neither does the file"
            self._findings.append(at_node(RULE, message, node.value["name"], help="add `task:`"))
            return None
        task = self._tasks.get(named.value)
        if task is None:
            message = f"there is no task {quoted(named.value)}"
            help_line = hint(named.value, self._tasks)
            self._findings.append(at_node(RULE, message, named, help=help_line))
        return task

    def _seconds(self, node: Node) -> float | None:
        try:
            return duration(node.value)
        except ScalarError as error:
            self._findings.append(at_node("bad-value", f"{quoted(node.value)}: {error}", node))
            return None

    def _default(self, key: str) -> Node | None:
        return self._root.at("defaults", key)

    def _merged(self, node: Node, key: str) -> Mapping[str, Any]:
        merged: dict[str, Any] = {}
        for one in (self._default(key), node.get(key)):
            if one is None:
                continue
            if not one.is_map:
                message = f"{quoted(key)} is no map"
                self._findings.append(at_node("wrong-type", message, one))
                continue
            merged |= one.plain()
        return merged

    def _replies(self, node: Node, task: Task) -> Iterator[ScriptedTier]:
        own, default = node.get("replies"), self._default("replies")
        written = set(own.value) if own is not None else set()
        if own is not None:
            yield from read_replies(own, task, self._tasks, self._findings, own=True)
        if default is not None:
            rest = Node(
                {key: child for key, child in default.items() if key not in written},
                default.source,
                default.mark,
                None,
                default.key_marks,
            )
            yield from read_replies(rest, task, self._tasks, self._findings, own=False)
