"""refused-parameter: the model, or the API, answers 400 to what the tier asks for."""

from __future__ import annotations

from collections.abc import Iterator

from router.catalog.models import Capabilities, Model
from router.catalog.pricing import price_on
from router.compiler.compilation import CompiledTask
from router.compiler.model import Tier
from router.errors import CatalogError
from router.policy.edits import delete_entry, fix, is_own
from router.policy.nodes import Node
from router.rules.base import Facts, Rule
from router.rules.ladder import tier_nodes
from router.rules.prompts import parts
from router.types import Finding, Fix, Severity

__all__ = ["RULE", "check"]

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_REDUCED = ("disabled", "between_tools")


def check(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    for tier, node in tier_nodes(compiled):
        model = facts.model(tier)
        if model is None:
            continue
        if model.capabilities is not None:
            yield from _effort(tier, node, model, model.capabilities, compiled)
            yield from _thinking(tier, node, model, model.capabilities)
        yield from _service(tier, node, model, facts, compiled)
    yield from _tool_choice(compiled, facts)
    yield from _structured(compiled, facts)


def _effort(
    tier: Tier, node: Node, model: Model, known: Capabilities, compiled: CompiledTask
) -> Iterator[Finding]:
    if tier.effort is None or tier.effort in known.effort:
        return
    place = node.get("effort") or node
    if not known.effort:
        remedy = _removed(compiled, node, "effort")
        yield RULE.at(place, f"{model.id} has no `effort`", "remove it", fix=remedy)
    else:
        message = f"{model.id} refuses effort `{tier.effort}`"
        yield RULE.at(place, message, f"it takes {', '.join(known.effort)}")


def _thinking(tier: Tier, node: Node, model: Model, known: Capabilities) -> Iterator[Finding]:
    if tier.thinking is None:
        return
    place = node.get("thinking") or node
    if tier.thinking not in known.thinking:
        takes = [name for name in known.thinking if name != "enabled"]
        default = f"; by default its thinking is {known.thinking_default}"
        help_line = f"it takes {', '.join(takes) or 'none of ours: remove it'}{default}"
        yield RULE.at(place, f"{model.id} refuses thinking `{tier.thinking}`", help_line)
        return
    most, effort = known.thinking_off_max_effort, tier.effort or known.effort_default
    if most is None or effort is None or tier.thinking not in _REDUCED:
        return
    if _EFFORTS.index(effort) > _EFFORTS.index(most):
        message = f"{model.id} takes thinking `{tier.thinking}` only up to effort {most}"
        yield RULE.at(place, message, f"lower `effort` from {effort} to {most}, or remove this")


def _service(
    tier: Tier, node: Node, model: Model, facts: Facts, compiled: CompiledTask
) -> Iterator[Finding]:
    if tier.speed != "fast" and tier.geography is None:
        return
    try:
        price = price_on(model, facts.today)
    except CatalogError:
        return
    if tier.speed == "fast":
        over = price.fast_until is not None and facts.today > price.fast_until
        if price.fast is None or over:
            since = f" any more (until {price.fast_until})" if over else ""
            place, remedy = node.get("speed") or node, _removed(compiled, node, "speed")
            message = f"{model.id} has no fast mode{since}"
            yield RULE.at(place, message, "remove `speed`", fix=remedy)
    if tier.geography is not None and price.geography_us is None:
        message = f"{model.id} refuses a geography"
        # Where data may be handled is a promise to somebody: not to be dropped unseen.
        remedy = _removed(compiled, node, "geography", safe=False)
        place = node.get("geography") or node
        yield RULE.at(place, message, "remove `geography`", fix=remedy)


def _removed(compiled: CompiledTask, node: Node, key: str, *, safe: bool = True) -> Fix | None:
    if not is_own(node, compiled.node):
        return None  # others may use it with a model that takes it
    return fix(f"remove `{key}`", delete_entry(node, key), safe=safe)


def _tool_choice(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    choice = compiled.task.tool_choice
    if choice is None or choice.get("type") not in ("any", "tool"):
        return
    models = [facts.model(tier) for tier in compiled.task.tiers]
    known = [(m.id, m.capabilities) for m in models if m is not None and m.capabilities is not None]
    refusing = [name for name, able in known if not able.forced_tool_choice]
    if refusing:
        message = f"{', '.join(dict.fromkeys(refusing))} may not be forced to call a tool"
        place = compiled.node.get("tool_choice") or compiled.node
        yield RULE.at(place, message, "use `auto` and say in the prompt when to call it")


def _structured(compiled: CompiledTask, facts: Facts) -> Iterator[Finding]:
    output = compiled.task.output
    if output is None:
        return
    cited = [p for p in parts(compiled) if p.block is not None and p.block.citations]
    models = [facts.model(tier) for tier in compiled.task.tiers]
    known = [m for m in models if m is not None and m.capabilities is not None]
    able = [m for m in known if m.capabilities and m.capabilities.structured_outputs]
    if cited and able and output.wire is not None:
        for part in cited:
            yield RULE.at(
                part.node,
                "citations cannot be used together with an `output` schema",
                "remove `citations`, or ask for quotations in the schema",
                key="citations",
            )
    unable = [m.id for m in known if m not in able]
    if unable:
        yield RULE.at(
            compiled.node,
            f"{', '.join(dict.fromkeys(unable))} has no structured output: the schema is only "
            "checked on the reply",
            "describe the form in the prompt",
            key="output",
            severity=Severity.WARNING,
        )


RULE = Rule(
    name="refused-parameter",
    severity=Severity.ERROR,
    summary="A tier asks for something that its model refuses.",
    avoid="{model: claude-sonnet-5-5, max_tokens: 2048, thinking: disabled}",
    prefer="{model: claude-sonnet-5-5, max_tokens: 2048, thinking: between_tools}",
    why=(
        "The API answers 400 on every call: efforts and thinking modes differ per model, thinking "
        "can be reduced only up to some effort, fast mode and geography exist on some models only, "
        "the newest may not be forced to call a tool, and citations exclude structured output."
    ),
    configure="Capabilities come from the catalog (`router models`).",
    needs="catalog",
    mends="either",
    check=check,
)
