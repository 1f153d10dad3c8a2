"""What the speed benchmarks run: one ticket, its policy, and the answer of a model that is sure."""

from __future__ import annotations

import json
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from pathlib import Path
from typing import Any

from router.claude.transport import AsyncWireStream, WireReply, WireRequest, WireStream

__all__ = ["ANSWER", "INPUTS", "MODEL", "POLICY", "TASK", "AsyncStub", "Stub"]

POLICY = Path(__file__).resolve().parent / "policies" / "tickets.yaml"
TASK = "ticket"
MODEL = "claude-haiku-5-5"

INPUTS = {
    "subject": "Charged twice for order 30417",
    "message": (
        "Hello, I ordered a pair of running shoes on Monday and your shop took the money two "
        "times from my account, 79.90 each. The order page shows only one order. Please send one "
        "of the two payments back, I need it before the end of the month. Thank you, Ana"
    ),
    "customer": "Ana Petrova",
    "plan": "pro",
    "language": "en",
}

_OUTPUT = {
    "label": "billing",
    "confidence": 0.94,
    "explanation": "The customer was charged two times and asks for one payment back.",
}
ANSWER = json.dumps(
    {
        "id": "msg_01Bench7Ticket9Answer1234",
        "type": "message",
        "role": "assistant",
        "model": MODEL,
        "content": [{"type": "text", "text": json.dumps(_OUTPUT)}],
        "stop_reason": "end_turn",
        "stop_sequence": None,
        "usage": {
            "input_tokens": 612,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": 47,
            "service_tier": "standard",
        },
    }
).encode()
"""A Messages-API answer of 600 bytes."""

_HEADERS = {"content-type": "application/json", "request-id": "req_011BenchTicket"}


class Stub:
    """A transport that answers at once: what remains is what we cost ourselves."""

    emulated = False

    def __init__(self) -> None:
        self._reply = WireReply(200, _HEADERS, ANSWER)

    def send(self, request: WireRequest) -> WireReply:
        return self._reply

    def stream(self, request: WireRequest) -> AbstractContextManager[WireStream]:
        raise NotImplementedError

    def close(self) -> None:
        return


class AsyncStub:
    """The same, awaited."""

    emulated = False

    def __init__(self) -> None:
        self._reply = WireReply(200, _HEADERS, ANSWER)

    async def send(self, request: WireRequest) -> WireReply:
        return self._reply

    def stream(self, request: WireRequest) -> AbstractAsyncContextManager[AsyncWireStream]:
        raise NotImplementedError

    async def close(self) -> None:
        return


def checked(result: Any) -> None:
    """A benchmark of wrong answers would be worth nothing."""
    if result.output != _OUTPUT or not result.accepted or len(result.attempts) != 1:
        raise AssertionError(f"the benchmark's answer is not what it should be: {result}")
