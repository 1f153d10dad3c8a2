"""Kept results come back as they were."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.errors import LedgerError
from router.ledger.results import decode, encode
from router.types import Attempt, AttemptStatus, Left, Result, Usage

text = st.text(max_size=20)
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=8,
)
money = st.decimals(0, 10**6, allow_nan=False, places=12)
usages = st.builds(Usage, *[st.integers(0, 2**53)] * 6)
seconds = st.floats(0, 1e10)
attempts = st.builds(
    Attempt,
    text,
    st.integers(1, 100),
    text,
    text,
    text,
    st.sampled_from(AttemptStatus),
    money,
    usages,
    error=st.none() | text,
    started_at=seconds,
    confidence=st.none() | st.floats(0, 1),
    ignored=st.lists(text, max_size=2).map(tuple),
)
results = st.builds(
    Result,
    output=json_values,
    text=text,
    content=st.lists(st.dictionaries(text, json_values, max_size=2), max_size=2).map(tuple),
    task=text,
    tier=text,
    model=text,
    confidence=st.none() | st.floats(0, 1),
    accepted=st.booleans(),
    left=st.lists(st.builds(Left, text, st.none() | text, st.just("fallback"), text)).map(tuple),
    attempts=st.lists(attempts, max_size=2).map(tuple),
    usage=usages,
    cost=money,
    latency=seconds,
    run_id=text,
    revision=text,
    tags=st.dictionaries(text, text, max_size=2),
    reason=st.none() | text,
)


@settings(max_examples=150, deadline=None)
@given(results)
def test_a_result_survives_the_way_there_and_back(result: Result) -> None:
    """Encoding loses nothing: not a digit of a cost, not a type."""
    back = decode(encode(result))
    assert back == result
    assert str(back.cost) == str(result.cost)
    assert repr(back.output) == repr(result.output)
    assert all(type(a.status) is AttemptStatus for a in back.attempts)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"version": 1, "result": {}}', b"\xff"])
def test_bytes_that_are_no_result_are_refused(data: bytes) -> None:
    """Damaged bytes are a ledger error, never half a result."""
    with pytest.raises(LedgerError):
        decode(data)


def test_a_result_of_a_newer_release_is_refused() -> None:
    """An unknown version is named as such."""
    with pytest.raises(LedgerError, match="version 2"):
        decode(b'{"version": 2, "result": {}}')


def test_costs_are_kept_as_digits() -> None:
    """A cost is text in the bytes: a JSON number would be read as a binary float."""
    cost = Decimal("0.10")
    result = Result(None, "", (), "t", "x", "m", None, True, (), (), Usage(), cost, 0, "r", "v")
    assert b'"cost":"0.10"' in encode(result)
