"""What lies open in an editor: texts that stand before those on disk, and their policy roots."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit
from urllib.request import url2pathname

from router.lint.paths import absolute

__all__ = ["Desk", "Document", "path_of"]

_MODELINE: Final = re.compile(
    r"^# *yaml-language-server: *\$schema=\S*\bpolicy(test)?\.schema\.json", re.MULTILINE
)
_USUAL: Final = "policies"


@dataclass(frozen=True, slots=True)
class Document:
    """One open document; `uri` is spelt as the client spells it."""

    uri: str
    path: Path
    version: int | None
    text: str


class Desk:
    """The open documents and the policy roots that they belong to.

    Roots are told at the start. Another one is found by a file whose modeline names our schema:
    the nearest directory above it that is called `policies`, or else the file's own.
    """

    def __init__(self, folder: Path, roots: Iterable[Path]) -> None:
        """
        Args:
            folder: what the editor has open; roots are looked for up to there.
        """
        self.folder = folder
        self._roots = [absolute(folder / root) for root in roots]
        self._documents: dict[str, Document] = {}

    def put(self, document: Document) -> None:
        """A document that was opened, or its new text."""
        self._documents[document.uri] = document
        if self.root_of(document.path) is None and self._is_ours(document):
            above = [path for path in document.path.parents if path.is_relative_to(self.folder)]
            named = (path for path in above if path.name == _USUAL)
            self._roots.append(next(named, document.path.parent))

    def drop(self, uri: str) -> None:
        """A document that was closed: what is on disk counts again."""
        self._documents.pop(uri, None)

    def get(self, uri: str) -> Document | None:
        return self._documents.get(uri)

    def at(self, path: Path) -> Document | None:
        """The open document of a file."""
        return next((one for one in self._documents.values() if one.path == path), None)

    def root_of(self, path: Path) -> Path | None:
        """The innermost root that holds a file; None where nobody asked for a judgement."""
        holding = [root for root in self._roots if path.is_relative_to(root)]
        return max(holding, key=lambda root: len(root.parts), default=None)

    def roots_in_use(self) -> set[Path]:
        """The roots that an open document belongs to."""
        found = (self.root_of(document.path) for document in self._documents.values())
        return {root for root in found if root is not None}

    def texts(self, root: Path) -> dict[str, bytes]:
        """The open documents under a root, by their path in it."""
        return {
            one.path.relative_to(root).as_posix(): one.text.encode("utf-8", "replace")
            for one in self._documents.values()
            if one.path.is_relative_to(root)
        }

    def _is_ours(self, document: Document) -> bool:
        return document.path.suffix in (".yaml", ".yml") and bool(_MODELINE.search(document.text))


def path_of(uri: str) -> Path | None:
    """The file that a URI names; None for what is in no file system, such as a new buffer."""
    try:
        parts = urlsplit(uri)
    except ValueError:
        return None
    name = url2pathname(parts.path)
    return absolute(Path(name)) if parts.scheme == "file" and "\0" not in name else None
