"""link_tiers: the ladder, and every place that names one of its tiers."""

from __future__ import annotations

from typing import Any

from router.compiler.hints import name_hint
from router.compiler.model import EscalateRule, StartRule, Tier
from router.compiler.passes.models import pin
from router.compiler.passes.work import Pin, Work
from router.policy.edits import fix, replace_scalar
from router.policy.nodes import Node
from router.policy.scalars import ScalarError, duration, share
from router.policy.suggest import suggest

__all__ = ["link_tiers"]

_PLAIN = ("effort", "thinking", "service_tier", "speed", "geography")


def link_tiers(work: Work) -> None:
    """Tiers with their models, escalation rules, `start` and `fallback`."""
    listed = work.node.get("tiers")
    nodes = list(listed.elements()) if listed is not None else []
    names = [_name(node) for node in nodes]
    for index, name in enumerate(names):
        if name in names[:index]:
            node = nodes[index].get("name") or nodes[index].get("model") or nodes[index]
            work.say(
                "duplicate-tier", f"there are two tiers named `{name}`", node, "give it a `name`"
            )
    pins = [pin(work.desk, node.value["model"]) for node in nodes]
    if any(_misnamed(work, node, found) for node, found in zip(nodes, pins, strict=True)):
        work.broken.add("tiers")  # a mistyped model is a mistyped tier name: said once is enough
    tiers = [
        _tier(work, node, index, names, found)
        for index, (node, found) in enumerate(zip(nodes, pins, strict=True))
    ]
    work.tiers = tuple(tier for tier in tiers if tier is not None)
    work.start = tuple(_start(work, names))
    fallback = work.node.get("fallback")
    if fallback is not None:
        for node in fallback.elements():
            _known(work, node, names)
        work.fallback = tuple(str(node.value) for node in fallback.elements())


def _name(node: Node) -> str:
    name = node.get("name") or node.get("model")
    return str(name.value) if name is not None else ""


def _misnamed(work: Work, node: Node, found: Pin | None) -> bool:
    return (
        found is None
        and node.get("name") is None
        and node.value["model"].value not in work.desk.document.models
    )


def _tier(work: Work, node: Node, index: int, names: list[str], found: Pin | None) -> Tier | None:
    escalate = tuple(_rules(work, node, index, names))
    if found is None:
        return None
    plain: dict[str, Any] = {key: node.value[key].value for key in _PLAIN if key in node.value}
    timeout, stops = node.get("timeout"), node.get("stop_sequences")
    return Tier(
        name=names[index],
        model=found.id,
        local=found.local,
        max_tokens=int(node.value["max_tokens"].value),
        escalate=escalate,
        timeout=_duration(work, timeout),
        stop_sequences=tuple(str(stop.value) for stop in stops.elements()) if stops else (),
        span=node.span,
        **plain,
    )


def _duration(work: Work, node: Node | None) -> float | None:
    if node is None:
        return None
    try:
        return duration(node.value)
    except ScalarError as error:  # the shape lets none through; told all the same, not trusted
        work.say("bad-value", str(error), node)
        return None


def _rules(work: Work, tier: Node, index: int, names: list[str]) -> list[EscalateRule]:
    rules = tier.get("escalate")
    found = []
    for node in rules.elements() if rules is not None else ():
        target = _target(work, node, index, names)
        reason = node.get("reason")
        why = str(reason.value) if reason is not None else None
        below, when = node.get("below"), node.get("when")
        if below is not None:
            try:
                least = share(below.value)
                found.append(EscalateRule(target, below=least, reason=why, span=node.span))
            except ScalarError as error:
                work.say("threshold-out-of-range", str(error), below)
        elif when is not None and id(when) in work.conditions:
            condition = work.conditions[id(when)]
            found.append(EscalateRule(target, when=condition, reason=why, span=node.span))
    return found


def _target(work: Work, rule: Node, index: int, names: list[str]) -> str | None:
    """The tier that a rule leads to; None from the last one, where `exhausted` decides."""
    following = names[index + 1] if index + 1 < len(names) else None
    node = rule.get("to")
    if node is None:
        return following
    name = str(node.value)
    if not _known(work, node, names):
        return following
    if names.index(name) <= index:
        where = "itself" if name == names[index] else "an earlier tier"
        hint = f"escalate to one of {', '.join(names[index + 1 :])}" if following else None
        message = f"`{names[index]}` escalates to {where}: the ladder only goes up"
        work.say("backward-escalation", message, node, hint)
    return name


def _known(work: Work, node: Node, names: list[str]) -> bool:
    if node.value in names:
        return True
    if "tiers" in work.broken:
        return False
    hint = name_hint(str(node.value), names, "tiers")
    meant = suggest(str(node.value), names)
    remedy = meant and fix(f"write `{meant}`", replace_scalar(node, meant), safe=False)
    work.say("unknown-tier", f"this task has no tier `{node.value}`", node, hint, remedy or None)
    return False


def _start(work: Work, names: list[str]) -> list[StartRule]:
    rules = work.node.get("start")
    found = []
    for node in rules.elements() if rules is not None else ():
        tier, when, reason = node.get("tier"), node.get("when"), node.get("reason")
        if tier is None or when is None or not _known(work, tier, names):
            continue
        condition = work.conditions.get(id(when))
        if condition is not None:
            why = str(reason.value) if reason is not None else None
            found.append(StartRule(condition, str(tier.value), why, node.span))
    return found
