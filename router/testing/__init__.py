"""Test what you build on policies without a key, a network or a wait.

    from router.testing import Emulator, fault, refuse, reply

    def test_unsure_answers_go_to_the_next_tier(claude, router_factory):
        claude.script.on(tier="haiku").reply({"label": "other", "confidence": 0.4})
        …

The fixtures `claude`, `manual_clock` and `router_factory` come with the package. Names are loaded
when first used: pytest imports this package in every run, also where nobody uses it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from router.emulator.clock import ManualClock
    from router.emulator.core import Emulator
    from router.emulator.faults import FAULTS, fault, raw
    from router.emulator.limits import RateLimits
    from router.emulator.recordings import Recordings, by_digest, by_tag, recording_line
    from router.emulator.replies import Answer, Fault, call_tool, refuse, reply, truncate
    from router.emulator.request import MessageRequest
    from router.emulator.script import Script
    from router.emulator.sdk import async_emulator_transport, emulator_transport
    from router.emulator.server import EmulatorServer, serve
    from router.emulator.spec import parse_item
    from router.emulator.transport import AsyncEmulatorTransport, EmulatorTransport

__all__ = [
    "FAULTS",
    "Answer",
    "AsyncEmulatorTransport",
    "Emulator",
    "EmulatorServer",
    "EmulatorTransport",
    "Fault",
    "ManualClock",
    "MessageRequest",
    "RateLimits",
    "Recordings",
    "Script",
    "async_emulator_transport",
    "by_digest",
    "by_tag",
    "call_tool",
    "emulator_transport",
    "fault",
    "parse_item",
    "raw",
    "recording_line",
    "refuse",
    "reply",
    "serve",
    "truncate",
]

_HOMES = {
    "FAULTS": "faults",
    "Answer": "replies",
    "AsyncEmulatorTransport": "transport",
    "Emulator": "core",
    "EmulatorServer": "server",
    "EmulatorTransport": "transport",
    "Fault": "replies",
    "ManualClock": "clock",
    "MessageRequest": "request",
    "RateLimits": "limits",
    "Recordings": "recordings",
    "Script": "script",
    "async_emulator_transport": "sdk",
    "by_digest": "recordings",
    "by_tag": "recordings",
    "call_tool": "replies",
    "emulator_transport": "sdk",
    "fault": "faults",
    "parse_item": "spec",
    "raw": "faults",
    "recording_line": "recordings",
    "refuse": "replies",
    "reply": "replies",
    "serve": "server",
    "truncate": "replies",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'router.testing' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"router.emulator.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
