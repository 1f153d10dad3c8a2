"""Sources -> documents: each policy file read, its parents merged in, its shape checked.

Every fault of every file is reported, and none twice: a parent's fault is not repeated for each of
its children, and what follows from a fault (a task that lost its parent lacks tiers) is not
reported at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from router.hashing import blake2b
from router.policy.burst import burst
from router.policy.document import Document
from router.policy.findings import at_mark, at_node, quoted
from router.policy.merge import MAX_EXTENDS, merge, resolve_tasks, without
from router.policy.nodes import Node, SourceText
from router.policy.paths import PathEscape, resolve_path
from router.policy.shape import check_shape, check_version
from router.policy.sources import SourceError, Sources
from router.policy.yaml_reader import read_yaml
from router.types import Finding, Severity

__all__ = ["DocumentCache", "Loaded", "load_documents", "unreadable"]


class Loaded(NamedTuple):
    """What a policy root holds. A file with an error gives no document."""

    documents: tuple[Document, ...]
    findings: tuple[Finding, ...]  # of all files, sorted by place
    files: tuple[str, ...]  # every file that was read, relative to the root


class _File(NamedTuple):
    """One file as read; `fault` where it could not be given."""

    digest: bytes | None
    node: Node | None = None
    findings: tuple[Finding, ...] = ()
    fault: SourceError | None = None


class _Resolved(NamedTuple):
    """One policy with its parents, and the bytes that it depends on."""

    needs: tuple[tuple[str, bytes | None], ...]
    document: Document | None
    findings: tuple[Finding, ...]
    extends: Node | None  # where the file names its parent
    names: dict[str, Node]  # tasks; a node that stands where the name is written


class DocumentCache:
    """What earlier loads of one root have read; files with the same bytes are not read again.

    For one loader at a time. Pass the same one to each load; it forgets what is no longer there.
    """

    def __init__(self) -> None:
        self.files: dict[str, _File] = {}
        self.resolved: dict[str, _Resolved] = {}


def load_documents(sources: Sources, cache: DocumentCache | None = None) -> Loaded:
    """All documents of a root and everything that is wrong with its files.

    With `cache`, only files whose bytes, or whose parents' bytes, have changed are worked on.
    """
    load = _Load(sources, cache or DocumentCache())
    paths = sources.policy_files()
    with burst():
        resolved = {path: load.resolve(path) for path in paths}
    findings = [finding for one in resolved.values() for finding in one.findings]
    findings += _duplicates(resolved)
    if cache is not None:
        cache.files, cache.resolved = load.files, resolved
    documents = tuple(one.document for one in resolved.values() if one.document is not None)
    files = tuple(sorted(path for path, file in load.files.items() if file.digest is not None))
    return Loaded(documents, _once(findings), files)


class _Load:
    """One load: every file is read and judged at most once."""

    def __init__(self, sources: Sources, known: DocumentCache) -> None:
        self._sources = sources
        self._known = known
        self._as_parents: dict[str, tuple[Finding, ...]] = {}
        self.files: dict[str, _File] = {}

    def resolve(self, path: str) -> _Resolved:
        known = self._known.resolved.get(path)
        if known is not None and all(d and self._file(p).digest == d for p, d in known.needs):
            return known
        return self._resolve(path)

    def _file(self, path: str) -> _File:
        file = self.files.get(path)
        if file is None:
            file = self.files[path] = self._read(path)
        return file

    def _read(self, path: str) -> _File:
        try:
            data = self._sources.read(path)
        except SourceError as fault:
            return _File(None, fault=fault)
        digest = blake2b(data, digest_size=16).digest()
        known = self._known.files.get(path)
        if known is not None and known.digest == digest:
            return known
        reading = read_yaml(data, path)
        node, findings = reading.node, reading.findings
        if node is not None and (version := check_version(node)):
            # a file of another version may have any shape: nothing more can be said of it
            return _File(digest, None, (*findings, *version))
        return _File(digest, node, findings)

    def _resolve(self, path: str) -> _Resolved:
        own = self._file(path)
        if own.fault is not None:
            return _Resolved(((path, None),), None, (unreadable(path, own.fault),), None, {})
        chain = _Chain(path)
        findings = list(own.findings)
        whole = own.node is not None and self._gather(chain, own.node, findings)
        needs = tuple((p, self._file(p).digest) for p in chain.paths)
        if own.node is None:
            return _Resolved(needs, None, tuple(findings), None, {})
        root, overrides = _merged(chain.nodes) if whole else (own.node, [])
        extended: frozenset[str] = frozenset()
        tasks = root.get("tasks")
        if whole and tasks is not None and tasks.is_map:
            resolved = resolve_tasks(tasks)
            findings += resolved.findings
            overrides += resolved.overrides
            extended = frozenset(resolved.extended)
            tasks = resolved.node
            root = Node(
                {**root.value, "tasks": tasks}, root.source, root.mark, None, root.key_marks
            )
        findings += check_shape(root)
        names = _names(tasks)
        document = None
        if whole and all(finding.severity is not Severity.ERROR for finding in findings):
            parents = chain.paths[1:]
            document = _document(path, root, names, parents, findings, extended, overrides)
        return _Resolved(needs, document, tuple(findings), own.node.get("extends"), names)

    def _gather(self, chain: _Chain, own: Node, findings: list[Finding]) -> bool:
        """Reads the parents, nearest first; False where the chain of them is broken."""
        chain.nodes.append(own)
        while (extends := chain.nodes[-1].get("extends")) is not None:
            if not isinstance(extends.value, str) or not extends.value:
                return False  # for the shape check to refuse, where it stands
            try:
                path = resolve_path(extends.value, chain.paths[-1])
            except PathEscape as error:
                message = f"{quoted(extends.value)} is {error}"
                findings.append(at_node("path-escape", message, extends))
                return False
            if not self._follow(chain, path, extends, findings):
                return False
        return True

    def _follow(self, chain: _Chain, path: str, extends: Node, findings: list[Finding]) -> bool:
        if path in chain.paths:
            findings.append(_circle(chain, chain.paths.index(path)))
            return False
        if len(chain.paths) > MAX_EXTENDS:
            message = f"more than {MAX_EXTENDS} files extend one another"
            findings.append(at_node("extends-cycle", message, extends))
            return False
        chain.paths.append(path)
        parent = self._file(path)
        if parent.fault is not None:
            findings.append(_no_parent(extends, path, parent.fault))
            return False
        findings += parent.findings
        if parent.node is None:
            return False
        findings += self._as_parent(path, parent.node)
        chain.nodes.append(parent.node)
        return parent.node.is_map

    def _as_parent(self, path: str, node: Node) -> tuple[Finding, ...]:
        """What is wrong with a parent in itself, even where a child happens to cover it up."""
        if path not in self._as_parents:
            self._as_parents[path] = check_shape(node, partial=True)
        return self._as_parents[path]


class _Chain:
    """A policy file and its parents, nearest first; `paths` may end with one that is not there."""

    def __init__(self, path: str) -> None:
        self.nodes: list[Node] = []
        self.paths = [path]


def _merged(nodes: Sequence[Node]) -> tuple[Node, list[tuple[Node, Node]]]:
    """One document from a file and its parents, and what was merged into what.

    The version is each file's own.
    """
    if len(nodes) == 1:
        return nodes[0], []
    merged = without(nodes[-1], "extends", "version")
    overrides: list[tuple[Node, Node]] = []
    for node in reversed(nodes[:-1]):
        own = without(node, "extends") if node is nodes[0] else without(node, "extends", "version")
        overrides.append((merged, own))
        merged = merge(merged, own)
    return merged, overrides


def _document(
    path: str,
    root: Node,
    names: dict[str, Node],
    parents: Sequence[str],
    warned: Sequence[Finding],
    extended: frozenset[str],
    overrides: Sequence[tuple[Node, Node]],
) -> Document:
    models, tasks = root.get("models"), root.get("tasks")
    return Document(
        file=path,
        models=dict(models.items()) if models is not None else {},
        tasks={name: tasks.value[name] for name in names} if tasks is not None else {},
        task_names=names,
        parents=tuple(parents),
        findings=tuple(warned),
        bases=_names(tasks, bases=True),
        extended=extended,
        overrides=tuple(overrides),
        models_map=models,
    )


def _names(tasks: Node | None, *, bases: bool = False) -> dict[str, Node]:
    """The tasks that are not parents only, or those that are."""
    if tasks is None or tasks.key_marks is None:
        return {}
    return {
        name: Node(name, *tasks.key_marks[name], "plain")
        for name in tasks.value
        if name.startswith("_") is bases
    }


# --- findings ----------------------------------------------------------------------------------


def unreadable(path: str, fault: SourceError) -> Finding:
    """The finding for a file that cannot be given."""
    rule = {"outside_root": "path-escape", "too_large": "yaml-too-large"}.get(
        fault.reason, "unreadable-file"
    )
    return at_mark(rule, fault.detail, SourceText(path, ""), (0, 0, 0, 1))


def _no_parent(extends: Node, path: str, fault: SourceError) -> Finding:
    if fault.reason == "missing":
        message = f"there is no file {quoted(path)} to extend"
        help_line = f"the path is taken from where {extends.source.file} lies"
        return at_node("missing-parent", message, extends, help=help_line)
    rule = "path-escape" if fault.reason == "outside_root" else "unreadable-file"
    return at_node(rule, f"{quoted(path)} cannot be extended: {fault.detail}", extends)


def _circle(chain: _Chain, start: int) -> Finding:
    """The same finding from wherever the circle is entered, so that it is said once."""
    paths, nodes = chain.paths[start:], chain.nodes[start:]
    first = paths.index(min(paths))
    circle = [*paths[first:], *paths[: first + 1]]
    message = f"files extend each other in a circle: {' -> '.join(circle)}"
    return at_node("extends-cycle", message, nodes[first].value["extends"])


def _duplicates(resolved: dict[str, _Resolved]) -> list[Finding]:
    """Tasks that two files define: else the order of loading would decide between them."""
    first: dict[str, tuple[str, Node]] = {}
    found: list[Finding] = []
    for path, one in resolved.items():
        for name, node in one.names.items():
            if name in first:
                found.append(_duplicate(path, one.extends, node, *first[name]))
            else:
                first[name] = (path, node)
    return found


def _duplicate(
    path: str, extends: Node | None, name: Node, first_path: str, first: Node
) -> Finding:
    task = quoted(name.value)
    if name.source.file != path and extends is not None:  # the name is written in a parent
        message = f"{first_path} and {path} both have the task {task} of {name.source.file}"
        help_line = f"call it `_{name.value}` there; let tasks with names of their own extend it"
        notes = [f"the name is written on {name.span}"]
        if first.span != name.span:
            notes.append(f"and on {first.span}")
        return at_node("duplicate-task", message, extends, help=help_line, notes=notes)
    message = f"the task {task} is defined for the second time"
    help_line = "rename one of them: a task's name is unique in the whole policy set"
    notes = [f"first on {first.span}"]
    return at_node("duplicate-task", message, name, help=help_line, notes=notes)


def _once(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Sorted by place, none twice, and no warning where an error says what is wrong."""
    unique = {(one.rule, one.span, one.message): one for one in findings}
    wrong = {one.span for one in unique.values() if one.severity is Severity.ERROR}
    kept = [
        one for one in unique.values() if one.severity is Severity.ERROR or one.span not in wrong
    ]
    return tuple(sorted(kept, key=lambda one: one.span))
