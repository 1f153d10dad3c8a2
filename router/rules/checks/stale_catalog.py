"""stale-catalog: facts about models that are older than the notice of a model's end."""

from __future__ import annotations

from collections.abc import Iterator

from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check_set"]

_DAYS = 60  # the notice that Anthropic gives before it retires a model


def check_set(facts: Facts) -> Iterator[Finding]:
    age = (facts.today - facts.catalog.as_of).days
    place = _first_model(facts)
    if age > _DAYS and place is not None:
        message = f"models are judged by a catalog of {facts.catalog.as_of}, {age} days old"
        yield RULE.at(place, message, "upgrade policy-router: it ships the catalog")


def _first_model(facts: Facts) -> Node | None:
    """Once for all policies: where the first of them names a model."""
    for document in facts.documents:
        for pin in document.models.values():
            return pin
        for task in document.tasks.values():
            model = task.at("tiers", 0, "model")
            if model is not None:
                return model
    return None


RULE = Rule(
    name="stale-catalog",
    severity=Severity.WARNING,
    summary="The catalog of models is older than 60 days.",
    avoid="# a policy-router of spring, installed in autumn\nmodels: {sonnet: claude-sonnet-5-5}",
    prefer="# pip install --upgrade policy-router\nmodels: {sonnet: claude-sonnet-5-5}",
    why=(
        "Models are retired with a notice of at least 60 days: with older facts a model may be "
        "gone, or cost something else, and no rule can tell. The catalog is a part of the package."
    ),
    configure="`router models` shows the catalog and its date.",
    needs="catalog",
    check_set=check_set,
)
