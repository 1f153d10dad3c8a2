"""The catalog as a table, as JSON, and beside the API's own list. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from router.catalog.models import Capabilities, Catalog, Model, Price

__all__ = ["COLUMNS", "as_json", "compare_with_api", "table"]

COLUMNS = (
    "model",
    "status",
    "retires",
    "context",
    "max output",
    "min cache",
    "input",
    "output",
    "read",
    "write 5m",
    "write 1h",
)


def table(catalog: Catalog, today: date, *, retired: bool = False) -> tuple[tuple[str, ...], ...]:
    """Rows for `COLUMNS`, prices in USD per million tokens as of `today`.

    A model with bands by prompt size has one row a band; further rows leave the facts blank.
    """
    rows: list[tuple[str, ...]] = []
    for model in catalog.models.values():
        status = model.lifecycle.status_on(today)
        if status == "retired" and not retired:
            continue
        facts = (model.id, status, _leaving(model), *_limits(model))
        price = _price_on(model, today)
        if price is None:
            rows.append((*facts, *[""] * 5))
            continue
        lower = 0
        for up_to, band in price.bands:
            head = facts if lower == 0 else (f"{model.id}, prompts over {lower:,}", *[""] * 5)
            amounts = (
                band.input,
                band.output,
                band.cache_read,
                band.cache_write_5m,
                band.cache_write_1h,
            )
            rows.append((*head, *map(_usd, amounts)))
            lower = up_to or lower
    return tuple(rows)


def as_json(catalog: Catalog, today: date) -> dict[str, Any]:
    """Everything the catalog knows, ready for `json.dumps`; prices are decimal strings."""
    return {
        "as_of": catalog.as_of.isoformat(),
        "digest": catalog.digest,
        "price_unit": "USD per million tokens",
        "models": [_model(model, today) for model in catalog.models.values()],
        "sources": dict(catalog.sources),
    }


def compare_with_api(
    catalog: Catalog, api_models: Iterable[Mapping[str, Any]], today: date | None = None
) -> tuple[str, ...]:
    """What the API's model list says differently, one sentence each; empty when they agree.

    `api_models` are the `ModelInfo` objects of `GET /v1/models` as mappings, all pages, best
    asked for with the lifecycles active, deprecated and retired. `today` is the day to compare
    lifecycles on, by default the catalog's own. Fields the API leaves null are not compared.
    """
    day = today or catalog.as_of
    found: list[str] = []
    seen: set[str] = set()
    for info in api_models:
        name = str(info.get("id"))
        model = catalog.models.get(name)
        if model is None:
            if name in catalog.aliases:
                seen.add(catalog.aliases[name])
            else:
                found.append(f"{name}: listed by the API, not in the catalog")
            continue
        seen.add(name)
        found.extend(f"{name}: {text}" for text in _differences(model, info, day))
    for model in catalog.models.values():
        gone = model.lifecycle.status_on(day) == "retired"
        # Models of restricted access are listed for verified organisations only.
        if model.id not in seen and not gone and model.access == "general":
            found.append(f"{model.id}: in the catalog, not listed by the API")
    return tuple(found)


def _differences(model: Model, info: Mapping[str, Any], day: date) -> Iterable[str]:
    lifecycle, limits = model.lifecycle, model.limits
    pairs: list[tuple[str, Any, Any]] = [
        ("lifecycle", lifecycle.status_on(day), info.get("lifecycle")),
        ("line", model.family, info.get("line")),
        ("deprecated_at", lifecycle.deprecated_at, _day(info.get("deprecated_at"))),
        ("retires_at", lifecycle.retires_at or lifecycle.retired_at, _day(info.get("retires_at"))),
    ]
    if limits is not None:
        pairs += [
            ("max_input_tokens", limits.context_window, info.get("max_input_tokens")),
            ("max_tokens", limits.max_output, info.get("max_tokens")),
        ]
    if model.capabilities is not None and isinstance(info.get("capabilities"), Mapping):
        pairs += _capability_pairs(model.capabilities, info["capabilities"])
    for field, ours, theirs in pairs:
        if theirs is not None and ours != theirs:
            yield f"{field} is {_show(theirs)} at the API, {_show(ours)} in the catalog"


def _capability_pairs(ours: Capabilities, theirs: Mapping[str, Any]) -> list[tuple[str, Any, Any]]:
    effort, thinking = theirs.get("effort"), theirs.get("thinking")
    pairs: list[tuple[str, Any, Any]] = [
        ("structured_outputs", ours.structured_outputs, _supported(theirs, "structured_outputs"))
    ]
    if isinstance(effort, Mapping):
        levels = {level for level in effort if _supported(effort, level)}
        pairs.append(("effort", set(ours.effort), levels))
    if isinstance(thinking, Mapping) and isinstance(thinking.get("types"), Mapping):
        types = {kind for kind in thinking["types"] if _supported(thinking["types"], kind)}
        pairs.append(("thinking types", set(ours.thinking), types))
    return pairs


def _supported(group: Mapping[str, Any], key: str) -> bool | None:
    value = group.get(key)
    return bool(value.get("supported")) if isinstance(value, Mapping) else None


def _day(stamp: Any) -> date | None:
    """The day of an RFC 3339 instant, of a datetime or of a date."""
    if stamp is None:
        return None
    return date.fromisoformat(str(stamp)[:10])


def _show(value: Any) -> str:
    if isinstance(value, (set, frozenset)):
        return ", ".join(sorted(value)) or "none"
    return str(value)


def _price_on(model: Model, day: date) -> Price | None:
    in_force = [price for price in model.prices if price.effective_from <= day]
    return in_force[-1] if in_force else None


def _leaving(model: Model) -> str:
    lifecycle = model.lifecycle
    if lifecycle.retired_at or lifecycle.retires_at:
        return str(lifecycle.retired_at or lifecycle.retires_at)
    return f"not before {lifecycle.retires_not_before}" if lifecycle.retires_not_before else ""


def _limits(model: Model) -> tuple[str, str, str]:
    if model.limits is None:
        return ("", "", "")
    minimum = model.limits.min_cacheable_tokens
    return (
        f"{model.limits.context_window:,}",
        f"{model.limits.max_output:,}",
        "" if minimum is None else f"{minimum:,}",
    )


def _usd(amount: Decimal) -> str:
    text = f"{amount.normalize():f}"
    whole, _, cents = text.partition(".")
    return f"{whole}.{cents:0<2}"


def _model(model: Model, today: date) -> dict[str, Any]:
    plain: dict[str, Any] = _plain(model)
    plain["lifecycle"]["status"] = model.lifecycle.status_on(today)
    for price in plain["prices"]:
        price["bands"] = [{"up_to": up_to, **rates} for up_to, rates in price["bands"]]
    return plain


def _plain(value: Any) -> Any:
    if isinstance(value, tuple) and hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, date):
        return value.isoformat()
    return value
