"""read_settings: what the policy says in plain numbers and words."""

from __future__ import annotations

from typing import Any

from router.compiler.model import Event, Exhausted, Retry, RunBudget
from router.compiler.passes.work import Work
from router.policy.nodes import Node
from router.policy.scalars import ScalarError, duration, usd

__all__ = ["read_settings"]


def read_settings(work: Work) -> dict[str, Any]:
    """The fields of a task that need no linking, by name; defaults are left to the model."""
    node = work.node
    found: dict[str, Any] = {}
    for key in ("description", "owner", "stream", "strict_model"):
        child = node.get(key)
        if child is not None and child.value is not None:
            found[key] = child.value
    tags, trusted, events = node.get("tags"), node.get("trusted"), node.get("escalate_on")
    if tags is not None:
        found["tags"] = {key: str(child.value) for key, child in tags.items()}
    if trusted is not None:
        found["trusted"] = frozenset(str(child.value) for child in trusted.elements())
    if events is not None:
        found["escalate_on"] = frozenset(Event(child.value) for child in events.elements())
    exhausted = node.get("exhausted")
    if exhausted is not None:
        found["exhausted"] = _exhausted(work, exhausted)
    retry, budget = node.get("retry"), node.at("budget", "run")
    try:
        if retry is not None and retry.is_map:
            found["retry"] = _retry(retry)
        if budget is not None and budget.is_map:
            found["budget"] = _budget(budget)
    except ScalarError as error:  # the shape lets none through; told all the same, not trusted
        work.say("bad-value", str(error), retry or node)
    return found


def _exhausted(work: Work, node: Node) -> Exhausted:
    value = node.get("value")
    if value is None:
        return Exhausted(node.value)
    plain = value.plain()
    if work.output is not None:
        for violation in work.output.problems(plain)[:1]:
            where = f"`{violation.path}` " if violation.path else ""
            message = f"this value breaks the task's output schema: {where}{violation.message}"
            work.say("bad-exhausted-value", message, value)
    return Exhausted("value", plain)


def _retry(node: Node) -> Retry:
    found: dict[str, Any] = {}
    for key, child in node.items():
        if key in ("base", "cap"):
            found[key] = duration(child.value)
        else:
            found[key] = int(child.value) if key == "retries" else float(child.value)
    return Retry(**found)


def _budget(node: Node) -> RunBudget:
    found: dict[str, Any] = {}
    for key, child in node.items():
        if key == "usd":
            found[key] = usd(child.value)
        elif key == "deadline":
            found[key] = duration(child.value)
        else:
            found[key] = int(child.value)
    return RunBudget(**found)
