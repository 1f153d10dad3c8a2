"""resolve_models: names to pinned ids, once for each document."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.models import Catalog
from router.compiler.passes.work import Desk, Pin
from router.policy.edits import fix, replace_scalar
from router.policy.findings import at_node, quoted
from router.policy.nodes import Node
from router.policy.suggest import suggest

__all__ = ["is_model", "pin", "resolve_models"]

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


def is_model(written: str, catalog: Catalog) -> bool:
    """Whether what stands where a pin belongs is a model by itself: not by a name for one."""
    if written.startswith(_LOCAL) and len(written) > len(_LOCAL):
        return True
    # An alias is known; that it is no pin is for a rule to say, with the pin to write instead.
    return written in catalog.models or written in catalog.aliases


def _pin(desk: Desk, written: str, node: Node, names: tuple[str, ...]) -> Pin | None:
    if is_model(written, desk.catalog):
        local = written.startswith(_LOCAL)
        return Pin(written.removeprefix(_LOCAL), local=local)
    meant = suggest(written, (*names, *_offered(desk.catalog)))
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


def _offered(catalog: Catalog) -> Iterator[str]:
    """Ids and aliases of the models that were not retired on the catalog's own day."""
    for name in (*catalog.models, *catalog.aliases):
        model = catalog.models[catalog.aliases.get(name, name)]
        if model.lifecycle.status != "retired":
            yield name
