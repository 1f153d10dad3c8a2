"""superseded-model: a newer model of the family costs no more."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.models import Model
from router.catalog.successors import newer_models
from router.compiler.compilation import CompiledTask
from router.rules.base import Facts, Rule
from router.rules.pins import judged_models
from router.types import Finding, Severity

__all__ = ["RULE", "check"]


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for verdict, node in judged_models(compiled, facts):
        if verdict.kind == "ok" and verdict.model is not None:
            newer = next(newer_models(facts.catalog, verdict.model, facts.today), None)
            said = _said(verdict.model, newer, facts) if newer is not None else None
            if said is not None:
                yield RULE.at(node, said, "run your tests with it before you move")


def _said(old: Model, new: Model, facts: Facts) -> str | None:
    """In what the newer one is no dearer; None where it is."""
    from router.catalog.compare import compare  # its classes take milliseconds to make

    prices = {change.kind: change for change in compare(old, new, facts.today).prices}
    changes = [prices.get("input"), prices.get("output")]
    if any(one is None or one.same_text is None or one.same_text > 1 for one in changes):
        return None
    before = " and ".join(f"${one.before.normalize():f}" for one in changes if one is not None)
    after = " and ".join(f"${one.after.normalize():f}" for one in changes if one is not None)
    instead = f" instead of {before}" if before != after else ", the same"
    return f"`{new.id}` has come after `{old.id}`: {after}{instead} per million tokens in and out"


RULE = Rule(
    name="superseded-model",
    severity=Severity.INFO,
    summary="A newer model of the same family costs no more.",
    avoid="models: {opus: claude-opus-5}",
    prefer="models: {opus: claude-opus-5-5}",
    why=(
        "A pin stays until somebody moves it. The newer model reads and writes the same text for "
        "the same money or less; that its tokenizer may count more tokens is in the reckoning."
    ),
    configure="Stay where prompts and thresholds were measured on the older model.",
    needs="catalog",
    check=check,
)
