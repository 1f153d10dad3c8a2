"""Which model comes after which: what the catalog names, else the newest of the family."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from router.catalog.models import Catalog, Model

__all__ = ["newer_models", "successor"]


def successor(catalog: Catalog, model: Model, today: date) -> Model | None:
    """The model to move to, one that nobody has announced the end of; None where there is none.

    The replacement that the catalog names is followed as long as it leads to models that are
    leaving themselves; where it names none, the newest of the family is taken.
    """
    seen = {model.id}
    following: Model | None = model
    while following is not None:
        following = catalog.get(following.lifecycle.replacement or "")
        if following is None or following.id in seen:
            break
        if _stays(following, today):
            return following
        seen.add(following.id)
    return next(newer_models(catalog, model, today), None)


def newer_models(catalog: Catalog, model: Model, today: date) -> Iterator[Model]:
    """Later models of the same family that anyone may call and that stay; the newest first.

    For a model of restricted access those of restricted access count too.
    """
    began = model.lifecycle.released or date.min
    later = [
        other
        for other in catalog.models.values()
        if other.family == model.family
        and other.id != model.id
        and (other.access == "general" or model.access == "restricted")
        and began < (other.lifecycle.released or date.min) <= today
        and _stays(other, today)
    ]
    yield from sorted(later, key=lambda other: other.lifecycle.released or today, reverse=True)


def _stays(model: Model, today: date) -> bool:
    lifecycle = model.lifecycle
    return lifecycle.status_on(today) == "active" and lifecycle.retires_at is None
