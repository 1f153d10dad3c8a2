"""The API's rules for cache breakpoints: how many, of which kind, in which order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from router.emulator.prompt import ttl_of
from router.emulator.request import blocks_of

__all__ = ["breakpoint_problems"]

_MOST = 4


def breakpoint_problems(body: Mapping[str, Any]) -> Iterator[str]:
    """What is wrong with the `cache_control` of a body of sound form; empty when nothing is."""
    places = list(_places(body))
    marked = [(path, block) for path, block in places if block.get("cache_control")]
    for path, block in marked:
        yield from _form(block["cache_control"], f"{path}.cache_control")
        if block.get("type") in ("thinking", "redacted_thinking"):
            yield f"{path}: cache_control cannot be set on thinking blocks"
    top = body.get("cache_control")
    if top is not None:
        yield from _form(top, "cache_control")
    on_last = places[-1][1].get("cache_control") if places else None
    if top is not None and on_last and ttl_of(top) != ttl_of(on_last):
        yield f"cache_control.ttl: the last block has another ttl ({places[-1][0]})"
    # The automatic one costs nothing where it falls on a marked block, but never comes on top of
    # four explicit ones.
    count = len(marked) + (top is not None and (not on_last or len(marked) == _MOST))
    if count > _MOST:
        yield f"A maximum of {_MOST} blocks with cache_control may be provided. Found {count}."
    yield from _order([(path, block["cache_control"]) for path, block in marked], top)


def _places(body: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for index, tool in enumerate(body.get("tools") or ()):
        yield f"tools.{index}", tool
    for index, block in enumerate(blocks_of(body.get("system"))):
        yield f"system.{index}", block
    for number, message in enumerate(body.get("messages") or ()):
        for index, block in enumerate(blocks_of(message.get("content"))):
            yield f"messages.{number}.content.{index}", block


def _form(control: Any, path: str) -> Iterator[str]:
    if not isinstance(control, Mapping) or control.get("type") != "ephemeral":
        yield f"{path}.type: Input should be 'ephemeral'"
        return
    if control.get("ttl", "5m") not in ("5m", "1h"):
        yield f"{path}.ttl: Input should be '5m' or '1h'"
    for name in control:
        if name not in ("type", "ttl"):
            yield f"{path}.{name}: Extra inputs are not permitted"


def _order(controls: list[tuple[str, Any]], top: Any) -> Iterator[str]:
    if top is not None:
        controls = [*controls, ("cache_control", top)]
    shorter = None
    for path, control in controls:
        ttl = control.get("ttl", "5m") if isinstance(control, Mapping) else "5m"
        if ttl == "5m":
            shorter = shorter or path
        elif shorter is not None:
            yield (
                f"{path}.cache_control.ttl: a breakpoint of 1h must not come after one of 5m "
                f"({shorter}); blocks are processed in the order tools, system, messages"
            )
            return
