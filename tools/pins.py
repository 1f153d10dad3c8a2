"""The catalog's pins in the policy schema, so that editors offer them with what they cost."""

from __future__ import annotations

import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path

from router.catalog import Catalog, Model, load_catalog
from router.catalog.pricing import price_on

SCHEMA = Path(__file__).resolve().parent.parent / "schemas" / "policy.schema.json"
_PLACE = re.compile(r'("pin": \{.*?"defaultSnippets": \[)[^]]*(\])', re.DOTALL)


def policy_schema() -> str:
    """The schema's text with the pins that a new policy may well begin with."""
    catalog = load_catalog()
    snippets = ",".join(f"\n        {_snippet(one, catalog.as_of)}" for one in offered(catalog))
    text, found = _PLACE.subn(rf"\g<1>{snippets}\n      \g<2>", SCHEMA.read_text("utf-8"))
    if found != 1:
        raise ValueError("the schema has no place, or several, for pins")
    return text


def offered(catalog: Catalog) -> list[Model]:
    """Models that are active on the catalog's day; one that is being retired starts nothing."""
    day = catalog.as_of
    return [
        model
        for model in catalog.models.values()
        if model.lifecycle.status_on(day) == "active" and not model.lifecycle.retires_at
    ]


def _snippet(model: Model, day: date) -> str:
    shown = {"label": model.id, "body": model.id, "description": _facts(model, day)}
    return f"{{ {json.dumps(shown)[1:-1]} }}"


def _facts(model: Model, day: date) -> str:
    parts = []
    for up_to, rates in price_on(model, day).bands:
        bound = f" for prompts up to {up_to:,} tokens" if up_to else ""
        parts.append(f"{_usd(rates.input)} in and {_usd(rates.output)} out{bound}")
    words = f"{', else '.join(parts)}, per million tokens; context {model.limits.context_window:,}"
    restricted = "; for verified organisations" if model.access == "restricted" else ""
    return f"{words}, at most {model.limits.max_output:,} out{restricted}."


def _usd(amount: Decimal) -> str:
    return f"${amount:f}" if amount == amount.to_integral() else f"${amount:.2f}"
