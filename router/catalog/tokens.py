"""How many tokens a text or a request body is likely to be, without asking the API.

There is no official offline tokenizer. These are estimates that lean upwards; `count_tokens`
of the API, or the ledger's own history, is the better judge where it is at hand.

Sources of the numbers: platform.claude.com pages on pricing (characters per token), vision
(28x28-pixel patches, a cap per image), PDF support and tool use, copies of August to October 2026.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, Final, Literal, NamedTuple

from router.catalog.models import Model

__all__ = [
    "IMAGE_TOKENS",
    "PDF_BYTES_PER_PAGE",
    "PDF_PAGE_TOKENS",
    "UNSEEN_DOCUMENT_PAGES",
    "BodyTokens",
    "PrefixTokens",
    "estimate_body",
    "estimate_json",
    "estimate_text",
    "estimate_tokens",
    "token_factor",
]

Tokenizer = Literal["new", "old"]

# Larger images are scaled down to this many 28x28 patches before they are billed (vision page:
# 4784 from the 4.7 generation on, 1568 before), so no image costs more.
IMAGE_TOKENS: Mapping[Tokenizer, int] = {"new": 4784, "old": 1568}

# The PDF page gives 1,500 to 3,000 tokens a page. The number of pages is not to be had without
# parsing, so it is guessed from the size: 40 kB is between a text page and a scanned one.
PDF_PAGE_TOKENS = 3000
PDF_BYTES_PER_PAGE = 40_000
UNSEEN_DOCUMENT_PAGES = 10  # a document by URL or file id, whose size nobody here knows

# The pricing page: from the 4.7 generation on, about 30 % more tokens for the same text.
_MORE_TOKENS: Final = Decimal("1.3")

# The largest tool-use system prompt published (Opus 4.7: auto, forced), where a model's is not.
_TOOL_PROMPT = (675, 804)


class PrefixTokens(NamedTuple):
    """A cache breakpoint and the estimated tokens from the start of the prompt up to it."""

    where: str  # "tools[0]", "system[1]", "messages[0].content[2]", or "body" for the automatic one
    ttl: Literal["5m", "1h"]
    tokens: int


class BodyTokens(NamedTuple):
    """Estimated prompt tokens of a request body, and of each prefix that a breakpoint closes."""

    total: int
    prefixes: tuple[PrefixTokens, ...] = ()

    def cached(self, ttl: Literal["5m", "1h"], minimum: int = 0) -> int:
        """Prompt tokens that a cold request writes with this TTL.

        A breakpoint writes what lies between the one before it and itself; one whose prefix is
        shorter than `minimum` (the model's smallest cacheable prefix) writes nothing.
        """
        written, before = 0, 0
        for prefix in self.prefixes:
            if prefix.tokens < minimum:
                continue
            if prefix.ttl == ttl:
                written += prefix.tokens - before
            before = prefix.tokens
        return written


def estimate_tokens(text: str, tokenizer: Tokenizer) -> int:
    """Tokens of a text, rounded up: 2.5 characters a token, 3.4 with the old tokenizer.

    Beyond ASCII each UTF-8 byte counts as a character: tokenizers work on bytes, and Chinese
    text takes about a token a character, not 0.4.
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if tokenizer == "new":
        return (2 * size + 4) // 5
    return (5 * size + 16) // 17


def token_factor(old: Model, new: Model) -> Decimal | None:
    """Tokens that a text has on `new` for each that it has on `old`; None where it is not known."""
    if old.capabilities is None or new.capabilities is None:
        return None
    pair = old.capabilities.tokenizer, new.capabilities.tokenizer
    if pair[0] == pair[1]:
        return Decimal(1)
    return _MORE_TOKENS if pair == ("old", "new") else 1 / _MORE_TOKENS


def estimate_text(text: str, model: Model | None) -> int:
    """Tokens of a text on a model; an unknown model counts with the new tokenizer."""
    return estimate_tokens(text, _tokenizer(model))


def estimate_json(value: Any, tokenizer: Tokenizer) -> int:
    """Tokens of a JSON value written without spaces, as tools and tool inputs are sent."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=str)
    return estimate_tokens(text, tokenizer)


def estimate_body(body: Mapping[str, Any], model: Model | None = None) -> BodyTokens:
    """Tokens of a Messages-API body in the order it is cached: tools, system, messages.

    The tool-use system prompt counts with the tools; the schema of a structured output counts
    into the total, but into no prefix. Never raises: parts of an unknown shape count by their
    JSON text.
    """
    tokenizer = _tokenizer(model)
    total = _tool_prompt(body, model)
    prefixes: list[PrefixTokens] = []
    for where, tokens, control in _parts(body, tokenizer):
        total += tokens
        if control is not None:
            prefixes.append(PrefixTokens(where, _ttl(control), total))
    automatic = body.get("cache_control")
    if automatic is not None and total:
        prefixes.append(PrefixTokens("body", _ttl(automatic), total))
    output_config = body.get("output_config")
    if isinstance(output_config, Mapping) and output_config.get("format") is not None:
        total += estimate_json(output_config["format"], tokenizer)
    return BodyTokens(total, tuple(prefixes))


def _parts(body: Mapping[str, Any], tokenizer: Tokenizer) -> Iterator[tuple[str, int, Any]]:
    """Where, estimated tokens and cache_control of each part, in the order of the prompt."""
    for index, tool in enumerate(_list(body.get("tools"))):
        control = tool.get("cache_control") if isinstance(tool, Mapping) else None
        yield f"tools[{index}]", estimate_json(_bare(tool), tokenizer), control
    yield from _content("system", body.get("system"), tokenizer)
    for index, message in enumerate(_list(body.get("messages"))):
        if isinstance(message, Mapping):
            where = f"messages[{index}].content"
            yield from _content(where, message.get("content"), tokenizer)
        else:
            yield f"messages[{index}]", estimate_json(message, tokenizer), None


def _list(value: Any) -> Sequence[Any]:
    """The items of a list; anything else that is there counts as its only item."""
    if isinstance(value, (list, tuple)):
        return value
    return () if value is None else (value,)


def _content(where: str, content: Any, tokenizer: Tokenizer) -> Iterator[tuple[str, int, Any]]:
    if content is None:
        return
    if isinstance(content, str):
        yield where, estimate_tokens(content, tokenizer), None
    elif isinstance(content, (list, tuple)):
        for index, block in enumerate(content):
            control = block.get("cache_control") if isinstance(block, Mapping) else None
            yield f"{where}[{index}]", _block(block, tokenizer), control
    else:
        yield where, estimate_json(content, tokenizer), None


def _block(block: Any, tokenizer: Tokenizer) -> int:
    if isinstance(block, str):
        return estimate_tokens(block, tokenizer)
    if not isinstance(block, Mapping):
        return estimate_json(block, tokenizer)
    kind = block.get("type")
    if kind == "text" and isinstance(block.get("text"), str):
        return estimate_tokens(block["text"], tokenizer)
    if kind == "image":
        return IMAGE_TOKENS[tokenizer]
    if kind == "document":
        return _document(block, tokenizer)
    if kind == "tool_result":
        content = block.get("content")
        return sum(tokens for _, tokens, _ in _content("", content, tokenizer)) + 1
    if kind == "tool_use":
        return estimate_json([block.get("name"), block.get("input")], tokenizer)
    if kind == "thinking" and isinstance(block.get("thinking"), str):
        # The signature beside it is not part of the prompt.
        return estimate_tokens(block["thinking"], tokenizer)
    return estimate_json(_bare(block), tokenizer)


def _document(block: Mapping[str, Any], tokenizer: Tokenizer) -> int:
    beside = "".join(str(block[key]) for key in ("title", "context") if block.get(key))
    tokens = estimate_tokens(beside, tokenizer)
    given = block.get("source")
    source: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
    kind = source.get("type")
    if kind == "text":
        return tokens + estimate_tokens(str(source.get("data", "")), tokenizer)
    if kind == "content":
        inner = _content("", source.get("content"), tokenizer)
        return tokens + sum(size for _, size, _ in inner)
    if kind == "base64":
        size = len(str(source.get("data", ""))) * 3 // 4
        pages = max(1, -(-size // PDF_BYTES_PER_PAGE))
        return tokens + pages * PDF_PAGE_TOKENS
    return tokens + UNSEEN_DOCUMENT_PAGES * PDF_PAGE_TOKENS


def _bare(block: Any) -> Any:
    if isinstance(block, Mapping) and "cache_control" in block:
        return {key: value for key, value in block.items() if key != "cache_control"}
    return block


def _tool_prompt(body: Mapping[str, Any], model: Model | None) -> int:
    if not body.get("tools"):
        return 0
    choice = body.get("tool_choice")
    kind = choice.get("type") if isinstance(choice, Mapping) else None
    if kind == "none":
        return 0
    known = model.limits.tool_prompt_tokens if model is not None and model.limits else None
    return (known or _TOOL_PROMPT)[1 if kind in ("any", "tool") else 0]


def _tokenizer(model: Model | None) -> Tokenizer:
    if model is None or model.capabilities is None:
        return "new"
    return model.capabilities.tokenizer


def _ttl(control: Any) -> Literal["5m", "1h"]:
    ttl = control.get("ttl") if isinstance(control, Mapping) else None
    return "1h" if ttl == "1h" else "5m"
