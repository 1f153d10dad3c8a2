"""`GET /v1/models`: the catalog in the API's words. It knows no prices there either.

Shape: anthropic 2.12, types/model_info.py and types/model_capabilities.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from router.catalog.models import Capabilities, Catalog, Model
from router.emulator.capability import EFFORTS

__all__ = ["model_info", "model_page"]

_THINKING = ("adaptive", "between_tools", "disabled", "enabled")


def model_page(catalog: Catalog, query: Mapping[str, Sequence[str]], day: date) -> dict[str, Any]:
    """One page of the list, newest first.

    Raises:
        ValueError: a limit that is none, or a cursor that names no model of the list.
    """
    wanted = [*query.get("lifecycle[]", ()), *query.get("lifecycle", ())]
    stages = {stage for text in wanted for stage in text.split(",")} or {"active", "deprecated"}
    rows = [m for m in catalog.models.values() if m.lifecycle.status_on(day) in stages]
    rows.sort(key=lambda m: (m.lifecycle.released or date(1970, 1, 1), m.id), reverse=True)
    limit = int(query.get("limit", ("20",))[0])
    if not 1 <= limit <= 1000:
        raise ValueError("limit: Input should be between 1 and 1000")
    ids = [m.id for m in rows]
    start, end = 0, len(rows)
    if "after_id" in query:
        start = ids.index(query["after_id"][0]) + 1
    elif "before_id" in query:
        end = ids.index(query["before_id"][0])
        start = max(0, end - limit)
    page = rows[start:end][:limit]
    return {
        "data": [model_info(m, day) for m in page],
        "has_more": start > 0 if "before_id" in query else start + len(page) < len(rows),
        "first_id": page[0].id if page else None,
        "last_id": page[-1].id if page else None,
    }


def model_info(model: Model, day: date) -> dict[str, Any]:
    lifecycle = model.lifecycle
    status = lifecycle.status_on(day)
    leaving = status != "active"
    return {
        "type": "model",
        "id": model.id,
        "display_name": _display_name(model),
        "line": model.family,
        "created_at": _instant(lifecycle.released or date(1970, 1, 1)),
        "lifecycle": status,
        "deprecated_at": _instant(lifecycle.deprecated_at) if leaving else None,
        "retires_at": _instant(lifecycle.retires_at or lifecycle.retired_at) if leaving else None,
        "max_input_tokens": model.limits.context_window if model.limits else None,
        "max_tokens": model.limits.max_output if model.limits else None,
        "capabilities": _capabilities(model.capabilities) if model.capabilities else None,
    }


def _capabilities(known: Capabilities) -> dict[str, Any]:
    """What the catalog does not say of a model is what all models of today can do."""
    return {
        "batch": _has(True),
        "citations": _has(True),
        "code_execution": _has(False),
        "context_management": {"supported": False},
        "effort": {
            "supported": bool(known.effort),
            **{level: _has(level in known.effort) for level in EFFORTS},
        },
        "image_input": _has(True),
        "pdf_input": _has(True),
        "server_tools": {
            "supported": False,
            "code_execution": _has(False),
            "web_search": _has(False),
        },
        "structured_outputs": _has(known.structured_outputs),
        "thinking": {
            "supported": bool(known.thinking),
            "types": {kind: _has(kind in known.thinking) for kind in _THINKING},
        },
    }


def _has(supported: bool) -> dict[str, bool]:
    return {"supported": supported}


def _display_name(model: Model) -> str:
    return f"Claude {model.family.capitalize()} {model.generation}"


def _instant(day: date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"
