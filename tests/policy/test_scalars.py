"""Durations, percentages and amounts are read exactly, and only in the spellings of the schema."""

from __future__ import annotations

import json
import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.policy.scalars import ScalarError, duration, share, usd
from router.resources import shipped

DEFS = json.loads((shipped("schemas") / "policy.schema.json").read_bytes())["$defs"]
DURATION = DEFS["duration"]
BELOW = DEFS["escalate_rule"]["properties"]["below"]


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("500ms", 0.5),
        ("0.3ms", 0.0003),
        ("30s", 30.0),
        ("1.5s", 1.5),
        ("5m", 300.0),
        ("1h", 3600.0),
        ("0.1h", 360.0),
        (30, 30.0),
        (0.25, 0.25),
    ],
)
def test_a_duration_is_in_seconds(written: object, seconds: float) -> None:
    assert duration(written) == seconds


@pytest.mark.parametrize(
    "written",
    ["", "30", "s", "30 s", " 30s", "30s\n", "-1s", "1e3s", "1m30s", "1d", "٣s", "0s", "0.0h", 0,
     -1, "9" * 20 + "s", float("inf"), 10**400, True, None, [], {}],
)  # fmt: skip
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(ScalarError, match="duration"):
        duration(written)


@pytest.mark.parametrize(
    ("written", "number"),
    [("82%", 0.82), ("0%", 0.0), ("100%", 1.0), ("99.9%", 0.999), (0.65, 0.65), (0, 0.0), (1, 1.0)],
)
def test_a_percentage_is_a_share(written: object, number: float) -> None:
    assert share(written) == number


@pytest.mark.parametrize("written", ["82", "101%", "-1%", "8 %", "%", "", 1.01, -0.1, True, None])
def test_what_is_no_share_is_refused(written: object) -> None:
    with pytest.raises(ScalarError):
        share(written)


def test_an_amount_is_what_was_written() -> None:
    """Five cents are five cents, not 0.05000000000000000277."""
    assert usd(0.05) == Decimal("0.05")
    assert usd(1e-7) == Decimal("0.0000001")
    assert usd(3) == Decimal(3)
    for wrong in (0, -1, "0.05", True, None, float("inf")):
        with pytest.raises(ScalarError):
            usd(wrong)


spellings = st.from_regex(r"[0-9.]{0,4}(ms|s|m|h|%|d)?", fullmatch=True)


@given(spellings)
def test_the_schema_and_the_reader_know_the_same_spellings(text: str) -> None:
    """What policy.schema.json lets through never fails later, and nothing else is read."""
    assert bool(re.search(DURATION["pattern"], text)) == _reads(duration, text)
    assert bool(re.search(BELOW["pattern"], text)) == _reads(share, text)


def _reads(read: object, text: str) -> bool:
    try:
        read(text)  # type: ignore[operator]  # one of two functions
    except ScalarError:
        return False
    return True
