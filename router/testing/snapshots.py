"""Requests as they were sent, kept as text beside the tests and reviewed as a diff.

    === a sure answer stays on the first tier
    --- haiku: claude-haiku-5-5
    settings: block 1c20d3f58e67
    system[0]: block 3f2a9c1b04d1
    system[1]: block 8be01c22a974, cached 1h, prefix 5d1f0e7a3b60
    user 0[0]:
      | Plan of the sender: free

Settings and blocks of the system prompt stand once, under their digests; a cached prefix is named
by a digest of the model and all that it caches. Cases are compared with their blocks written out.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any

from router.catalog.tokens import estimate_body
from router.emulator.request import MessageRequest, blocks_of
from router.testing.driving import Outcome
from router.testing.expecting import Failure
from router.testing.suite import Case

__all__ = ["Snapshots", "snapshot_file"]

_HEAD = (
    "# Requests as `router test` saw them sent. Written by `router test --update`, not by hand.\n"
)
_CASE, _BLOCK = "=== ", "*** "
_REFERENCE = re.compile(r": block ([0-9a-f]{12})")
_HUNK = re.compile(r"@@ -(\d+)")
_DIFF_LINES = 24  # of one failure; the file itself is the better place to read more
_PROMPT = ("model", "system", "messages", "tools", "stream", "metadata")


def snapshot_file(tests: Path) -> Path:
    """Where the snapshots of a test file are: `__snapshots__/NAME.snap` beside it."""
    name = tests.stem if tests.suffix == ".yaml" else tests.name  # a.test.yml may stand beside it
    return tests.parent / "__snapshots__" / f"{name}.snap"


@dataclass(slots=True)
class Snapshots:
    """The snapshots of one test file: what is kept, and what was seen this time."""

    file: Path
    kept: Mapping[str, str] = field(default_factory=dict)  # sections by their head
    seen: dict[str, str] = field(default_factory=dict)
    update: bool = False
    failing: list[str] = field(default_factory=list)  # cases that an update passes over

    @classmethod
    def of(cls, tests: Path, *, update: bool = False) -> Snapshots:
        """Reads the file, if there is one. Raises OSError where it cannot be read."""
        file = snapshot_file(tests)
        return cls(file, _sections(_read(file)) if file.exists() else {}, update=update)

    def failures(self, case: Case, outcome: Outcome) -> Iterator[Failure]:
        """Notes what the case has sent; a failure where that is not what is kept."""
        blocks: dict[str, str] = {}
        head = _CASE + _line(case.name)
        text = self.seen[head] = _requests(case, outcome, blocks)
        self.seen.update(blocks)
        if self.update:
            return
        span = case.node.key_span("name")
        kept = self.kept.get(head)
        if kept is None:
            yield Failure(span, f"no snapshot in {self.file}: `router test --update` writes it")
            return
        before, after = _whole(kept, self.kept), _whole(text, self.seen)
        if before != after:
            yield Failure(
                span, f"the requests are not those of the snapshot:\n{_diff(before, after)}"
            )

    def keep(self, case: Case) -> None:
        """Notes a case that was not run: what is kept of it stays."""
        head = _CASE + _line(case.name)
        if head in self.kept:
            text = self.seen[head] = self.kept[head]
            names = (_BLOCK + name for name in _REFERENCE.findall(text))
            self.seen.update({name: self.kept[name] for name in names if name in self.kept})

    def keep_failing(self, case: Case) -> None:
        """Notes a case that failed: what it sends may be the mistake, and is not written."""
        self.keep(case)
        self.failing.append(case.name)

    def obsolete(self) -> list[str]:
        """Names of cases that are kept and were not seen. Only after all cases have run."""
        return [
            head.removeprefix(_CASE)
            for head in self.kept
            if head.startswith(_CASE) and head not in self.seen
        ]

    def write(self, *, whole: bool) -> bool:
        """Writes what was seen; True where the file has changed by it.

        Args:
            whole: all cases were run, so that what was not seen can go.
        """
        sections = self.seen if whole else {**self.kept, **self.seen}
        cases = {head: text for head, text in sections.items() if head.startswith(_CASE)}
        used = {name for text in cases.values() for name in _REFERENCE.findall(text)}
        parts = [_HEAD]
        parts += [f"{head}\n{text}" for head, text in cases.items()]
        parts += [f"{_BLOCK}{name}\n{sections[_BLOCK + name]}" for name in sorted(used)]
        text = "\n".join(parts)
        if self.file.exists() and _read(self.file) == text:
            return False
        self.file.parent.mkdir(exist_ok=True)
        self.file.write_text(text, encoding="utf-8", newline="\n")
        return True


# --- a request as text ----------------------------------------------------------------------------


def _requests(case: Case, outcome: Outcome, blocks: dict[str, str]) -> str:
    """The first request to each tier; the blocks that it refers to go into `blocks`."""
    first: dict[str, MessageRequest] = {}
    for request in outcome.requests:
        own = request.task == case.task
        first.setdefault(str(request.tier) if own else f"{request.task}/{request.tier}", request)
    lines = [line for name, one in first.items() for line in _request(name, one.body, blocks)]
    return "".join(f"{line}\n" for line in lines or ["nothing was sent"])


def _request(name: str, body: Mapping[str, Any], blocks: dict[str, str]) -> Iterator[str]:
    yield f"--- {name}: {body['model']}"
    settings = {key: value for key, value in body.items() if key not in _PROMPT}
    yield f"settings: {_refer(settings, blocks)}"
    marks = {one.where: one.ttl for one in estimate_body(body).prefixes}
    before = [body["model"]]
    for where, shown, block in _blocks(body):
        bare = {key: value for key, value in block.items() if key != "cache_control"}
        before.append(json.dumps(bare, sort_keys=True))
        cached = f", cached {marks[where]}, prefix {_digest(before)}" if where in marks else ""
        if where.startswith("messages"):
            yield f"{shown}{cached}:"
            yield from _lines(bare)
        else:
            yield f"{shown}: {_refer(bare, blocks)}{cached}"


def _refer(value: Mapping[str, Any], blocks: dict[str, str]) -> str:
    """A reference to a block, which goes into `blocks`. Blanks at the end of a line count."""
    digest = _digest([json.dumps(value, sort_keys=True)])
    blocks[_BLOCK + digest] = "".join(f"{line}\n" for line in _lines(value))
    return f"block {digest}"


def _blocks(body: Mapping[str, Any]) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Each block in the order of the cache: its place, what it is called here, and itself."""
    for index, tool in enumerate(body.get("tools") or ()):
        yield f"tools[{index}]", f"tools[{index}]", tool
    for index, block in enumerate(blocks_of(body.get("system"))):
        yield f"system[{index}]", f"system[{index}]", block
    for turn, message in enumerate(body["messages"]):
        for index, block in enumerate(blocks_of(message["content"])):
            where = f"messages[{turn}].content[{index}]"
            yield where, f"{message['role']} {turn}[{index}]", block


def _lines(block: Mapping[str, Any]) -> Iterator[str]:
    """The block's text, or itself as JSON; what does not print is written as an escape."""
    if block.keys() == {"type", "text"}:
        text = str(block["text"])
    else:
        text = json.dumps(block, ensure_ascii=False, sort_keys=True, indent=2)
    for line in text.split("\n"):
        if not line.isprintable():
            shown = (c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
            line = "".join(shown)
        yield f"  | {line}".rstrip()


def _digest(parts: list[str]) -> str:
    digest = blake2b(digest_size=6)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))  # no two lists run together
        digest.update(part.encode())
    return digest.hexdigest()


# --- the file -------------------------------------------------------------------------------------


def _read(file: Path) -> str:
    """Whatever is in it: what `--update` did not write holds for no case."""
    return file.read_text(encoding="utf-8", errors="replace")


def _sections(text: str) -> dict[str, str]:
    """Sections by their head lines; every other line is indented or a part of a request."""
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.split("\n"):
        if line.startswith((_CASE, _BLOCK)):
            lines = found[line] = []
        else:
            lines.append(line)
    return {
        head: "".join(f"{line}\n" for line in lines).rstrip("\n") + "\n"
        for head, lines in found.items()
    }


def _whole(text: str, sections: Mapping[str, str]) -> list[str]:
    """A case's lines with its blocks written out below the lines that refer to them."""
    lines: list[str] = []
    for line in text.splitlines():
        found = _REFERENCE.search(line)
        lines.append(line)
        if found and not line.startswith(" "):
            lines += sections.get(_BLOCK + found[1], "").splitlines()
    return lines


def _diff(before: list[str], after: list[str]) -> str:
    lines = []
    for line in list(difflib.unified_diff(before, after, "kept", "sent", lineterm="", n=1))[2:]:
        hunk = _HUNK.match(line)
        lines.append(line if hunk is None else _headed(before[: int(hunk[1]) + 1]))
    more = len(lines) - _DIFF_LINES
    shown = [f"      {line}" for line in lines[:_DIFF_LINES]]
    return "\n".join([*shown, *([f"      … {more} more lines"] if more > 0 else [])])


def _headed(before: Sequence[str]) -> str:
    """A hunk's head: in which block of which request it begins. The numbers of the lines that are
    compared are none of the file's, where blocks stand elsewhere.
    """
    heads = [line for line in before if line and not line.startswith(" ")]
    request = next((one for one in reversed(heads) if one.startswith("--- ")), "")
    block = heads[-1] if heads else ""
    tier = request.removeprefix("--- ").partition(":")[0]
    where = "" if block == request else f"{block.partition(':')[0]} of "
    return f"@@ {where}{tier} @@"


def _line(name: str) -> str:
    """A case's name on one line that every reader takes for one."""
    return "".join(c if c.isprintable() else " " for c in " ".join(name.split()))
