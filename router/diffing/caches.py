"""Which cached prefixes go cold when the new policies go live, and what writing them once costs.

A cache belongs to one model and holds the prompt from its beginning to a breakpoint, to the byte.
What makes it miss: other tools, another model or speed or output format (all of it), another text
at or before the breakpoint; another effort or way of thinking may (Claude API documentation,
2026-11). Only prefixes that no input decides are told: others are written per call anyway.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal
from typing import NamedTuple

from router.catalog.models import Model
from router.catalog.pricing import cost
from router.compiler.compilation import CompiledTask
from router.compiler.model import Task, Tier, Ttl
from router.diffing.changes import ColdCache
from router.diffing.judging import Judged
from router.diffing.ladders import pair_tiers
from router.diffing.texts import Key, bare, block_key, canonical
from router.engine.request import sends_schema
from router.errors import CatalogError
from router.rules.base import Facts
from router.rules.prompts import Part, parts
from router.rules.sizes import constant_prefixes
from router.types import Usage

__all__ = ["cold_caches"]


class _Prefix(NamedTuple):
    """A breakpoint that the model caches: all that is before it, and its size."""

    where: str
    ttl: Ttl
    content: tuple[Key, ...]
    tokens: int


def cold_caches(
    old: CompiledTask, new: CompiledTask, before: Judged, after: Judged
) -> Iterator[ColdCache]:
    """For each tier that was there before: what it has to write again."""
    for pair in pair_tiers(old.task, new.task):
        if pair.old is None or pair.new is None:
            continue
        model = after.facts.model(pair.new)
        if model is None:
            continue
        known = before.facts.model(pair.old)
        warm = [] if known is None else _prefixes(old, known, before)
        cold = _prefixes(new, model, after)
        sure, doubtful = _reasons(old.task, new.task, pair.old, pair.new, known, model)
        if sure and cold:
            yield replace(_cold(pair.new, model, cold, (), sure, after.facts), first=not warm)
        if sure:
            continue
        held = {prefix.content for prefix in warm}
        lost = [prefix for prefix in cold if prefix.content not in held]
        if lost:
            why = _first_difference(lost[0], warm) if warm else "a breakpoint where none was"
            yield replace(_cold(pair.new, model, lost, cold, why, after.facts), first=not warm)
        elif doubtful and cold:
            found = _cold(pair.new, model, cold, (), doubtful, after.facts)
            yield replace(found, sure=False)


def _reasons(
    old: Task, new: Task, was: Tier, now: Tier, known: Model | None, model: Model
) -> tuple[str, str]:
    """Why all caches of a tier are lost, and why they may be; empty where they are not."""
    if was.model != now.model:
        return "another model", ""
    if (was.speed or "standard") != (now.speed or "standard"):
        return "another speed", ""
    formats = [
        canonical(task.output.wire, ordered=True)
        if task.output is not None and sends_schema(task, tier, of)
        else ""
        for task, tier, of in ((old, was, known), (new, now, model))
    ]
    if formats[0] != formats[1]:
        return "another output format", ""
    if was.thinking != now.thinking:
        return "", "another way of thinking"
    if was.effort != now.effort:
        return "", "another effort"
    return "", ""


def _prefixes(compiled: CompiledTask, model: Model, side: Judged) -> list[_Prefix]:
    """The constant prefixes that are long enough for the model to cache."""
    least = (model.limits.min_cacheable_tokens or 0) if model.limits is not None else 0
    sizes = {id(one.part): one.tokens for one in constant_prefixes(compiled, model)}
    found: list[_Prefix] = []
    content: list[Key] = []
    counts: dict[str, int] = {}
    for part in parts(compiled):
        index = counts.get(part.kind, 0)
        counts[part.kind] = index + 1
        content.append((part.kind, *_key(part, side)))
        tokens = sizes.get(id(part))
        if tokens is not None and part.cache is not None and tokens >= least:
            where = f"{_PLACES.get(part.kind, part.kind)}[{index}]"
            found.append(_Prefix(where, part.cache, tuple(content), tokens))
    return found


_PLACES = {"tool": "tools"}


def _key(part: Part, side: Judged) -> Key:
    if part.block is not None:
        return block_key(part.block, side.read)
    if part.tool is not None:
        return (canonical(bare(part.tool), ordered=True),)
    return ("turns",)


def _cold(
    tier: Tier,
    model: Model,
    lost: Sequence[_Prefix],
    every: Sequence[_Prefix],
    why: str,
    facts: Facts,
) -> ColdCache:
    """One write of the lost prefixes; what lies before the first of them is still read."""
    held = [prefix.tokens for prefix in every if prefix not in lost]
    first = min((prefix.tokens for prefix in lost), default=0)
    before = max((tokens for tokens in held if tokens < first), default=0)
    written: dict[Ttl, int] = {"5m": 0, "1h": 0}
    for prefix in sorted(lost, key=lambda one: one.tokens):
        written[prefix.ttl] += prefix.tokens - before
        before = prefix.tokens
    usage = Usage(cache_write_5m_tokens=written["5m"], cache_write_1h_tokens=written["1h"])
    price: Decimal | None
    try:
        price = cost(model, usage, facts.today, speed=tier.speed, geography=tier.geography)
    except CatalogError:
        price = None
    places = tuple(prefix.where for prefix in lost)
    return ColdCache(tier.name, tier.model, places, sum(written.values()), price, why)


def _first_difference(lost: _Prefix, warm: Sequence[_Prefix]) -> str:
    """What comes first that no warm prefix has, as a place of the new prompt."""
    same = 0
    for prefix in warm:
        shared = 0
        for one, other in zip(lost.content, prefix.content, strict=False):
            if one != other:
                break
            shared += 1
        same = max(same, shared)
    if same == len(lost.content):
        return "a breakpoint where none was"
    kind = str(lost.content[same][0])
    index = sum(1 for key in lost.content[:same] if key[0] == kind)
    return f"{_PLACES.get(kind, kind)}[{index}] changed"
