"""What a script may say: an answer or a fault, as plain values, and short ways to make them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from router.emulator.wire import Ending

__all__ = [
    "Answer",
    "Fault",
    "Item",
    "StreamFault",
    "as_item",
    "call_tool",
    "refuse",
    "reply",
    "truncate",
]


@dataclass(frozen=True, slots=True)
class StreamFault:
    """What goes wrong in an answer that began well. All counts are of events or bytes sent.

    `tamper` sees the list of (event name, data) of a stream and gives back another.
    """

    error: str | None = None  # an `event: error` of this type …
    message: str = "Overloaded"
    after_events: int | None = None  # … or the cut, after so many events; None: in the middle
    ending: Ending = Ending.COMPLETE
    tamper: (
        Callable[[list[tuple[str, dict[str, Any]]]], list[tuple[str, dict[str, Any]]]] | None
    ) = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A message. At most one of `text`, `output` and `content` is given; with none of them the
    emulator makes up the content itself.

    `latency` is the time to the first byte, `pace` the time between events of a stream (a whole
    body takes their sum), both in seconds. `usage` overrides single fields of the usage that the
    emulator computes; a value of None removes the field.
    """

    text: str | None = None
    output: Any = None  # sent as JSON text
    has_output: bool = False  # tells an output of null from none
    content: tuple[Mapping[str, Any], ...] | None = None
    stop_reason: str | None = None  # None: what follows from the content
    stop_details: Mapping[str, Any] | None = None
    thinking: str | None = None
    thinking_tokens: int = 0
    usage: Mapping[str, Any] = field(default_factory=dict)
    latency: float = 0.0
    pace: float = 0.0
    model: str | None = None  # the model the reply names, when it is another than was asked
    headers: Mapping[str, str] = field(default_factory=dict)
    stream_fault: StreamFault | None = None
    drip: int = 0  # pieces of so many bytes, each after `pace`; 0: by events

    def with_fault(self, fault: StreamFault) -> Answer:
        """This answer, going wrong on the way."""
        return replace(self, stream_fault=fault)


@dataclass(frozen=True, slots=True)
class Fault:
    """An HTTP answer that is no message, or a connection that breaks.

    `retry_after` is in seconds; with `as_date` it is sent as an HTTP date instead. `body` replaces
    the API's error shape by raw bytes.
    """

    status: int = 500
    message: str = "Internal server error"
    kind: str | None = None  # error type; None: the one that goes with the status
    code: str | None = None  # error_code
    retry_after: float | None = None
    as_date: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | None = None
    content_type: str = "application/json"
    ending: Ending = Ending.COMPLETE
    latency: float = 0.0


Item = Answer | Fault


def reply(
    answer: Any = None,
    /,
    *,
    output: Any = ...,
    text: str | None = None,
    content: Sequence[Mapping[str, Any]] | None = None,
    **options: Any,
) -> Answer:
    """An answer: a string is text, any other JSON value is structured output. With neither, the
    emulator makes up the content and only the options count.

    `options` are the other fields of `Answer`: `stop_reason`, `usage`, `latency`, `pace`, `model`,
    `thinking`, `thinking_tokens`, `headers`, `drip`.

    Raises:
        TypeError: an unknown option, or more than one of answer, output, text and content.
    """
    given = [answer is not None, output is not ..., text is not None, content is not None]
    if sum(given) > 1:
        raise TypeError("give one of: an answer, output=, text=, content=")
    if isinstance(answer, str):
        text = answer
    elif answer is not None:
        output = answer
    if output is not ...:
        json.dumps(output)  # an answer that is no JSON value is a mistake of the script
        return Answer(output=output, has_output=True, **options)
    if content is not None:
        return Answer(content=tuple(content), **options)
    return Answer(text=text, **options)


def as_item(value: Any) -> Item:
    """A reply as Python code gives it: a string is text, another JSON value is an output."""
    if isinstance(value, Answer | Fault):
        return value
    return reply(text=value) if isinstance(value, str) else reply(output=value)


def refuse(category: str | None = None, explanation: str | None = None, **options: Any) -> Answer:
    """A refusal by the API's classifiers: HTTP 200, `stop_reason: refusal`, no content.

    Categories known to anthropic 2.12 (types/refusal_stop_details.py): cyber, bio, frontier_llm,
    reasoning_extraction, general_harms, and none. `text=` gives a refusal in mid-answer.
    """
    details = {"type": "refusal", "category": category, "explanation": explanation}
    return Answer(stop_reason="refusal", stop_details=details, **options)


def truncate(answer: Any = "", /, **options: Any) -> Answer:
    """An answer that ran into max_tokens: what is given is what came through of it."""
    text = answer if isinstance(answer, str) else json.dumps(answer)[:-1]
    return Answer(text=text, stop_reason="max_tokens", **options)


def call_tool(name: str, arguments: Mapping[str, Any], /, **options: Any) -> Answer:
    """A call of a tool, with the arguments the model chose."""
    block = {"type": "tool_use", "name": name, "input": dict(arguments)}
    return Answer(content=(block,), **options)
