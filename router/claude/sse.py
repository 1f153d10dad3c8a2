"""Server-sent events from bytes, in whatever pieces they come (WHATWG HTML, section 9.2)."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ServerEvent", "SseDecoder"]

_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class ServerEvent:
    """One event: its name, if the stream gave one, and its data lines joined.

    A browser drops an event without data. Here one that has a name is given all the same, its
    data empty: for the reader to judge what is missing.
    """

    name: str | None
    data: bytes


@dataclass(slots=True)
class SseDecoder:
    """Feed it bytes, it gives the events they complete. Keeps what is still unfinished."""

    _pieces: list[bytes] = field(default_factory=list)  # of a line whose end has not come yet
    _name: bytes | None = None
    _data: list[bytes] = field(default_factory=list)
    _after_cr: bool = False  # the last line ended in CR: a LF that follows belongs to it
    _begun: bool = False

    def feed(self, chunk: bytes) -> list[ServerEvent]:
        """The events that end within `chunk`."""
        if self._after_cr and chunk:
            self._after_cr = False
            if chunk[:1] == b"\n":
                chunk = chunk[1:]
        if b"\n" not in chunk and b"\r" not in chunk:
            if chunk:
                self._pieces.append(chunk)
            return []
        if self._pieces:
            self._pieces.append(chunk)
            chunk = b"".join(self._pieces)
            self._pieces.clear()
        self._after_cr = chunk[-1:] == b"\r"
        lines = chunk.splitlines()  # bytes: at \n, \r\n and \r only
        if chunk[-1:] not in (b"\n", b"\r"):
            self._pieces.append(lines.pop())
        events: list[ServerEvent] = []
        for line in lines:
            if not self._begun:
                self._begun = True
                line = line.removeprefix(_BOM)
            if line:
                self._field(line)
            else:
                self._dispatch(events)
        return events

    def _field(self, line: bytes) -> None:
        name, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if name == b"data":
            self._data.append(value)
        elif name == b"event":
            self._name = value
        # Comments (an empty name), `id`, `retry` and unknown fields carry nothing for us.

    def _dispatch(self, events: list[ServerEvent]) -> None:
        if self._data or self._name:
            name = self._name.decode("utf-8", "replace") if self._name else None
            events.append(ServerEvent(name, b"\n".join(self._data)))
        self._name = None
        self._data = []
