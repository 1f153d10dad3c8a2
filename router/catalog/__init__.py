"""Facts about models: pins, lifecycles, limits, prices, capabilities."""

from __future__ import annotations

from router.catalog.load import load_catalog, parse_catalog
from router.catalog.lookup import Verdict, describe
from router.catalog.models import Capabilities, Catalog, Lifecycle, Limits, Model, Price, Rates
from router.catalog.platforms import platform_id
from router.catalog.pricing import cost, rates, worst_case
from router.catalog.tokens import BodyTokens, estimate_body, estimate_tokens

__all__ = [
    "BodyTokens",
    "Capabilities",
    "Catalog",
    "Lifecycle",
    "Limits",
    "Model",
    "Price",
    "Rates",
    "Verdict",
    "cost",
    "describe",
    "estimate_body",
    "estimate_tokens",
    "load_catalog",
    "parse_catalog",
    "platform_id",
    "rates",
    "worst_case",
]
