"""An in-process Claude for offline use and tests; `router.testing` is its public face."""

from __future__ import annotations

from router.emulator.clock import Clock, ManualClock, SystemClock
from router.emulator.core import Emulator
from router.emulator.faults import FAULTS, fault, raw
from router.emulator.limits import RateLimits
from router.emulator.recordings import Recordings, by_digest, by_tag, recording_line
from router.emulator.replies import Answer, Fault, call_tool, refuse, reply, truncate
from router.emulator.request import MessageRequest
from router.emulator.script import Replies, Script
from router.emulator.spec import parse_item
from router.emulator.transport import AsyncEmulatorTransport, EmulatorTransport

__all__ = [
    "FAULTS",
    "Answer",
    "AsyncEmulatorTransport",
    "Clock",
    "Emulator",
    "EmulatorTransport",
    "Fault",
    "ManualClock",
    "MessageRequest",
    "RateLimits",
    "Recordings",
    "Replies",
    "Script",
    "SystemClock",
    "by_digest",
    "by_tag",
    "call_tool",
    "fault",
    "parse_item",
    "raw",
    "recording_line",
    "refuse",
    "reply",
    "truncate",
]
