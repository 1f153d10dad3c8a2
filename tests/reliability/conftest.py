"""A Router over the real SDK and a loopback server that misbehaves on command."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.engine.limits import Circuits, Limits, RetryBudget
from router.router import Router
from router.settings import Settings
from router.types import Result, TextDelta

# One server for all tests over sockets: its home is beside the tests of the client.
_HOME = Path(__file__).parents[1] / "claude" / "conftest.py"
_spec = importlib.util.spec_from_file_location("fault_server", _HOME)
assert _spec is not None
assert _spec.loader is not None
_shared = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_shared)

server = _shared.server
kit = _shared.kit
environment = _shared.environment

PROMPT = "canary-prompt-5b1d"
POLICY = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5}
tasks:
  _base:
    input:
      type: object
      required: [topic]
      additionalProperties: false
      properties: {topic: {type: string, maxLength: 100}}
    prompt:
      user: |
        Write about {{ topic | tag("topic") }}
    retry: {retries: 1, base: 10ms, factor: 2, cap: 20ms}
  one: {extends: _base, tiers: [{model: haiku, max_tokens: 64, timeout: 1500ms}]}
  brief: {extends: _base, tiers: [{model: haiku, max_tokens: 64, timeout: 250ms}]}
  strict:
    extends: _base
    strict_model: true
    tiers: [{model: haiku, max_tokens: 64, timeout: 1500ms}]
  two:
    extends: _base
    tiers:
      - {model: haiku, max_tokens: 64, timeout: 500ms}
      - {model: sonnet, max_tokens: 64, timeout: 500ms}
  long: {extends: _base, tiers: [{model: haiku, max_tokens: 40000, timeout: 400ms}]}
"""
MODES = ("run", "stream", "arun", "astream")


class World:
    """A router, its ledger, and one way of asking it."""

    def __init__(self, folder: Path, url: str, mode: str, runner: asyncio.Runner) -> None:
        (folder / "policies").mkdir()
        (folder / "policies" / "p.yaml").write_text(POLICY)
        self.ledger = folder / "ledger.db"
        self.mode = mode
        self.streams = "stream" in mode
        self.router = Router(
            folder / "policies",
            ledger=self.ledger,
            base_url=url,
            watch=False,
            offline=False,
            settings=Settings.from_environment({}),
            limits=Limits(RetryBudget(), Circuits(random.Random(7).random)),
        )
        self.seen: list[str] = []
        self.took = 0.0
        self._runner = runner

    def ask(self, task: str = "one", deadline: float | None = 5.0) -> Result:
        """One run, by this world's door; notes how long it took and what was streamed."""
        started = time.monotonic()
        options: dict[str, Any] = {"deadline": deadline}
        try:
            if self.mode == "run":
                return self.router.run(task, {"topic": PROMPT}, **options)
            if self.mode == "stream":
                return self._last(list(self._noted(task, options)))
            if self.mode == "arun":
                return self._runner.run(self._awaited(task, options))
            return self._runner.run(self._astreamed(task, options))
        finally:
            self.took = time.monotonic() - started

    def _noted(self, task: str, options: dict[str, Any]) -> Iterator[Any]:
        for event in self.router.stream(task, {"topic": PROMPT}, **options):
            self._note(event)
            yield event

    def _note(self, event: Any) -> None:
        if isinstance(event, TextDelta):
            self.seen.append(event.text)

    @staticmethod
    def _last(events: list[Any]) -> Result:
        assert isinstance(events[-1], Result)
        return events[-1]

    async def _awaited(self, task: str, options: dict[str, Any]) -> Result:
        try:
            return await self.router.arun(task, {"topic": PROMPT}, **options)
        finally:
            await self._nothing_left()

    async def _astreamed(self, task: str, options: dict[str, Any]) -> Result:
        events = []
        try:
            async for event in self.router.astream(task, {"topic": PROMPT}, **options):
                self._note(event)
                events.append(event)
        finally:
            await self._nothing_left()
        return self._last(events)

    @staticmethod
    async def _nothing_left() -> None:
        for _ in range(10):  # generators that were dropped are closed in the loop's next turns
            await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    def close(self) -> None:
        self._runner.run(self.router.aclose())

    # --- what is on disk ------------------------------------------------------------------

    def attempts(self) -> list[dict[str, Any]]:
        return self._rows("SELECT * FROM attempts ORDER BY run_id, number")

    def runs(self) -> list[dict[str, Any]]:
        return self._rows("SELECT * FROM runs")

    def cost(self) -> Decimal:
        return sum((Decimal(row["cost"]) for row in self.attempts()), Decimal(0))

    def _rows(self, sql: str) -> list[dict[str, Any]]:
        connection = sqlite3.connect(self.ledger)
        connection.row_factory = sqlite3.Row
        try:
            return [dict(row) for row in connection.execute(sql)]
        finally:
            connection.close()

    def bytes_on_disk(self) -> bytes:
        return b"".join(path.read_bytes() for path in self.ledger.parent.glob("ledger.db*"))


@pytest.fixture(scope="session")
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as shared:
        yield shared


@pytest.fixture
def world(
    tmp_path: Path, runner: asyncio.Runner, environment: None
) -> Iterator[Callable[..., World]]:
    made: list[World] = []

    def make(url: str, mode: str, folder: str = "world") -> World:
        (tmp_path / folder).mkdir()
        made.append(World(tmp_path / folder, url, mode, runner))
        return made[-1]

    yield make
    for one in made:
        one.close()


def events(*items: tuple[str, dict[str, Any]]) -> bytes:
    """Server-sent events as the API writes them."""
    return b"".join(
        f"event: {name}\ndata: {json.dumps({'type': name, **data})}\n\n".encode()
        for name, data in items
    )


def start(**changes: Any) -> tuple[str, dict[str, Any]]:
    message = {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-haiku-5-5",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {"input_tokens": 12, "output_tokens": 1},
        **changes,
    }
    return ("message_start", {"message": message})


def delta(text: str) -> tuple[str, dict[str, Any]]:
    return ("content_block_delta", {"index": 0, "delta": {"type": "text_delta", "text": text}})


OPEN = ("content_block_start", {"index": 0, "content_block": {"type": "text", "text": ""}})
STOP = ("content_block_stop", {"index": 0})
END = (
    "message_delta",
    {"delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
)
LAST = ("message_stop", {})


class Wire:
    """Answers as bytes."""

    PROMPT = PROMPT
    MODES = MODES
    START, OPEN, STOP, END, LAST = start(), OPEN, STOP, END, LAST
    start = staticmethod(start)
    delta = staticmethod(delta)
    events = staticmethod(events)
    http = staticmethod(_shared.http)
    message = staticmethod(_shared.message)
    KEY: str = _shared.KEY

    @staticmethod
    def stream(*items: tuple[str, dict[str, Any]], **headers: str) -> bytes:
        """A whole stream in one HTTP answer, which ends in order after the last event."""
        return _shared.http(events(*items), kind="text/event-stream", **headers)

    @classmethod
    def good(cls, streams: bool, **changes: Any) -> bytes:
        if not streams:
            return _shared.http(_shared.message(**changes), request_id="req_1")
        changes.pop("content", None)
        first = start(**changes)
        return cls.stream(first, OPEN, delta("hel"), delta("lo"), STOP, END, LAST)

    @staticmethod
    def cut(*items: tuple[str, dict[str, Any]]) -> list[Any]:
        """A stream whose connection is closed before its announced end."""
        head = (
            b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncontent-length: 99999\r\n\r\n"
        )
        return [head + events(*items), _shared.CLOSE]

    @staticmethod
    def error(kind: str, code: str | None = None, **options: Any) -> bytes:
        """An API error that repeats the key, as a careless proxy would."""
        body = _shared.api_error(kind, f"no {_shared.KEY} today", code)
        return _shared.http(body, request_id="req_e", **options)


@pytest.fixture(scope="session")
def wire() -> type[Wire]:
    return Wire
