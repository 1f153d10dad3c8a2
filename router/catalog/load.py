"""Reads the catalog that ships with the package into frozen values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from pathlib import Path
from typing import Any

from router.catalog.models import (
    Capabilities,
    Catalog,
    Lifecycle,
    Limits,
    Model,
    Price,
    Rates,
)
from router.errors import CatalogError
from router.hashing import sha256

__all__ = ["load_catalog", "parse_catalog"]

_FILE = Path(__file__).with_name("models.json")
_SCHEMA = 1


@lru_cache(maxsize=1)
def load_catalog() -> Catalog:
    """The catalog this version ships, read once per process.

    Raises:
        CatalogError: a broken installation.
    """
    try:
        data = _FILE.read_bytes()
    except OSError as error:
        raise CatalogError(f"the catalog cannot be read: {error}") from None
    return parse_catalog(data)


def parse_catalog(data: bytes) -> Catalog:
    """A catalog from the bytes of its file; the digest is the SHA-256 of exactly these bytes.

    Raises:
        CatalogError: not a catalog of this version's schema.
    """
    try:
        raw = json.loads(data)
        if raw["schema"] != _SCHEMA:
            raise CatalogError(f"catalog schema {raw['schema']!r}, this version reads {_SCHEMA}")
        models = {entry["id"]: _model(entry) for entry in raw["models"]}
        return Catalog(
            as_of=date.fromisoformat(raw["as_of"]),
            digest=sha256(data).hexdigest(),
            models=models,
            aliases={alias: m.id for m in models.values() for alias in m.aliases},
            sources=raw["sources"],
        )
    except (KeyError, TypeError, ValueError, AttributeError, InvalidOperation) as error:
        raise CatalogError(f"not a catalog: {type(error).__name__}: {error}") from None


def _model(raw: Mapping[str, Any]) -> Model:
    limits, capabilities = raw.get("limits"), raw.get("capabilities")
    platforms = raw.get("platforms", {})
    return Model(
        id=raw["id"],
        family=raw["family"],
        generation=raw["generation"],
        pin=raw["pin"],
        aliases=tuple(raw.get("aliases", ())),
        lifecycle=_lifecycle(raw["lifecycle"]),
        limits=None if limits is None else _limits(limits),
        prices=tuple(map(_price, raw.get("prices", ()))),
        capabilities=None if capabilities is None else _capabilities(capabilities),
        platform_ids=platforms.get("ids", {}),
        notes=raw.get("notes"),
        access=raw.get("access", "general"),
        platform_source=tuple(platforms.get("source", ())),
    )


def _lifecycle(raw: Mapping[str, Any]) -> Lifecycle:
    return Lifecycle(
        status=raw["status"],
        released=_day(raw.get("released")),
        deprecated_at=_day(raw.get("deprecated_at")),
        retires_at=_day(raw.get("retires_at")),
        retires_not_before=_day(raw.get("retires_not_before")),
        retired_at=_day(raw.get("retired_at")),
        replacement=raw.get("replacement"),
        source=tuple(raw["source"]),
    )


def _limits(raw: Mapping[str, Any]) -> Limits:
    tool_prompt = raw.get("tool_prompt_tokens")
    return Limits(
        context_window=raw["context_window"],
        max_output=raw["max_output"],
        min_cacheable_tokens=raw.get("min_cacheable_tokens"),
        source=tuple(raw["source"]),
        max_output_batch=raw.get("max_output_batch"),
        tool_prompt_tokens=None if tool_prompt is None else (tool_prompt[0], tool_prompt[1]),
    )


def _price(raw: Mapping[str, Any]) -> Price:
    return Price(
        effective_from=date.fromisoformat(raw["effective_from"]),
        bands=tuple((band.get("up_to"), _rates(band)) for band in raw["bands"]),
        batch=_decimal(raw.get("batch")),
        fast=_decimal(raw.get("fast")),
        geography_us=_decimal(raw.get("geography_us")),
        fast_until=_day(raw.get("fast_until")),
        source=tuple(raw["source"]),
    )


def _rates(raw: Mapping[str, Any]) -> Rates:
    return Rates(
        input=Decimal(raw["input"]),
        output=Decimal(raw["output"]),
        cache_write_5m=Decimal(raw["cache_write_5m"]),
        cache_write_1h=Decimal(raw["cache_write_1h"]),
        cache_read=Decimal(raw["cache_read"]),
    )


def _capabilities(raw: Mapping[str, Any]) -> Capabilities:
    return Capabilities(
        structured_outputs=raw["structured_outputs"],
        thinking=tuple(raw["thinking"]),
        thinking_default=raw["thinking_default"],
        thinking_off_max_effort=raw.get("thinking_off_max_effort"),
        effort=tuple(raw["effort"]),
        effort_default=raw.get("effort_default"),
        forced_tool_choice=raw["forced_tool_choice"],
        prefill=raw["prefill"],
        tokenizer=raw["tokenizer"],
        thinking_bound_to_prefix=raw["thinking_bound_to_prefix"],
        safety_refusals=raw.get("safety_refusals", False),
        source=tuple(raw["source"]),
        fast_beta=raw.get("fast_beta"),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _decimal(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
