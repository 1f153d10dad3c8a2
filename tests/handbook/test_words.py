"""Amounts never read as less than they are; cut text fits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.handbook.words import at_most_usd, cells, many, seconds, shorten, usd, wrap


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0.00"),
        ("0.00083420", "$0.000835"),
        ("0.0123", "$0.0123"),
        ("0.25", "$0.25"),
        ("0.9991", "$1.00"),
        ("1.2301", "$1.24"),
        ("12345", "$12,345.00"),
    ],
)
def test_a_bound_is_rounded_up_to_what_can_be_read(amount: str, shown: str) -> None:
    assert at_most_usd(Decimal(amount)) == shown


@given(st.decimals(min_value=0, max_value=10**6, places=12))
def test_a_bound_is_never_shown_as_less(amount: Decimal) -> None:
    shown = Decimal(at_most_usd(amount).removeprefix("$").replace(",", ""))
    assert amount <= shown <= amount * Decimal("1.01") + Decimal("0.000000000001")


@pytest.mark.parametrize(
    ("amount", "shown"), [("0.1", "$0.10"), ("4", "$4.00"), ("0.025", "$0.025")]
)
def test_a_price_is_shown_in_full(amount: str, shown: str) -> None:
    assert usd(Decimal(amount)) == shown


def test_durations_and_counts_read_as_policies_write_them() -> None:
    assert [seconds(0.5), seconds(8.0), seconds(90.5)] == ["500 ms", "8 s", "90.5 s"]
    assert [many(1, "task"), many(3, "task"), many(2, "retry", "retries")] == [
        "1 task",
        "3 tasks",
        "2 retries",
    ]


@given(st.text(max_size=80), st.integers(2, 40))
def test_shortened_text_fits_and_says_that_it_was_cut(text: str, width: int) -> None:
    short = shorten(text, width)
    assert cells(short) <= width
    assert short == " ".join(text.split()) or short.endswith("…")


@given(st.text(max_size=200), st.integers(4, 40), st.integers(1, 4))
def test_wrapped_text_fits_in_its_lines(text: str, width: int, most: int) -> None:
    lines = wrap(text, width, most)
    assert len(lines) <= most
    assert all(cells(line) <= width for line in lines)


def test_wrapping_keeps_every_word_where_there_is_room() -> None:
    assert wrap("a stronger reader may find the rest", 12, 9) == (
        "a stronger",
        "reader may",
        "find the",
        "rest",
    )
