"""What the demo plays on: the triage example, its recorded replies, a page to print on."""

from __future__ import annotations

import html
import json
import shutil
import sys
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from router.emulator import Answer, Emulator, MessageRequest, Script, by_tag, fault, reply
from router.errors import SettingsError
from router.resources import shipped

__all__ = ["Page", "Stage", "quoted"]

_LATENCY = 0.2  # seconds; the map must last for two edits, and nobody should have to wait
_WIDTH = 100


@dataclass(frozen=True, slots=True)
class Stage:
    """A copy of the triage example in a directory of the demo's own, and its emulated Claude."""

    root: Path
    home: Path  # the example itself
    messages: tuple[Mapping[str, Any], ...]
    answers: Mapping[str, Mapping[str, Any]]  # by id, then by tier
    claude: Emulator

    @classmethod
    def build(cls, root: Path) -> Stage:
        """Raises SettingsError where the example is missing or damaged."""
        try:
            home = shipped("examples/support_triage")
            shutil.copytree(home / "policies", root / "policies")
            messages = _lines(home / "messages.jsonl")
            answers = {str(line["id"]): line for line in _lines(home / "replies.jsonl")}
        except (OSError, ValueError, KeyError) as error:
            raise SettingsError(f"the demo's example is not whole: {error}") from None
        bare = ({"id": m["id"], "message": m["message"], "plan": m["plan"]} for m in messages)
        rows = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in bare)
        (root / "messages.jsonl").write_text(rows, encoding="utf-8")
        by_text = {str(m["message"]).strip(): answers[str(m["id"])] for m in messages}
        claude = Emulator(Script(strict=True), _Recorded(by_text))
        return cls(root, home, messages, answers, claude)

    @property
    def policy(self) -> Path:
        return self.root / "policies" / "triage.yaml"

    def message(self, message_id: str) -> Mapping[str, Any]:
        return next(m for m in self.messages if m["id"] == message_id)

    def inputs(self, message_id: str) -> dict[str, Any]:
        message = self.message(message_id)
        return {"message": message["message"], "plan": message["plan"]}

    def overload_once(self, message_id: str) -> None:
        """The next request with this message meets a 529, the one after it is answered."""
        text = str(self.message(message_id)["message"])[:40]
        self.claude.script.on(text=text, nth=1).reply(fault("overloaded"))

    def edit(self, before: str, after: str) -> None:
        """Change the policy as an editor does: a whole new file under the old name."""
        text = self.policy.read_text(encoding="utf-8")
        if text.count(before) != 1:
            raise SettingsError(f"the demo's policy has no single {before!r}")
        beside = self.policy.with_suffix(".tmp")
        beside.write_text(text.replace(before, after), encoding="utf-8")
        beside.replace(self.policy)


class _Recorded:
    """Replies found by the message that is being routed."""

    def __init__(self, by_text: Mapping[str, Mapping[str, Any]]) -> None:
        self._by_text = by_text
        self._message_of = by_tag("message")

    def reply_to(self, request: MessageRequest) -> Answer | None:
        text = html.unescape(self._message_of(request) or "")
        answer = self._by_text.get(text, {}).get(request.tier or "")
        return None if answer is None else reply(answer, latency=_LATENCY)


@dataclass(slots=True)
class Page:
    """Prints what happens, and remembers what it claimed and did not find."""

    broken: list[str] = field(default_factory=list)
    held: int = 0

    def say(self, text: str = "", indent: int = 0) -> None:
        pad = " " * indent
        for line in text.split("\n"):
            wrapped = textwrap.wrap(line, _WIDTH, initial_indent=pad, subsequent_indent=pad)
            print(*(wrapped or [""]), sep="\n")  # noqa: T201 - where a live display may be above
        sys.stdout.flush()

    def exactly(self, text: str, indent: int = 0) -> None:
        """Text that has its own layout."""
        print(textwrap.indent(text.rstrip("\n"), " " * indent))  # noqa: T201 - as in `say`
        sys.stdout.flush()

    def head(self, text: str) -> None:
        self.say(f"\n{text}")

    def claim(self, text: str, holds: object) -> None:
        """Print what is so; if it is not, say that instead and fail the demo."""
        if holds:
            self.held += 1
            self.say(f"- {text}", 3)
        else:
            self.broken.append(text)
            self.say(f"- DOES NOT HOLD: {text}", 3)


def quoted(text: str, width: int = 84) -> str:
    """The beginning of a message, in quotes, on one line."""
    return f'"{textwrap.shorten(text, width, placeholder=" …")}"'


def _lines(path: Path) -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())
