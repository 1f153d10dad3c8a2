"""One editor's session: what it has open, what it was shown, and what it asks about that."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from router.lint.ignoring import ignoring
from router.lsp import shown
from router.lsp.desk import Desk, Document, path_of
from router.lsp.judging import Judge
from router.lsp.positions import Ruler, touch
from router.lsp.shown import Json, Shown
from router.types import Edit, Severity

__all__ = ["Session"]

_QUIET: Final = 0.15  # seconds without a message before texts are judged: a pause in typing
_LATEST: Final = 1.0  # seconds that a judgement is put off at most


class Session:
    """Judges the open documents' roots and answers from the last judgement.

    `patience` and `judge` are the debounce: the caller waits that long for a next message, and
    when none comes, has the texts judged.
    """

    def __init__(
        self,
        desk: Desk,
        encoding: str,
        publish: Callable[[Json], None],
        complain: Callable[[str], None],
    ) -> None:
        """
        Args:
            encoding: what the client counts columns in.
            publish: sends one file's diagnostics.
            complain: tells the author what is wrong with no file of theirs in particular.
        """
        self._desk = desk
        self._encoding = encoding
        self._publish = publish
        self._complain = complain
        self._judge = Judge(desk.folder)
        self._shown: dict[Path, dict[str, list[Shown]]] = {}  # by root and URI
        self._changed_at: float | None = None

    # --- what the author does ---------------------------------------------------------------

    def put(self, params: Json) -> None:
        """A document was opened, or has a new text."""
        said = params["textDocument"]
        path = path_of(said["uri"])
        # Whole texts, as agreed, of which the last one counts; none at all leaves the text.
        known = self._desk.get(said["uri"])
        given = [said, *params.get("contentChanges", ())]
        texts = [known.text] if known is not None else []
        texts += [one["text"] for one in given if "text" in one]
        if path is not None and texts:
            self._desk.put(Document(said["uri"], path, said.get("version"), texts[-1]))
            self.touch()

    def drop(self, params: Json) -> None:
        """A document was closed."""
        self._desk.drop(params["textDocument"]["uri"])
        self.touch()

    def touch(self, _: Any = None) -> None:
        """Something has changed, here or on disk."""
        if self._changed_at is None:
            self._changed_at = time.monotonic()

    def files_changed(self, params: Json) -> None:
        """Files have changed on disk; most of those in a workspace are nothing to us."""
        paths = [path_of(change["uri"]) for change in params["changes"]]
        if any(path and (self._desk.root_of(path) or path.suffix == ".toml") for path in paths):
            self.touch()

    # --- judging ----------------------------------------------------------------------------

    def patience(self) -> float | None:
        """How long to wait for the next message before judging; None: there is nothing to judge."""
        if self._changed_at is None:
            return None
        return max(0.0, min(_QUIET, self._changed_at + _LATEST - time.monotonic()))

    def judge(self) -> None:
        """Judge what has changed and show what was found."""
        self._changed_at = None
        known = self._judge.problem
        roots = self._desk.roots_in_use()
        for root in roots | self._shown.keys():
            now = self._judged(root) if root in roots else {}
            before = self._shown.pop(root, {})
            if now:
                self._shown[root] = now
            for uri in before.keys() - now.keys():
                self._publish({"uri": uri, "diagnostics": []})
            for uri, found in now.items():
                if found != before.get(uri) or self._desk.get(uri) is not None:
                    self._send(uri, found)
        if self._judge.problem is not None and self._judge.problem != known:
            self._complain(self._judge.problem)

    def _judged(self, root: Path) -> dict[str, list[Shown]]:
        """What is to be shown of a root, by URI; open documents with nothing to say included.

        Infos are for the text that the author is looking at: other files show only the rest.
        """
        texts = self._desk.texts(root)
        by_uri: dict[str, list[Shown]] = {self._uri(root / name): [] for name in texts}
        rulers: dict[str, Ruler] = {}
        for finding in self._judge.findings(root, texts):
            file = finding.span.file
            uri = self._uri(root / file)
            if finding.severity is Severity.INFO and self._desk.get(uri) is None:
                continue
            if file not in rulers:
                rulers[file] = self._ruler(root / file)
            by_uri.setdefault(uri, []).append(shown.show(finding, rulers[file]))
        return by_uri

    def _send(self, uri: str, found: list[Shown]) -> None:
        params: Json = {"uri": uri, "diagnostics": [one.diagnostic for one in found]}
        document = self._desk.get(uri)
        if document is not None and document.version is not None:
            params["version"] = document.version
        self._publish(params)

    def _uri(self, path: Path) -> str:
        document = self._desk.at(path)
        return path.as_uri() if document is None else document.uri

    def _ruler(self, path: Path) -> Ruler:
        return Ruler(self._text(path), self._encoding)

    def _text(self, path: Path) -> str:
        document = self._desk.at(path)
        if document is not None:
            return document.text
        try:
            return path.read_bytes().decode("utf-8-sig", "replace")
        except OSError:  # the finding says so
            return ""

    # --- what the author asks ---------------------------------------------------------------

    def hover(self, params: Json) -> Json | None:
        """The findings under the cursor, and the pages of their rules."""
        place = {"start": params["position"], "end": params["position"]}
        found = self._under(params["textDocument"]["uri"], place)
        contents = shown.hover(one for _, one in found)
        return None if contents is None else {"contents": contents}

    def actions(self, params: Json) -> list[Json]:
        """Ways to mend the findings of a range, and where the client asks for it, of the file."""
        uri, only = params["textDocument"]["uri"], params["context"].get("only") or ()
        found: list[Json] = []
        if any(f"{shown.FIX_ALL}.".startswith(f"{kind}.") for kind in only):
            found += self._fix_all(uri)
        if not only or "quickfix" in only:
            under = self._under(uri, params["range"])
            found += [action for root, one in under for action in self._actions_for(root, one)]
        return found

    def _fix_all(self, uri: str) -> Iterator[Json]:
        document = self._desk.get(uri)
        root = None if document is None else self._desk.root_of(document.path)
        if document is None or root is None:
            return
        texts = self._desk.texts(root)
        data = self._judge.fixed(root, texts, document.path.relative_to(root).as_posix())
        if data is not None:
            ruler = Ruler(document.text, self._encoding)
            whole = {"start": ruler.position(1, 1), "end": ruler.position(len(ruler.lines) + 1, 1)}
            yield shown.fix_all({uri: [{"range": whole, "newText": data.decode("utf-8")}]})

    def _actions_for(self, root: Path, one: Shown) -> Iterator[Json]:
        fix = one.finding.fix
        if fix is not None:
            yield shown.quick_fix(one, fix, self._changes(root, fix.edits))
        text = self._text(root / one.finding.span.file)
        comment = ignoring(one.finding, text.encode("utf-8", "replace"))
        if comment is not None:
            yield shown.suppression(one, self._changes(root, [comment]))

    def _under(self, uri: str, place: Json) -> Iterator[tuple[Path, Shown]]:
        """What is shown at a place, with its root; of the text as it is now."""
        if self._changed_at is not None:
            self.judge()
        for root, by_uri in self._shown.items():
            for one in by_uri.get(uri, ()):
                if touch(one.diagnostic["range"], place):
                    yield root, one

    def _changes(self, root: Path, edits: Iterable[Edit]) -> dict[str, list[Json]]:
        """Edits by URI, as an editor makes them."""
        found: dict[str, list[Json]] = {}
        for edit in edits:
            path = root / edit.span.file
            change = {"range": self._ruler(path).range(edit.span), "newText": edit.text}
            found.setdefault(self._uri(path), []).append(change)
        return found
