"""Upper bounds: how many tokens a prompt can have at most, and what one attempt can cost at most.

Estimates (`router.catalog.tokens`) say what to expect; bounds say what to reserve. They err
upwards: a budget that reserves too little is none.

- A tokenizer never makes more tokens than bytes. Runs of letters, blanks and line ends are counted
  at two bytes a token (prose has 2.5 characters or more), every other byte (digits, punctuation,
  everything outside ASCII) at one.
- An image counts 5,000 tokens, over what the largest accepted resolution takes; a PDF 6,000 a
  page that is seen in it, or one a byte where its pages are packed; a document or image that is
  given by address or file id cannot be measured and counts 200,000.
- Text that the API adds (tool use, structured output, message frames) counts as constants above
  the published figures.
- No prompt can exceed the model's context window: longer ones are refused unbilled.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from router.catalog.models import Model
from router.catalog.pricing import worst_case
from router.compiler.model import Tier, Ttl
from router.errors import CatalogError

__all__ = [
    "Body",
    "content_bound",
    "dearest_ttl",
    "json_bound",
    "prompt_bound",
    "reservation",
    "settings_bound",
    "text_bound",
]

_PROSE = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ \n"
_IMAGE = 5_000
_PDF_PAGE = 6_000
_UNMEASURED = 200_000
_TOOLS = 1_000  # the API's own tool-use prompt: up to 804 tokens, Claude Opus 4.7
_FORMAT = 500
_FRAME = 16  # role and separators of one message or block

_PAGE = re.compile(rb"/Type\s*/Page(?![a-zA-Z])")
_NOTHING = Decimal(0)


class Body(dict[str, Any]):
    """A request body that knows the upper bound of its prompt tokens and its dearest cache write.

    A plain dict to everyone else. Both ride along because they are known piece by piece when the
    body is put together, and would cost a walk over the whole of it later.
    """

    __slots__ = ("bound", "ttl")
    bound: int
    ttl: Ttl | None


def text_bound(text: str) -> int:
    """At most so many tokens."""
    data = text.encode("utf-8", "surrogatepass")
    dense = len(data.translate(None, _PROSE))
    return dense + (len(data) - dense) // 2 + 1


def json_bound(value: Any) -> int:
    """At most so many tokens for any JSON value, as the API writes it into the prompt."""
    if isinstance(value, str):
        return text_bound(value) + 2
    if isinstance(value, Mapping):
        return 2 + sum(text_bound(str(k)) + 4 + json_bound(v) for k, v in value.items())
    if isinstance(value, list | tuple):
        return 2 + sum(1 + json_bound(item) for item in value)
    return len(str(value))


def content_bound(blocks: str | Iterable[Mapping[str, Any]]) -> int:
    """At most so many tokens for the content of one message or of the system prompt."""
    if isinstance(blocks, str):
        return text_bound(blocks) + _FRAME
    total = _FRAME
    for block in blocks:
        kind = block.get("type")
        if kind == "text":
            total += text_bound(block["text"]) + _FRAME
        elif kind == "image" or kind == "document":
            total += _media_bound(block)
        elif kind == "tool_result":
            total += content_bound(block.get("content", ())) + 4 * _FRAME
        else:
            total += json_bound(block)
    return total


def prompt_bound(body: Mapping[str, Any]) -> int:
    """At most so many prompt tokens for a Messages-API body; walks it where it is no `Body`."""
    if isinstance(body, Body):
        return body.bound
    total = settings_bound(body.get("tools", ()), body.get("output_config"))
    total += content_bound(body.get("system", ()))
    for turn in body.get("messages", ()):
        total += content_bound(turn["content"])
    return total


def settings_bound(
    tools: Iterable[Mapping[str, Any]], output_config: Mapping[str, Any] | None
) -> int:
    """At most so many tokens for what a request carries beside its prompt."""
    total = 0
    tools = tuple(tools)
    if tools:
        total += _TOOLS + json_bound(tools)
    if output_config and "format" in output_config:
        total += _FORMAT + json_bound(output_config["format"])
    return total


def reservation(tier: Tier, model: Model | None, body: Mapping[str, Any], today: date) -> Decimal:
    """The most that one attempt can cost, in USD: every prompt token at its dearest, all output.

    Zero for local tiers.

    Raises:
        CatalogError: the catalog does not know the model, or no price of it for that day.
    """
    if tier.local:
        return _NOTHING
    if model is None:
        raise CatalogError(
            f"the catalog does not know the model {tier.model!r} of tier {tier.name}"
        )
    tokens = prompt_bound(body)
    if model.limits is not None and tokens > model.limits.context_window:
        tokens = model.limits.context_window
    ttl = dearest_ttl(body)
    return worst_case(
        model,
        tokens,
        tier.max_tokens,
        at=today,
        cache_5m=tokens if ttl == "5m" else 0,
        cache_1h=tokens if ttl == "1h" else 0,
        speed=tier.speed,
        geography=tier.geography,
    )


def dearest_ttl(body: Mapping[str, Any]) -> Ttl | None:
    """The longest lifetime that a breakpoint of the body asks for; its writes cost most."""
    if isinstance(body, Body):
        return body.ttl
    found: Ttl | None = None
    for block in _cacheable(body):
        control = block.get("cache_control")
        if control is not None:
            if control.get("ttl") == "1h":
                return "1h"
            found = "5m"
    return found


def _cacheable(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield from body.get("tools", ())
    system = body.get("system", ())
    if not isinstance(system, str):
        yield from system
    for turn in body.get("messages", ()):
        if not isinstance(turn["content"], str):
            yield from turn["content"]


def _media_bound(block: Mapping[str, Any]) -> int:
    source = block["source"]
    extra = text_bound(block.get("title") or "") + text_bound(block.get("context") or "") + _FRAME
    kind = source.get("type")
    if kind == "text":
        return text_bound(source["data"]) + extra
    if kind == "content":
        return content_bound(source["content"]) + extra
    if kind == "base64":
        return extra + (_IMAGE if block["type"] == "image" else _pdf_bound(source["data"]))
    if block["type"] == "image":  # by address or file id: scaled down by the API like any other
        return extra + _IMAGE
    return extra + _UNMEASURED


def _pdf_bound(data: str) -> int:
    try:
        raw = binascii.a2b_base64(data)
    except binascii.Error:
        return len(data)
    pages = len(_PAGE.findall(raw))
    return pages * _PDF_PAGE if pages else len(raw)
