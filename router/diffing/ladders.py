"""The ladder before and after: models, ceilings, settings, and what makes a run leave a tier."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

from router.compiler.model import EscalateRule, StartRule, Task, Tier
from router.diffing.changes import Change, Kind

__all__ = ["Pair", "ladder_changes", "pair_tiers", "pairs_of", "seconds", "shown"]

_SETTINGS: Final = ("effort", "thinking", "service_tier", "speed", "geography")


class Pair(NamedTuple):
    """A tier and what has become of it; None where it is new or gone."""

    old: Tier | None
    new: Tier | None


def pair_tiers(old: Task, new: Task) -> tuple[Pair, ...]:
    """Which tier is which: by name, else by its place on the ladder, else by its model."""
    before, after = list(old.tiers), list(new.tiers)
    known = {tier.name: tier for tier in before}
    found = {tier.name: known.get(tier.name) for tier in after}
    left = [tier for tier in before if tier.name not in found]
    for place, tier in enumerate(after):
        if found[tier.name] is not None:
            continue
        same = [one for one in left if before.index(one) == place]
        same += [one for one in left if one.model == tier.model]
        if same:
            found[tier.name] = same[0]
            left.remove(same[0])
    return (
        *(Pair(found[tier.name], tier) for tier in after),
        *(Pair(tier, None) for tier in left),
    )


def pairs_of(old: Task | None, new: Task | None) -> tuple[Pair, ...]:
    """The same where one of the two may not be there at all."""
    if old is not None and new is not None:
        return pair_tiers(old, new)
    gone = () if old is None else old.tiers
    come = () if new is None else new.tiers
    return (*(Pair(tier, None) for tier in gone), *(Pair(None, tier) for tier in come))


def ladder_changes(old: Task, new: Task, pairs: Sequence[Pair]) -> Iterator[Change]:
    """Everything that differs between two ladders."""
    renamed = {
        pair.old.name: pair.new.name
        for pair in pairs
        if pair.old is not None and pair.new is not None
    }
    for pair in pairs:
        if pair.old is None and pair.new is not None:
            said = f"tier `{pair.new.name}` added ({pair.new.model})"
            yield Change(Kind.LADDER, "", said)
        elif pair.new is None and pair.old is not None:
            yield Change(Kind.LADDER, "", f"tier `{pair.old.name}` removed ({pair.old.model})")
        elif pair.old is not None and pair.new is not None:
            yield from _tier_changes(pair.old, pair.new, renamed)
    yield from _order(old, new, renamed)
    yield from _start_changes(old, new, renamed)
    before = None if old.fallback is None else tuple(renamed.get(n, n) for n in old.fallback)
    if before != new.fallback:
        yield Change(
            Kind.LADDER, "fallback", f"fallback {_fallback(before)} → {_fallback(new.fallback)}"
        )


def _order(old: Task, new: Task, renamed: Mapping[str, str]) -> Iterator[Change]:
    stayed = set(renamed.values())
    before = [renamed[tier.name] for tier in old.tiers if tier.name in renamed]
    after = [tier.name for tier in new.tiers if tier.name in stayed]
    if before != after:
        said = f"order of tiers {' > '.join(before)} → {' > '.join(after)}"
        yield Change(Kind.LADDER, "", said)


def _tier_changes(old: Tier, new: Tier, renamed: Mapping[str, str]) -> Iterator[Change]:
    where = f"tier {new.name}"
    if old.name != new.name:
        yield Change(Kind.LADDER, where, f"tier `{old.name}` is now called `{new.name}`")
    if (old.model, old.local) != (new.model, new.local):
        yield Change(Kind.MODEL, where, f"model {_model(old)} → {_model(new)}")
    if old.max_tokens != new.max_tokens:
        yield Change(Kind.CEILING, where, f"max_tokens {old.max_tokens} → {new.max_tokens}")
    for name in _SETTINGS:
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(Kind.SETTING, where, f"{name} {shown(before)} → {shown(after)}")
    if old.stop_sequences != new.stop_sequences:
        before, after = (shown(list(tier.stop_sequences)) for tier in (old, new))
        yield Change(Kind.SETTING, where, f"stop_sequences {before} → {after}")
    if old.timeout != new.timeout:
        said = f"timeout {seconds(old.timeout)} → {seconds(new.timeout)}"
        yield Change(Kind.DEADLINE, where, said)
    yield from _rule_changes(where, old.escalate, new.escalate, renamed)


def shown(value: Any) -> str:
    """A setting as a person writes it; no two numbers look the same."""
    if value is None:
        return "unset"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    return f"{value}"


def seconds(value: float | None) -> str:
    """A duration, or that there is none."""
    return "none" if value is None else f"{shown(value)}s"


def _model(tier: Tier) -> str:
    return f"{tier.model} (local)" if tier.local else tier.model


def _fallback(names: Sequence[str] | None) -> str:
    if names is None:
        return "the next tiers"
    return ", ".join(names) or "none"


# --- rules -----------------------------------------------------------------------------------


class _Rule(NamedTuple):
    """What decides of a rule. Reasons are recorded and decide nothing."""

    below: float | None
    when: str | None
    to: str | None

    def __str__(self) -> str:
        what = f"below {shown(self.below)}" if self.below is not None else f"when {self.when}"
        return f"{what}, to {self.to or 'no tier: not accepted'}"


def _rule_changes(
    where: str,
    old: Sequence[EscalateRule],
    new: Sequence[EscalateRule],
    renamed: Mapping[str, str],
) -> Iterator[Change]:
    before = [_escalation(rule, renamed) for rule in old]
    after = [_escalation(rule, {}) for rule in new]
    yield from _list_changes(where, before, after)
    if before == after and [r.reason for r in old] != [r.reason for r in new]:
        yield Change(Kind.LABEL, where, "reasons of its rules reworded (recorded with each run)")


def _start_changes(old: Task, new: Task, renamed: Mapping[str, str]) -> Iterator[Change]:
    before = [_beginning(rule, renamed) for rule in old.start]
    after = [_beginning(rule, {}) for rule in new.start]
    for change in _list_changes("start", before, after):
        yield Change(Kind.START, "start", change.what)
    if before == after and [r.reason for r in old.start] != [r.reason for r in new.start]:
        yield Change(Kind.LABEL, "start", "reasons of its rules reworded (recorded with each run)")


def _escalation(rule: EscalateRule, renamed: Mapping[str, str]) -> _Rule:
    to = None if rule.to is None else renamed.get(rule.to, rule.to)
    return _Rule(rule.below, None if rule.when is None else rule.when.source.strip(), to)


def _beginning(rule: StartRule, renamed: Mapping[str, str]) -> _Rule:
    return _Rule(None, rule.when.source.strip(), renamed.get(rule.tier, rule.tier))


def _list_changes(where: str, old: Sequence[_Rule], new: Sequence[_Rule]) -> Iterator[Change]:
    """Rules are tried in order, so an order of them is a meaning of its own."""
    if old == new:
        return
    if sorted(map(str, old)) == sorted(map(str, new)):
        yield Change(Kind.CONDITION, where, "rules are tried in another order")
        return
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            continue
        gone, come = list(old[a:b]), list(new[c:d])
        yield from _replaced(where, gone, come)


def _replaced(where: str, gone: list[_Rule], come: list[_Rule]) -> Iterator[Change]:
    for one in [rule for rule in gone if rule.below is not None]:
        other = next((r for r in come if r.below is not None and r.to == one.to), None)
        if other is not None and one.below is not None and other.below is not None:
            gone.remove(one)
            come.remove(other)
            up = other.below > one.below
            effect = f"escalates {'more' if up else 'less'}"
            if one.to is None:
                effect = f"accepts {'less' if up else 'more'}"
            said = f"threshold {shown(one.below)} → {shown(other.below)} ({effect})"
            yield Change(Kind.THRESHOLD, where, said, escalates=_towards(one, 1 if up else -1))
    while gone and come:
        yield Change(_kind(come[0]), where, f"rule `{gone.pop(0)}` → `{come.pop(0)}`")
    for one in gone:
        said = f"rule `{one}` removed"
        yield Change(_kind(one), where, said, escalates=_towards(one, -1))
    for one in come:
        said = f"rule `{one}` added"
        yield Change(_kind(one), where, said, escalates=_towards(one, 1))


def _towards(rule: _Rule, sign: Literal[-1, 1]) -> Literal[-1, 0, 1]:
    """Whether more or fewer runs go on to another tier; a rule without one only rejects."""
    return 0 if rule.to is None else sign


def _kind(rule: _Rule) -> Kind:
    return Kind.THRESHOLD if rule.below is not None else Kind.CONDITION
