"""Known findings: what was there when a project began to lint, so that only new ones count.

An entry is `(file, rule, JSON pointer of the node, hash of the node's content)`: lines above may
come and go and the file be laid out anew; when the node itself changes, its finding is new. Where
there is no node, as in a template, the line's own text is hashed.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from router.errors import SettingsError
from router.hashing import blake2b
from router.policy.nodes import Node, SourceText
from router.policy.yaml_reader import read_yaml
from router.types import Finding, Severity, Span

__all__ = ["Baseline", "Compared", "Entry", "Identities", "read_baseline", "write_baseline"]

_INDEX = re.compile(r"/\d+(?=/|$)")


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """One known finding; `file` is from where the baseline lies, with `/`."""

    file: str
    rule: str
    pointer: str  # empty where there is no node
    hash: str

    def __str__(self) -> str:
        return f"{self.rule} in {self.file} at {self.pointer or 'a line of text'}"

    @property
    def loose(self) -> tuple[str, str, str, str]:
        """The same wherever in its lists the node stands."""
        return (self.file, self.rule, _INDEX.sub("/*", self.pointer), self.hash)


class Compared(NamedTuple):
    """New findings, known ones, and entries that match nothing any more."""

    new: tuple[Finding, ...]
    known: tuple[Finding, ...]
    stale: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Baseline:
    """The entries of a file; equal ones stand for as many findings."""

    entries: tuple[Entry, ...] = ()

    def compare(self, findings: Sequence[Finding], entries: Sequence[Entry | None]) -> Compared:
        """Tells findings apart by their entries; one without an entry is always new.

        Exact matches go first, then those of nodes that have only moved within their lists.
        """
        left = Counter(self.entries)
        known: set[int] = set()
        for index, entry in enumerate(entries):
            if entry is not None and left[entry] > 0:
                left[entry] -= 1
                known.add(index)
        moved: dict[tuple[str, str, str, str], list[Entry]] = {}
        for entry in sorted(left.elements()):
            moved.setdefault(entry.loose, []).append(entry)
        for index, entry in enumerate(entries):
            if entry is not None and index not in known and moved.get(entry.loose):
                left[moved[entry.loose].pop(0)] -= 1
                known.add(index)
        return Compared(
            tuple(one for index, one in enumerate(findings) if index not in known),
            tuple(one for index, one in enumerate(findings) if index in known),
            tuple(sorted(left.elements())),
        )


class Identities:
    """Gives findings of one root their entries; each file is read once.

    Args:
        read: the bytes of a file of the root; None where there is none.
        named: the file as a baseline has it.
        infos: whether those that only inform are worth knowing, because they fail.
    """

    def __init__(
        self, read: Callable[[str], bytes | None], named: Callable[[str], str], *, infos: bool
    ) -> None:
        self._read = read
        self._named = named
        self._infos = infos
        self._texts: dict[str, SourceText] = {}
        self._nodes: dict[str, dict[Span, tuple[str, Node]]] = {}

    def entry(self, finding: Finding) -> Entry | None:
        """None for errors, which no baseline holds, and for infos that do not fail."""
        if finding.severity is Severity.ERROR:
            return None
        if finding.severity is Severity.INFO and not self._infos:
            return None
        span = finding.span
        found = self._places(span.file).get(span)
        pointer, content = ("", self._line(span)) if found is None else _content(*found)
        digest = blake2b(content.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
        return Entry(self._named(span.file), finding.rule, pointer, digest)

    def _places(self, file: str) -> dict[Span, tuple[str, Node]]:
        if file not in self._nodes:
            data = self._read(file) if file.endswith((".yaml", ".yml")) else None
            root = None if data is None else read_yaml(data, file).node
            self._nodes[file] = {} if root is None else _places(root)
        return self._nodes[file]

    def _line(self, span: Span) -> str:
        text = self._texts.get(span.file)
        if text is None:
            data = self._read(span.file) or b""
            decoded = data.decode("utf-8", "replace").removeprefix("\ufeff")
            text = self._texts[span.file] = SourceText(span.file, decoded)
        return text.line(span.line).strip()


def _places(root: Node) -> dict[Span, tuple[str, Node]]:
    """Pointer and node by the place of the node, or of its key; the outer where two are equal."""
    found: dict[Span, tuple[str, Node]] = {}
    pending, seen = [("", root)], {id(root)}
    while pending:
        pointer, node = pending.pop()
        found.setdefault(node.span, (pointer, node))
        children: Iterable[tuple[str | int, Node]] = (
            node.items() if node.is_map else enumerate(node.elements())
        )
        for key, child in children:
            inner = f"{pointer}/{str(key).replace('~', '~0').replace('/', '~1')}"
            if isinstance(key, str):
                found.setdefault(node.key_span(key), (inner, child))
            if id(child) not in seen:  # aliases lead to a node again
                seen.add(id(child))
                pending.append((inner, child))
    return found


def _content(pointer: str, node: Node) -> tuple[str, str]:
    return pointer, json.dumps(node.plain(), sort_keys=True, ensure_ascii=False)


# --- the file -------------------------------------------------------------------------------------


def read_baseline(path: Path) -> Baseline:
    """Raises SettingsError: there is no such file, or it is no baseline."""
    try:
        whole: Any = json.loads(path.read_text(encoding="utf-8"))
        if whole["version"] != 1:
            raise SettingsError(f"{path} is a baseline of an unknown version")
        return Baseline(tuple(map(_entry, whole["findings"])))
    except FileNotFoundError:
        raise SettingsError(f"there is no baseline {path}; --write-baseline makes it") from None
    except OSError as error:
        raise SettingsError(f"cannot read {path}: {error.strerror}") from None
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        raise SettingsError(
            f"{path} is no baseline; if it was one, delete it, and --write-baseline makes another"
        ) from None


def _entry(written: Any) -> Entry:
    """Raises TypeError: it is none."""
    if not all(isinstance(value, str) for value in written.values()):
        raise TypeError("an entry is four texts")
    return Entry(**written)


def write_baseline(path: Path, entries: Iterable[Entry]) -> None:
    """One entry a line, sorted, so that a change of it can be reviewed.

    Raises:
        SettingsError: it cannot be written.
    """
    lines = [json.dumps(asdict(entry), ensure_ascii=False) for entry in sorted(entries)]
    body = ",\n".join(f"  {line}" for line in lines)
    text = f'{{"version": 1, "findings": [\n{body}\n]}}\n' if lines else _EMPTY
    real = Path(os.path.realpath(path))  # a link stays one
    beside = real.with_name(f".{real.name}.new")
    try:
        beside.write_text(text, encoding="utf-8")
        os.replace(beside, real)  # noqa: PTH105 - the whole file or the old one
    except OSError as error:
        raise SettingsError(f"cannot write {path}: {error.strerror}") from None


_EMPTY = '{"version": 1, "findings": []}\n'
