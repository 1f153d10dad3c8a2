"""Keeping what real models answered, so that the same runs can be had again without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from router.emulator.recordings import recording_line
from router.engine.cascade import Cascade
from router.engine.effects import Call, CallAll, Effect, Outcome, Reply, Steps
from router.engine.run import Engine, RunRequest
from router.errors import RouterError
from router.types import Result, Usage

__all__ = ["RecordedRun"]


class RecordedRun(Cascade):
    """A run that hands every answer on as a line of a recording, as `Recordings` reads it.

    Faults are not kept: a replay is about what models say, and asks no endpoint.
    """

    def __init__(self, request: RunRequest, engine: Engine, keep: Callable[[str], object]) -> None:
        super().__init__(request, engine)
        self._keep = keep

    def steps(self) -> Steps[Result]:
        """As `Cascade.steps`."""
        steps = super().steps()
        try:
            effect = next(steps)
            while True:
                try:
                    outcome = yield effect
                except RouterError as error:
                    effect = steps.throw(error)
                else:
                    self._note(effect, outcome)
                    effect = steps.send(outcome)
        except StopIteration as end:
            result: Result = end.value
            return result
        finally:
            steps.close()

    def _note(self, effect: Effect, outcome: Any) -> None:
        if isinstance(effect, Call):
            self._note_one(effect.request.body, outcome)
        elif isinstance(effect, CallAll):
            for request, one in zip(effect.requests, outcome, strict=True):
                self._note_one(request.body, one)

    def _note_one(self, body: Mapping[str, Any], outcome: Outcome) -> None:
        if isinstance(outcome, Reply):
            self._keep(recording_line(body, _message(outcome)))


def _message(reply: Reply) -> dict[str, Any]:
    """The answer as the API writes it. Unknown usage is left to the replay to estimate."""
    message: dict[str, Any] = {
        "type": "message",
        "model": reply.model,
        "content": list(reply.content),
        "stop_reason": reply.stop_reason,
    }
    if reply.stop_details is not None:
        message["stop_details"] = dict(reply.stop_details)
    if reply.usage_known:
        message["usage"] = _usage(reply.usage)
    return message


def _usage(usage: Usage) -> dict[str, Any]:
    return {
        "input_tokens": usage.input_tokens,
        "output_tokens": usage.output_tokens,
        "cache_creation_input_tokens": usage.cache_write_5m_tokens + usage.cache_write_1h_tokens,
        "cache_read_input_tokens": usage.cache_read_tokens,
        "cache_creation": {
            "ephemeral_5m_input_tokens": usage.cache_write_5m_tokens,
            "ephemeral_1h_input_tokens": usage.cache_write_1h_tokens,
        },
        "output_tokens_details": {"thinking_tokens": usage.thinking_tokens},
    }
