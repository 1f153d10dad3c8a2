"""Facts about Claude models: what the catalog knows, as frozen values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from types import MappingProxyType
from typing import Literal, NamedTuple

__all__ = ["Capabilities", "Catalog", "Lifecycle", "Limits", "Model", "Price", "Rates"]


class Rates(NamedTuple):
    """USD per million tokens."""

    input: Decimal
    output: Decimal
    cache_write_5m: Decimal
    cache_write_1h: Decimal
    cache_read: Decimal


class Price(NamedTuple):
    """Rates in force from a day on. The first band whose bound holds the prompt is taken.

    The whole request, output included, is billed at the band of its prompt size: input, cache
    writes and cache reads together.
    """

    effective_from: date
    bands: tuple[tuple[int | None, Rates], ...]  # (prompt tokens up to, rates); None: no bound
    batch: Decimal | None  # multiplier, 0.5; None: no batch price known
    fast: Decimal | None  # multiplier, 2; None: no fast mode
    geography_us: Decimal | None  # multiplier, 1.1; None: inference_geo is refused
    fast_until: date | None = None  # last day of fast mode, where it is being withdrawn
    source: tuple[str, ...] = ()


class Lifecycle(NamedTuple):
    status: Literal["active", "deprecated", "retired"]  # as of the catalog's date
    released: date | None = None
    deprecated_at: date | None = None
    retires_at: date | None = None  # announced
    retires_not_before: date | None = None  # earliest possible, not announced
    retired_at: date | None = None
    replacement: str | None = None
    source: tuple[str, ...] = ()

    def status_on(self, day: date) -> Literal["active", "deprecated", "retired"]:
        """The state on a day: a deprecated model is retired from its announced day on."""
        gone = self.retired_at or self.retires_at
        if gone is not None and day >= gone:
            return "retired"
        return self.status if self.status != "retired" else "retired"


class Limits(NamedTuple):
    context_window: int
    max_output: int
    min_cacheable_tokens: int | None  # None: not published
    source: tuple[str, ...] = ()
    max_output_batch: int | None = None  # in batches with a beta header; None: as `max_output`
    tool_prompt_tokens: tuple[int, int] | None = None  # billed with tools: (auto, forced choice)


class Capabilities(NamedTuple):
    structured_outputs: bool
    thinking: tuple[str, ...]  # values of thinking.type the API accepts
    thinking_default: Literal["on", "off"]
    thinking_off_max_effort: str | None  # highest effort at which thinking may be reduced
    effort: tuple[str, ...]  # empty: the parameter is refused
    effort_default: str | None
    forced_tool_choice: bool
    prefill: bool
    tokenizer: Literal["new", "old"]
    thinking_bound_to_prefix: bool
    safety_refusals: bool = False
    source: tuple[str, ...] = ()
    fast_beta: str | None = None  # anthropic-beta value that `speed: fast` needs here


class Model(NamedTuple):
    id: str  # the pinned snapshot
    family: str
    generation: str
    pin: Literal["dated", "dateless"]
    aliases: tuple[str, ...]
    lifecycle: Lifecycle
    limits: Limits | None  # None for models retired before the catalog began
    prices: tuple[Price, ...]  # oldest first; may be empty for long-retired models
    capabilities: Capabilities | None
    platform_ids: Mapping[str, str] = MappingProxyType({})  # bedrock, google_cloud, …
    notes: str | None = None
    access: Literal["general", "restricted"] = "general"  # restricted: verified organisations
    platform_source: tuple[str, ...] = ()


class Catalog(NamedTuple):
    as_of: date
    digest: str
    models: Mapping[str, Model]  # by id
    aliases: Mapping[str, str]  # alias -> id
    sources: Mapping[str, str]

    def get(self, model: str) -> Model | None:
        """The model with this pinned id; None for aliases and unknown names."""
        return self.models.get(model)
