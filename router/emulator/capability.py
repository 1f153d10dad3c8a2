"""What a model refuses that another one takes, by the catalog's facts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from router.catalog.models import Capabilities, Model, Price
from router.emulator.request import blocks_of
from router.emulator.schemas import schema_problems

__all__ = ["EFFORTS", "Asked", "capability_problems", "price_on"]

EFFORTS = ("low", "medium", "high", "xhigh", "max")
_MOST_STRICT_TOOLS = 20
# From this API version on, which SDK 2.x sends, sampling parameters are refused on every model;
# before it, non-default values are refused from the 4.7 generation on (release notes).
_NO_SAMPLING_SINCE = "2026-10-21"
_SAMPLING_DEFAULTS = {"temperature": 1.0, "top_p": None, "top_k": None}


@dataclass(frozen=True, slots=True)
class Asked:
    """A request of sound form, on a model that exists."""

    body: Mapping[str, Any]
    model: Model
    capabilities: Capabilities
    day: date
    version: str  # anthropic-version, "" when it was not sent
    betas: frozenset[str]

    @property
    def config(self) -> Mapping[str, Any]:
        return self.body.get("output_config") or {}


def capability_problems(asked: Asked) -> Iterator[str]:
    """Why the API would refuse this request on this model; empty when it would not."""
    for check in _CHECKS:
        yield from check(asked)


def price_on(model: Model, day: date) -> Price | None:
    """The price in force on a day; the oldest for days before it."""
    due = [price for price in model.prices if price.effective_from <= day]
    return due[-1] if due else model.prices[0] if model.prices else None


def _ceiling(asked: Asked) -> Iterator[str]:
    limits, wanted = asked.model.limits, asked.body.get("max_tokens", 1)
    if limits is not None and wanted > limits.max_output:
        yield (
            f"max_tokens: {wanted} > {limits.max_output}, which is the maximum allowed number of "
            f"output tokens for {asked.model.id}"
        )


def _sampling(asked: Asked) -> Iterator[str]:
    for name, default in _SAMPLING_DEFAULTS.items():
        value = asked.body.get(name)
        if value is None:
            continue
        if not asked.version or asked.version >= _NO_SAMPLING_SINCE:
            yield f"{name}: Extra inputs are not permitted"
        elif asked.capabilities.tokenizer == "new" and value != default:
            yield f"{name}: is not supported by {asked.model.id}"


def _effort(asked: Asked) -> Iterator[str]:
    effort = asked.config.get("effort")
    if effort is None:
        return
    if effort not in EFFORTS:
        yield f"output_config.effort: Input should be one of {', '.join(EFFORTS)}"
    elif not asked.capabilities.effort:
        yield "output_config.effort: This model does not support the effort parameter"
    elif effort not in asked.capabilities.effort:
        allowed = ", ".join(asked.capabilities.effort)
        yield (
            f"output_config.effort: {effort!r} is not supported by {asked.model.id}; "
            f"it takes {allowed}"
        )


def _thinking(asked: Asked) -> Iterator[str]:
    thinking = asked.body.get("thinking")
    if thinking is None:
        return
    kind = thinking.get("type")
    if kind not in asked.capabilities.thinking:
        allowed = ", ".join(asked.capabilities.thinking)
        yield f"thinking.type: {kind!r} is not supported by {asked.model.id}; {allowed} are"
        return
    if kind == "enabled":
        yield from _thinking_budget(thinking.get("budget_tokens"), asked.body.get("max_tokens"))
        if (asked.body.get("tool_choice") or {}).get("type") in ("any", "tool"):
            yield "thinking: Thinking may not be enabled when tool_choice forces tool use"
    elif "budget_tokens" in thinking:
        yield f"thinking.{kind}.budget_tokens: Extra inputs are not permitted"
    most = asked.capabilities.thinking_off_max_effort
    if kind in ("disabled", "between_tools") and most in EFFORTS:
        effort = asked.config.get("effort") or asked.capabilities.effort_default
        if effort in EFFORTS and EFFORTS.index(effort) > EFFORTS.index(most):
            yield f"thinking.type: {kind!r} is only supported up to effort {most!r}, not {effort!r}"


def _thinking_budget(budget: Any, max_tokens: Any) -> Iterator[str]:
    if not isinstance(budget, int) or isinstance(budget, bool) or budget < 1024:
        yield "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
    elif isinstance(max_tokens, int) and budget >= max_tokens:
        yield "thinking.enabled.budget_tokens: max_tokens must be greater than budget_tokens"


def _format(asked: Asked) -> Iterator[str]:
    wanted = asked.config.get("format")
    if wanted is None:
        return
    path = "output_config.format"
    if not isinstance(wanted, Mapping) or wanted.get("type") != "json_schema":
        yield f"{path}.type: Input should be 'json_schema'"
        return
    if "schema" not in wanted:
        yield f"{path}.schema: Field required"
        return
    if not asked.capabilities.structured_outputs:
        yield f"{path}: structured outputs are not supported by {asked.model.id}"
    yield from schema_problems(wanted["schema"], f"{path}.schema")
    if any((block.get("citations") or {}).get("enabled") for block in _user_blocks(asked.body)):
        yield f"{path}: cannot be used together with citations"


def _user_blocks(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for message in body["messages"]:
        if message["role"] == "user":
            yield from blocks_of(message["content"])


def _strict_tools(asked: Asked) -> Iterator[str]:
    strict = [
        (index, tool)
        for index, tool in enumerate(asked.body.get("tools") or ())
        if tool.get("strict") is True
    ]
    if len(strict) > _MOST_STRICT_TOOLS:
        yield f"tools: at most {_MOST_STRICT_TOOLS} strict tools are allowed"
    for index, tool in strict:
        yield from schema_problems(tool.get("input_schema"), f"tools.{index}.input_schema")


def _prefill(asked: Asked) -> Iterator[str]:
    last = asked.body["messages"][-1]
    if last["role"] != "assistant":
        return
    if not asked.capabilities.prefill:
        yield (
            "This model does not support assistant message prefill. The conversation must end "
            "with a user message."
        )
    elif asked.config.get("format") is not None:
        yield "output_config.format: cannot be used together with assistant message prefill"
    else:
        text = "".join(str(block.get("text", "")) for block in blocks_of(last["content"]))
        if text != text.rstrip():
            yield "messages: final assistant content cannot end with trailing whitespace"


def _forced_tools(asked: Asked) -> Iterator[str]:
    kind = (asked.body.get("tool_choice") or {}).get("type")
    if kind in ("any", "tool") and not asked.capabilities.forced_tool_choice:
        yield f"tool_choice.type: {kind!r} cannot be used with {asked.model.id}"


def _service(asked: Asked) -> Iterator[str]:
    price = price_on(asked.model, asked.day)
    # Opus 4.6 takes the fast mode it lost and runs at standard speed (fast-mode page).
    if asked.body.get("speed") == "fast" and asked.model.id != "claude-opus-4-6":
        over = price is not None and price.fast_until is not None and asked.day > price.fast_until
        if price is None or price.fast is None or over:
            yield f"speed: 'fast' is not supported by {asked.model.id}"
        elif (beta := asked.capabilities.fast_beta) is not None and beta not in asked.betas:
            yield f"speed: {asked.model.id} needs the anthropic-beta header {beta}"
    if asked.body.get("inference_geo") is not None and (
        price is None or price.geography_us is None
    ):
        yield f"inference_geo: is not supported by {asked.model.id}"


def _prewarm(asked: Asked) -> Iterator[str]:
    """`max_tokens: 0` fills the cache and answers nothing."""
    body = asked.body
    if body.get("max_tokens") != 0:
        return
    refused = {
        "stream": body.get("stream"),
        "thinking": (body.get("thinking") or {}).get("type") == "enabled",
        "output_config.format": asked.config.get("format"),
        "tool_choice": (body.get("tool_choice") or {}).get("type") in ("any", "tool"),
    }
    for name, present in refused.items():
        if present:
            yield f"{name}: cannot be used with max_tokens 0"


_CHECKS: tuple[Callable[[Asked], Iterator[str]], ...] = (
    _ceiling,
    _sampling,
    _prefill,
    _effort,
    _thinking,
    _forced_tools,
    _format,
    _strict_tools,
    _service,
    _prewarm,
)
