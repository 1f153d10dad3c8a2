"""resolve_models: names to pinned ids, once for each document."""

from __future__ import annotations

from router.compiler.passes.work import Desk, Pin
from router.policy.edits import fix, replace_scalar
from router.policy.findings import at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import suggest

__all__ = ["pin", "resolve_models"]

_LOCAL = "local:"


def resolve_models(desk: Desk) -> None:
    """Every entry of `models` must name a model, used or not: the next tier may use it."""
    for name, node in desk.document.models.items():
        desk.pins[name] = _pin(desk, str(node.value), node, ())


def pin(desk: Desk, node: Node) -> Pin | None:
    """What a tier's `model` stands for; None where that is reported already or here."""
    written = str(node.value)
    if written in desk.pins:
        return desk.pins[written]
    return _pin(desk, written, node, tuple(desk.document.models))


def _pin(desk: Desk, written: str, node: Node, names: tuple[str, ...]) -> Pin | None:
    if written.startswith(_LOCAL) and len(written) > len(_LOCAL):
        return Pin(written.removeprefix(_LOCAL), local=True)
    catalog = desk.catalog
    # An alias is known; that it is no pin is for a rule to say, with the pin to write instead.
    if written in catalog.models or written in catalog.aliases:
        return Pin(written)
    known = (*names, *catalog.models, *catalog.aliases)
    meant = suggest(written, known)
    hint, remedy = None, None
    if meant is not None:
        hint = f"did you mean `{meant}`?"
        remedy = fix(f"write `{meant}`", replace_scalar(node, meant), safe=False)
    if hint is None:
        hint = f"`router models` lists them; `{_LOCAL}NAME` is a model of an endpoint of your own"
    where = "under `models` or in the catalog" if names else "in the catalog"
    message = f"there is no model {quoted(written)} {where}"
    desk.findings.append(at_node("unknown-model", message, node, help=hint, fix=remedy))
    return None
