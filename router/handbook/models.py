"""The models that a set uses: who asks them, how long they live, what they cost."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.lookup import describe
from router.catalog.models import Model
from router.catalog.pricing import price_on
from router.errors import CatalogError
from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el, joined
from router.handbook.summary import task_link
from router.handbook.tables import table
from router.handbook.words import count, usd

__all__ = ["models"]


def models(edition: Edition) -> tuple[Element, ...]:
    """A table of the models and one of their prices."""
    users: dict[str, list[str]] = {}
    local: set[str] = set()
    for compiled in edition.tasks:
        for tier in compiled.task.tiers:
            users.setdefault(tier.model, []).append(compiled.task.name)
            if tier.local:
                local.add(tier.model)
    rows = [
        (
            el("code", name),
            _life(name, name in local, edition),
            *_limits(name, edition),
            _tasks(users[name]),
        )
        for name in sorted(users)
    ]
    head = ("Model", "Lifecycle", "Context", "Most output", "Least cached", "Tasks")
    facts = table("Models that the tiers ask, limits in tokens", head, rows, numbers=(2, 3, 4))
    prices = [row for name in sorted(users) for row in _prices(name, edition)]
    if not prices:
        return (facts,)
    rates = ("Model", "Since", "Input", "Output", "Cache read", "Cache write 5m", "Cache write 1h")
    caption = "Prices in USD for a million tokens"
    return facts, table(caption, rates, prices, numbers=(2, 3, 4, 5, 6))


def _model(name: str, edition: Edition) -> Model | None:
    catalog = edition.facts.catalog
    return catalog.get(name) or catalog.get(catalog.aliases.get(name, ""))


def _tasks(names: list[str]) -> Child:
    return joined(map(task_link, dict.fromkeys(names)))


def _life(name: str, local: bool, edition: Edition) -> Child:
    if local:
        return "local, not in the catalog"
    verdict = describe(edition.facts.catalog, name, edition.facts.today)
    if verdict.kind != "ok":
        return el("span", str(verdict), class_="badge warning")
    lifecycle = verdict.model.lifecycle if verdict.model is not None else None
    if lifecycle is not None and lifecycle.retires_not_before is not None:
        return f"active, not retired before {lifecycle.retires_not_before}"
    return "active"


def _limits(name: str, edition: Edition) -> tuple[Child, ...]:
    model = _model(name, edition)
    if model is None or model.limits is None:
        return (None, None, None)
    least = model.limits.min_cacheable_tokens
    return (
        count(model.limits.context_window),
        count(model.limits.max_output),
        None if least is None else count(least),
    )


def _prices(name: str, edition: Edition) -> Iterator[tuple[Child, ...]]:
    """A row for each band of prompt sizes."""
    model = _model(name, edition)
    if model is None:
        return
    try:
        price = price_on(model, edition.facts.today)
    except CatalogError:
        return
    lower = 0
    for up_to, rates in price.bands:
        over = el("small", f"prompts over {count(lower)} tokens") if lower else None
        yield (
            (el("code", name), over),
            price.effective_from.isoformat(),
            usd(rates.input),
            usd(rates.output),
            usd(rates.cache_read),
            usd(rates.cache_write_5m),
            usd(rates.cache_write_1h),
        )
        lower = up_to or lower
