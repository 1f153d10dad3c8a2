"""unused-model: a name for a pin that no tier uses."""

from __future__ import annotations

from collections.abc import Iterator

from router.compiler.passes.models import is_model
from router.policy.document import Document
from router.policy.edits import delete_entry, fix
from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.types import Finding, Severity

__all__ = ["RULE", "check_set"]


def check_set(facts: Facts) -> Iterator[Finding]:
    # A parent's names are the same nodes in each child.
    unused: dict[int, tuple[str, Node, Node | None]] = {}
    used: set[int] = set()
    for document in facts.documents:
        names = _used(document)
        if _in_doubt(document, facts):
            names |= document.models.keys()  # what is written wrongly there may mean any of them
        used |= {id(pin) for name, pin in document.models.items() if name in names}
        written = document.models_map
        unused |= {id(pin): (name, pin, written) for name, pin in document.models.items()}
    for key, (name, pin, written) in unused.items():
        if key not in used:
            message = f"no tier of any task uses `{name}`"
            edits = None if written is None else delete_entry(written, name)
            # Somebody may have put it there for the next tier.
            remedy = fix(f"remove `{name}`", edits, safe=False)
            yield RULE.at(pin, message, "remove it, or use it", fix=remedy)


def _in_doubt(document: Document, facts: Facts) -> bool:
    return any(
        name not in document.models and not is_model(str(name), facts.catalog)
        for name in _used(document)
    )


def _used(document: Document) -> set[object]:
    found: set[object] = set()
    for task in document.tasks.values():
        tiers = task.get("tiers")
        for tier in tiers.elements() if tiers is not None else ():
            model = tier.get("model")
            if model is not None:
                found.add(model.value)
    return found


RULE = Rule(
    name="unused-model",
    severity=Severity.INFO,
    summary="A name under `models` that no tier uses.",
    avoid="models: {haiku: claude-haiku-5-5, old: claude-sonnet-4-6}\ntiers: [{model: haiku, …}]",
    prefer="models: {haiku: claude-haiku-5-5}\ntiers: [{model: haiku, …}]",
    why=(
        "Whoever upgrades the pin believes to have upgraded a task. Names in a shared parent "
        "count as used if one of the files that extend it uses them."
    ),
    needs="catalog",  # a name that no tier spells right may be meant by one that is misspelt
    mends="unsafe",
    check_set=check_set,
)
