"""From a reply to an answer: the output parsed and checked, or the event that it is instead."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from router.compiler.model import Event, Task
from router.engine.effects import Reply
from router.engine.strict_json import StrictJsonError, parse_json_strict

__all__ = ["Answer", "read_answer"]

_FINISHED = frozenset({"end_turn", "stop_sequence", "tool_use"})
_TRUNCATED = frozenset({"max_tokens", "model_context_window_exceeded"})


class Answer(Struct, frozen=True):
    """What a tier answered. `event` is set where the answer never reaches a threshold."""

    reply: Reply
    output: Any
    event: Event | None = None
    problem: str | None = None  # what is wrong with it, in words

    @property
    def usable(self) -> bool:
        """Whether it may be handed out as the best there is, though not accepted."""
        return self.event is None or (
            self.event in (Event.TRUNCATED, Event.UNKNOWN_STOP) and self.output is not None
        )


def read_answer(task: Task, reply: Reply) -> Answer:
    """Hold a reply against the task's output schema."""
    stop = reply.stop_reason
    if stop == "refusal":
        category = (reply.stop_details or {}).get("category")
        words = f"refused ({category})" if category else "refused"
        return Answer(reply, None, Event.REFUSAL, words)
    if stop == "tool_use" or (task.tools and _calls_tool(reply)):
        # The caller carries out the call; the answer comes in a later run.
        return Answer(reply, reply.text or None)
    output, problem = _output(task, reply.text)
    if stop in _TRUNCATED:
        words = "cut at max_tokens" if stop == "max_tokens" else "the context window is full"
        return Answer(reply, None if problem else output, Event.TRUNCATED, words)
    if stop not in _FINISHED:
        return Answer(
            reply, None if problem else output, Event.UNKNOWN_STOP, f"unknown stop reason {stop}"
        )
    if problem:
        return Answer(reply, None, Event.INVALID_OUTPUT, problem)
    return Answer(reply, output)


def _output(task: Task, text: str) -> tuple[Any, str | None]:
    if task.output is None:
        return text, None if text.strip() else "the answer is empty"
    try:
        value = parse_json_strict(_unfenced(text))
    except StrictJsonError as error:
        return None, f"not JSON: {error}"
    problems = task.output.problems(value, plain=True)
    if problems:
        # The API does not promise the letter case of enum values; most answers need no repair.
        value = task.output.normalise(value)
        problems = task.output.problems(value)
    if problems:
        first = problems[0]
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        return None, f"output{'.' if first.path else ''}{first.path}: {first.message}{more}"
    return value, None


def _unfenced(text: str) -> str:
    """The JSON inside a code fence, if the whole text is one: habit of endpoints that do not
    enforce structured output."""
    stripped = text.strip()
    if not stripped.startswith("```") or not stripped.endswith("```") or len(stripped) < 6:
        return text
    first, _, rest = stripped[3:-3].partition("\n")
    return rest if first.strip() in ("", "json", "JSON") else text


def _calls_tool(reply: Reply) -> bool:
    return any(block.get("type") == "tool_use" for block in reply.content)
