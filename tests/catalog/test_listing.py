"""The catalog as a table, as JSON, and beside the API's own list."""

from __future__ import annotations

import json
from datetime import date

from router.catalog import load_catalog
from router.catalog.listing import COLUMNS, as_json, compare_with_api, table

CATALOG = load_catalog()
DAY = date(2026, 11, 22)


def info(model, day=DAY):
    """What the API would say of a model if it agreed with the catalog."""
    life, limits, caps = model.lifecycle, model.limits, model.capabilities
    retires = life.retired_at or life.retires_at
    found = {
        "id": model.id,
        "type": "model",
        "display_name": model.id,
        "line": model.family,
        "created_at": "2026-01-01T00:00:00Z",
        "lifecycle": life.status_on(day),
        "deprecated_at": f"{life.deprecated_at}T00:00:00Z" if life.deprecated_at else None,
        "retires_at": f"{retires}T00:00:00Z" if retires else None,
        "max_input_tokens": limits.context_window if limits else None,
        "max_tokens": limits.max_output if limits else None,
        "capabilities": None,
    }
    if caps:
        efforts = ("low", "medium", "high", "xhigh", "max")
        kinds = ("adaptive", "between_tools", "disabled", "enabled")
        found["capabilities"] = {
            "structured_outputs": {"supported": caps.structured_outputs},
            "effort": {
                "supported": bool(caps.effort),
                **{level: {"supported": level in caps.effort} for level in efforts},
            },
            "thinking": {
                "supported": True,
                "types": {kind: {"supported": kind in caps.thinking} for kind in kinds},
            },
        }
    return found


def listed():
    return [info(m) for m in CATALOG.models.values() if m.lifecycle.status != "retired"]


def test_the_table_has_a_row_a_band():
    """Haiku 5.5 shows both its prices; every row fits the columns; the retired are on demand."""
    rows = table(CATALOG, DAY)
    assert all(len(row) == len(COLUMNS) for row in rows)
    names = [row[0] for row in rows]
    at = names.index("claude-haiku-5-5")
    assert rows[at][6:8] == ("0.10", "0.50")
    assert rows[at + 1][0] == f"{rows[at][0]}, prompts over 100,000"
    assert rows[at + 1][6:8] == ("0.50", "2.50")
    assert "claude-opus-4-1-20250805" not in names
    everything = [row[0] for row in table(CATALOG, DAY, retired=True)]
    assert set(CATALOG.models) <= set(everything)
    assert "claude-sonnet-4-5-20250929" not in [r[0] for r in table(CATALOG, date(2026, 11, 30))]


def test_the_table_shows_the_price_of_the_day():
    """Sonnet 5.5's cache reads cost 0.20 until 2026-10-06."""

    def read(day):
        return next(r[8] for r in table(CATALOG, day) if r[0] == "claude-sonnet-5-5")

    assert (read(date(2026, 10, 6)), read(date(2026, 10, 7))) == ("0.20", "0.10")
    assert read(date(2026, 9, 1)) == ""


def test_the_json_form_is_json_and_whole():
    """It survives a round trip and holds every model with its prices as strings."""
    data = json.loads(json.dumps(as_json(CATALOG, DAY)))
    assert [m["id"] for m in data["models"]] == list(CATALOG.models)
    haiku = next(m for m in data["models"] if m["id"] == "claude-haiku-5-5")
    assert haiku["prices"][0]["bands"][0]["up_to"] == 100_000
    assert haiku["prices"][0]["bands"][1]["output"] == "2.5"
    assert haiku["lifecycle"]["released"] == "2026-10-07"
    assert data["digest"] == CATALOG.digest


def test_a_list_that_agrees_gives_no_difference():
    """Restricted models may be missing; aliases, retired models and nulls are no difference."""
    full = [info(m) for m in CATALOG.models.values()]
    for entry in full:
        if entry["line"] in ("claude", "instant"):
            entry["line"] = None
    assert compare_with_api(CATALOG, full) == ()
    general = [e for e in listed() if CATALOG.models[e["id"]].access == "general"]
    assert compare_with_api(CATALOG, general, DAY) == ()
    bare = [{"id": e["id"], "lifecycle": e["lifecycle"]} for e in general]
    assert compare_with_api(CATALOG, bare, DAY) == ()


def test_each_difference_is_one_sentence():
    """New and missing models, dates, limits and capabilities are all reported."""
    entries = {e["id"]: e for e in listed()}
    del entries["claude-opus-5"]
    entries["claude-next-6"] = {"id": "claude-next-6", "lifecycle": "active"}
    haiku = entries["claude-haiku-4-5-20251001"]
    haiku |= {
        "lifecycle": "deprecated",
        "deprecated_at": "2026-11-20T00:00:00Z",
        "retires_at": "2027-01-20T00:00:00Z",
    }
    sonnet = entries["claude-sonnet-5-5"]
    sonnet["max_tokens"] = 64_000
    sonnet["capabilities"]["effort"]["max"]["supported"] = False
    sonnet["capabilities"]["thinking"]["types"]["disabled"]["supported"] = True
    sonnet["capabilities"]["structured_outputs"]["supported"] = False
    found = compare_with_api(CATALOG, entries.values(), DAY)
    assert set(found) == {
        "claude-next-6: listed by the API, not in the catalog",
        "claude-opus-5: in the catalog, not listed by the API",
        "claude-haiku-4-5-20251001: lifecycle is deprecated at the API, active in the catalog",
        "claude-haiku-4-5-20251001: deprecated_at is 2026-11-20 at the API, None in the catalog",
        "claude-haiku-4-5-20251001: retires_at is 2027-01-20 at the API, None in the catalog",
        "claude-sonnet-5-5: max_tokens is 64000 at the API, 128000 in the catalog",
        "claude-sonnet-5-5: structured_outputs is False at the API, True in the catalog",
        (
            "claude-sonnet-5-5: effort is high, low, medium, xhigh at the API, "
            "high, low, max, medium, xhigh in the catalog"
        ),
        (
            "claude-sonnet-5-5: thinking types is adaptive, between_tools, disabled at the API, "
            "adaptive, between_tools in the catalog"
        ),
    }
