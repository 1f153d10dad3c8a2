"""All rules by name. A rule is a file: adding one is adding a file to `checks` or `reading`.

`checks` holds rules that judge linked tasks and texts, `reading` the pages of what the reader and
the compiler find by themselves, `linting` those of what only the linter finds; the latter two are
imported only to be explained.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from importlib import import_module
from types import MappingProxyType

from router.errors import UsageError
from router.policy.suggest import did_you_mean
from router.resources import module_names
from router.rules import checks, linting, reading
from router.rules.base import Rule

__all__ = ["all_rules", "checking_rules", "rule", "rule_names"]

_PACKAGES = (checks, linting, reading)


@lru_cache(maxsize=1)
def _modules() -> Mapping[str, str]:
    """Module by rule name, sorted by name; nothing is imported for it."""
    found = {
        name.replace("_", "-"): f"{package.__name__}.{name}"
        for package in _PACKAGES
        for name in module_names(package)
    }
    return MappingProxyType(dict(sorted(found.items())))


def rule_names() -> tuple[str, ...]:
    """The names of all rules, sorted."""
    return tuple(_modules())


def rule(name: str) -> Rule:
    """The rule of this name.

    Raises:
        UsageError: there is none; the message names the nearest.
    """
    module = _modules().get(name)
    if module is None:
        hint = did_you_mean(name, _modules()) or "`router rule` lists all"
        raise UsageError(f"there is no rule {name!r}; {hint}")
    found: Rule = import_module(module).RULE
    return found


@lru_cache(maxsize=1)
def all_rules() -> Mapping[str, Rule]:
    """Every rule by name, sorted."""
    return MappingProxyType({name: rule(name) for name in _modules()})


@lru_cache(maxsize=1)
def checking_rules() -> tuple[Rule, ...]:
    """The rules that have a check of their own, sorted by name."""
    inside = f"{checks.__name__}."
    return tuple(rule(name) for name, module in _modules().items() if module.startswith(inside))
