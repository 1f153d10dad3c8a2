"""What a model name in a policy stands for: a pin, an alias, something retired, nothing we know."""

from __future__ import annotations

from datetime import date
from typing import Literal, NamedTuple

from router.catalog.models import Catalog, Model

__all__ = ["Verdict", "VerdictKind", "describe"]

VerdictKind = Literal["ok", "retiring", "retired", "alias", "unknown"]


class Verdict(NamedTuple):
    """The catalog's word on a model name on a day.

    `kind` is the gravest thing to say: a retired model is "retired" under its alias too. An alias
    of a retiring model is an "alias" with `retires` set. `model` is None only for "unknown".
    """

    kind: VerdictKind
    name: str
    model: Model | None = None
    since: date | None = None  # retired: the day it went
    retires: date | None = None  # announced day; a deprecated model may have none yet
    days_left: int | None = None  # to `retires`
    replacement: str | None = None
    suggestions: tuple[str, ...] = ()  # unknown: names close to it, best first
    platform: str | None = None  # unknown here, but the name that this platform uses

    @property
    def pinned(self) -> bool:
        """Whether the name is itself a snapshot that can be called on that day."""
        return self.kind in ("ok", "retiring")

    def __str__(self) -> str:
        instead = f"; use {self.replacement}" if self.replacement else ""
        identity = self.model.id if self.model else ""
        if self.kind == "ok":
            return f"{self.name} is a pinned model"
        if self.kind == "alias":
            return f"{self.name} is an alias of {identity}, not a pin"
        if self.kind == "retired":
            return f"{self.name} was retired on {self.since}{instead}"
        if self.kind == "retiring":
            when = f"retires on {self.retires}" if self.retires else "is deprecated"
            return f"{self.name} {when}{instead}"
        if self.platform:
            return f"{self.name} is the name on {self.platform}; use {self.suggestions[0]}"
        guess = f"; did you mean {self.suggestions[0]}?" if self.suggestions else ""
        return f"{self.name} is not a model that the catalog knows{guess}"


def describe(catalog: Catalog, name: str, today: date) -> Verdict:
    """What to say of a model name on a day. Nothing is inferred from how a name is spelt."""
    model = catalog.models.get(name)
    if model is not None:
        return _verdict(model, name, today, alias=False)
    target = catalog.aliases.get(name)
    if target is not None:
        return _verdict(catalog.models[target], name, today, alias=True)
    return _unknown(catalog, name, today)


def _verdict(model: Model, name: str, today: date, *, alias: bool) -> Verdict:
    lifecycle = model.lifecycle
    status = lifecycle.status_on(today)
    if status == "retired":
        since = lifecycle.retired_at or lifecycle.retires_at
        return Verdict("retired", name, model, since=since, replacement=lifecycle.replacement)
    retires = lifecycle.retires_at
    leaving = status == "deprecated" or retires is not None
    days_left = None if retires is None else (retires - today).days
    kind: VerdictKind = "alias" if alias else "retiring" if leaving else "ok"
    return Verdict(
        kind,
        name,
        model,
        retires=retires,
        days_left=days_left,
        replacement=lifecycle.replacement if leaving else None,
    )


def _unknown(catalog: Catalog, name: str, today: date) -> Verdict:
    for model in catalog.models.values():
        for platform, platform_name in model.platform_ids.items():
            if name == platform_name or name.endswith(f".{platform_name}"):
                return Verdict("unknown", name, suggestions=(model.id,), platform=platform)
    return Verdict("unknown", name, suggestions=_close(catalog, name, today))


def _close(catalog: Catalog, name: str, today: date) -> tuple[str, ...]:
    """Pins that may have been meant: first what the name begins with, then what it resembles."""
    # difflib costs milliseconds to import and is needed for mistakes only.
    import difflib

    pins = {m.id: m.id for m in catalog.models.values()} | dict(catalog.aliases)
    known = {
        spelt: pin
        for spelt, pin in pins.items()
        if catalog.models[pin].lifecycle.status_on(today) != "retired"
    }
    # Names longer than any model's are cut: matching takes quadratic time.
    bare = name[:80].strip().lower()
    for mark in "._ ":
        bare = bare.replace(mark, "-")
    begun = sorted((k for k in known if f"{bare}-".startswith(f"{k}-")), key=len, reverse=True)[:1]
    alike = difflib.get_close_matches(bare, known, n=3, cutoff=0.6)
    return tuple(dict.fromkeys(known[spelt] for spelt in (*begun, *alike)))[:3]
