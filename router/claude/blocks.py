"""Content blocks of a stream, put together from their deltas."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from router.engine.strict_json import StrictJsonError, parse_json_strict

__all__ = ["BadBlock", "GrowingBlock"]

_TOOLS = frozenset({"tool_use", "server_tool_use", "mcp_tool_use"})
_KNOWN = _TOOLS | {"text", "thinking", "redacted_thinking"}

# What each known delta may grow, and the member that carries its piece.
_DELTAS = {
    "text_delta": (frozenset({"text"}), "text"),
    "citations_delta": (frozenset({"text"}), "citation"),
    "thinking_delta": (frozenset({"thinking"}), "thinking"),
    "signature_delta": (frozenset({"thinking"}), "signature"),
    "input_json_delta": (_TOOLS, "partial_json"),
}


class BadBlock(Exception):
    """A block or a delta that cannot be; the message is ours and quotes nothing."""


class GrowingBlock:
    """One content block between its start and its stop."""

    __slots__ = ("_citations", "_pieces", "_signature", "_start", "characters", "kind")

    def __init__(self, start: Any) -> None:
        """Raises BadBlock for a start that is no content block."""
        if not isinstance(start, dict) or not isinstance(start.get("type"), str):
            raise BadBlock("a content block without a type")
        self._start: dict[str, Any] = start
        self.kind: str = start["type"]
        self._pieces: list[str] = []
        self._signature: list[str] = []
        self._citations: list[Any] = []
        self.characters = 0  # of output seen, for an estimate when the stream is cut

    def opening_text(self) -> str:
        """Text that came with the start itself; the API sends none, other servers may."""
        text = self._start.get("text", "") if self.kind == "text" else ""
        if not isinstance(text, str):
            raise BadBlock("a text block whose text is none")
        if text:
            self._add(text)
        return text

    def grow(self, delta: Any) -> str:
        """Take one delta and give the text it adds to the answer, "" for all other kinds.

        Raises:
            BadBlock: the delta is malformed or does not fit the block.
        """
        if not isinstance(delta, dict) or not isinstance(delta.get("type"), str):
            raise BadBlock("a delta without a type")
        kind = delta["type"]
        known = _DELTAS.get(kind)
        if known is None or self.kind not in _KNOWN:
            return ""  # newer than this version: skipped, as the API asks of its clients
        fits, member = known
        if self.kind not in fits:
            raise BadBlock("a delta that does not fit its block")
        piece = delta.get(member)
        if kind == "citations_delta":
            if not isinstance(piece, dict):
                raise BadBlock("a citation that is none")
            self._citations.append(piece)
            return ""
        if not isinstance(piece, str):
            raise BadBlock("a delta without its text")
        if kind == "signature_delta":
            self._signature.append(piece)
            return ""
        self._add(piece)
        return piece if kind == "text_delta" else ""

    def _add(self, piece: str) -> None:
        self._pieces.append(piece)
        self.characters += len(piece)

    @property
    def grown(self) -> str:
        """All pieces so far."""
        return "".join(self._pieces)

    def finish(self) -> tuple[Mapping[str, Any], str | None]:
        """The whole block, and what is wrong with its tool input, if anything.

        Broken tool input is the caller's to judge: where the answer was cut by `max_tokens` it
        is what the API sends, anywhere else it is a fault.
        """
        block = dict(self._start)
        if self.kind == "text":
            block["text"] = self.grown
            if self._citations:
                block["citations"] = [*(block.get("citations") or ()), *self._citations]
        elif self.kind == "thinking":
            block["thinking"] = self.grown or block.get("thinking", "")
            if self._signature:
                block["signature"] = "".join(self._signature)
        elif self.kind in _TOOLS:
            return self._finish_tool(block)
        return block, None

    def _finish_tool(self, block: dict[str, Any]) -> tuple[Mapping[str, Any], str | None]:
        text = self.grown
        if not text:
            block.setdefault("input", {})
            return block, None
        try:
            value = parse_json_strict(text)
        except StrictJsonError as error:
            problem = f"tool input that is not JSON: {error}"
        else:
            if isinstance(value, dict):
                block["input"] = value
                return block, None
            problem = "tool input that is no object"
        block["input"] = {}
        block["partial_input"] = text
        return block, problem
