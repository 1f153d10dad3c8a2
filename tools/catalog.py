"""Checks the catalog's data file against what is installed, and writes it.

    python tools/catalog.py check             differences from the pricing package and the SDK
    python tools/catalog.py format            rewrite the file in its one layout
    python tools/catalog.py add-prices DAY    append the pricing package's rates as of DAY where
                                              they differ from the catalog's

The file holds dated facts with their sources, so nothing is ever overwritten by a command: a new
price is a new entry. Known differences and their reasons stand in tests/catalog/test_drift.py.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from router.catalog import Catalog, Model, Price, Rates, parse_catalog, rates
from router.errors import CatalogError

FILE = Path(__file__).resolve().parent.parent / "router" / "catalog" / "models.json"
WIDTH = 130

# Our kinds of token and the pricing package's names for their rates.
KINDS = {
    "input": "input_mtok",
    "output": "output_mtok",
    "cache_write_5m": "cache_write_mtok",
    "cache_write_1h": "cache_write_1h_mtok",
    "cache_read": "cache_read_mtok",
}


def render(value: Any, indent: int = 0, prefix: int = 0) -> str:
    """JSON with what fits on a line on one line; the file's only layout."""
    flat = json.dumps(value, ensure_ascii=False)
    if not isinstance(value, (dict, list)) or (indent > 1 and prefix + len(flat) < WIDTH):
        return flat
    pad = "  " * (indent + 1)
    if isinstance(value, dict):
        items = [
            f"{pad}{json.dumps(key)}: {render(item, indent + 1, len(pad) + len(key) + 5)}"
            for key, item in value.items()
        ]
    else:
        items = [pad + render(item, indent + 1, len(pad) + 1) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return opening + "\n" + ",\n".join(items) + "\n" + "  " * indent + closing


# --- the pricing package -----------------------------------------------------------------


def _provider() -> Any:
    from genai_prices.data import providers

    return next(provider for provider in providers if provider.id == "anthropic")


def _noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 12, tzinfo=UTC)


def _rate(prices: Any, kind: str, prompt_tokens: int) -> Decimal | None:
    value = getattr(prices, KINDS[kind], None)
    if value is None or isinstance(value, Decimal):
        return value
    found: Decimal = value.base
    for tier in value.tiers:
        if prompt_tokens > tier.start:
            found = tier.price
    return found


def _starts(prices: Any) -> set[int]:
    tiers = (getattr(getattr(prices, name, None), "tiers", ()) for name in KINDS.values())
    return {tier.start for group in tiers for tier in group}


def _conditions(info: Any) -> list[Any]:
    return info.prices if isinstance(info.prices, list) else []


def _has_variant(info: Any, day: date, context: dict[str, str]) -> bool:
    return any(
        variant.when == context
        and (variant.constraint is None or variant.constraint.active(_noon(day)))
        for variant in info.price_variants or ()
    )


# --- differences -------------------------------------------------------------------------


def differences(catalog: Catalog) -> list[str]:
    """Every price and context window on which the pricing package says something else."""
    provider = _provider()
    found: list[str] = []
    matched: set[str] = set()
    for model in catalog.models.values():
        info = provider.find_model(model.id)
        if info is None:
            if model.prices:
                found.append(f"{model.id}: not in the pricing package")
            continue
        matched.add(info.id)
        if not model.prices:
            found.append(f"{model.id}: priced by the pricing package only")
            continue
        found.extend(f"{model.id}: {text}" for text in _context(model, info))
        found.extend(f"{model.id}: {text}" for text in _standard(model, info, catalog.as_of))
        found.extend(f"{model.id}: {text}" for text in _multiplied(model, info, catalog.as_of))
    found.extend(
        f"{info.id}: in the pricing package, not in the catalog"
        for info in provider.models
        if info.id not in matched
    )
    return found


def _context(model: Model, info: Any) -> Iterator[str]:
    if model.limits is not None and model.limits.context_window != info.context_window:
        yield f"context window {model.limits.context_window}, package {info.context_window}"


def _days(model: Model, info: Any, as_of: date) -> list[date]:
    """Days on which either side says that a price begins, and today's."""
    first = model.prices[0].effective_from
    starts = {
        condition.constraint.start_date
        for condition in _conditions(info)
        if condition.constraint is not None
    }
    days = {price.effective_from for price in model.prices} | starts | {as_of}
    return sorted(day for day in days if day >= first)


def _sizes(price: Price, prices: Any) -> list[int]:
    """Prompt sizes on both sides of every bound that either side knows."""
    bounds = _starts(prices) | {up_to for up_to, _ in price.bands if up_to is not None}
    return sorted({1} | bounds | {bound + 1 for bound in bounds})


def _in_force(model: Model, day: date) -> Price:
    return [price for price in model.prices if price.effective_from <= day][-1]


def _compare(band: Rates, factor: Decimal, prices: Any, size: int) -> str:
    pairs = [(kind, getattr(band, kind) * factor, _rate(prices, kind, size)) for kind in KINDS]
    return ", ".join(
        f"{kind} {ours.normalize():f} / {'none' if theirs is None else f'{theirs.normalize():f}'}"
        for kind, ours, theirs in pairs
        if ours != theirs
    )


def _standard(model: Model, info: Any, as_of: date) -> Iterator[str]:
    for day in _days(model, info, as_of):
        prices = info.get_prices(_noon(day))
        for size in _sizes(_in_force(model, day), prices):
            wrong = _compare(rates(model, day, size), Decimal(1), prices, size)
            if wrong:
                yield f"{day}, {size} prompt tokens: {wrong}"


def _multiplied(model: Model, info: Any, as_of: date) -> Iterator[str]:
    price = _in_force(model, as_of)
    ours = {"batch": price.batch, "fast": price.fast}
    for name, context in (("batch", {"processing": "batch"}), ("fast", {"speed": "fast"})):
        factor = ours[name]
        theirs = _has_variant(info, as_of, context)
        if factor is None or not theirs:
            if (factor is not None) != theirs:
                yield f"{name} priced by the {'pricing package' if theirs else 'catalog'} only"
            continue
        prices = info.get_prices(_noon(as_of), context)
        for size in _sizes(price, prices):
            wrong = _compare(rates(model, as_of, size), factor, prices, size)
            if wrong:
                yield f"{name}, {size} prompt tokens: {wrong}"


def sdk_ids() -> dict[str, str | None]:
    """Every model id that the installed SDK names, with its end-of-life day where it gives one."""
    from typing import get_args

    from anthropic.resources.messages import DEPRECATED_MODELS
    from anthropic.types.model import Model as SdkModel

    named = [get_args(part) for part in get_args(SdkModel)]
    ids: dict[str, str | None] = {name: None for group in named for name in group}
    ids.update(DEPRECATED_MODELS)
    return ids


# --- writing -----------------------------------------------------------------------------


def added_prices(catalog: Catalog, raw: dict[str, Any], day: date) -> list[str]:
    """Appends to `raw` a price per model whose rates differ on `day`; the ids it changed."""
    from importlib.metadata import version

    provider = _provider()
    source = f"genai-prices-{version('genai-prices')}"
    changed: list[str] = []
    for entry in raw["models"]:
        model = catalog.models[entry["id"]]
        info = provider.find_model(model.id)
        if info is None or not model.prices or model.lifecycle.status_on(day) == "retired":
            continue
        prices = info.get_prices(_noon(day))
        sizes = _sizes(_in_force(model, day), prices)
        same = all(not _compare(rates(model, day, n), Decimal(1), prices, n) for n in sizes)
        if same:
            continue
        bounds = [*sorted(_starts(prices)), None]
        bands = [
            {"up_to": bound} | {kind: str(_rate(prices, kind, bound or 10**9)) for kind in KINDS}
            for bound in bounds
        ]
        latest = entry["prices"][-1]
        entry["prices"].append(
            {**latest, "effective_from": day.isoformat(), "bands": bands, "source": [source]}
        )
        changed.append(model.id)
    if changed:
        raw["sources"].setdefault(source, f"PyPI wheel {source}, genai_prices/data.py")
    return changed


def main(arguments: list[str]) -> int:
    """Runs one command; the exit status is 1 for differences, 2 for a wrong call."""
    data = FILE.read_bytes()
    catalog, raw = parse_catalog(data), json.loads(data)
    match arguments:
        case ["check"]:
            found = differences(catalog)
            known = catalog.models.keys() | catalog.aliases.keys()
            found += [f"{name}: in the SDK only" for name in sdk_ids() if name not in known]
            sys.stdout.write(("\n".join(found) or "no differences") + "\n")
            return 1 if found else 0
        case ["format"]:
            FILE.write_text(render(raw) + "\n", encoding="utf-8")
            return 0
        case ["add-prices", day]:
            changed = added_prices(catalog, raw, date.fromisoformat(day))
            FILE.write_text(render(raw) + "\n", encoding="utf-8")
            sys.stdout.write(("\n".join(changed) or "nothing to add") + "\n")
            return 0
    sys.stdout.write(f"{__doc__}\n")
    return 2


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except CatalogError as error:
        sys.exit(f"catalog: {error}")
