"""Scalars that YAML does not know: durations, percentages, amounts of money."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

__all__ = ["ScalarError", "duration", "share", "usd"]


class ScalarError(ValueError):
    """A scalar that does not say what it should; the message says what would."""


# The same spellings as the patterns in schemas/policy.schema.json, which a test compares.
_DURATION = re.compile(r"(?P<number>[0-9]+(?:\.[0-9]+)?)(?P<unit>ms|s|m|h)")
_PERCENTAGE = r"(?P<number>100(?:\.0+)?|[0-9]{1,2}(?:\.[0-9]+)?)%"
_SECONDS = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600)}
_LONGEST = 16


def duration(value: object) -> float:
    """Seconds from `500ms`, `30s`, `5m`, `1h` or a plain number of seconds; more than zero.

    Raises:
        ScalarError: anything else.
    """
    seconds = _seconds(value)
    if seconds is None:
        raise ScalarError("expected a duration: 500ms, 30s, 5m, 1h, or a number of seconds")
    if not 0 < seconds < float("inf"):
        raise ScalarError("expected a duration of more than zero")
    return seconds


def _seconds(value: object) -> float | None:
    return _written(value) if isinstance(value, str) else _number(value)


@lru_cache(maxsize=1024)  # a thousand policies share a dozen durations
def _written(text: str) -> float | None:
    found = _DURATION.fullmatch(text) if len(text) <= _LONGEST else None
    # Decimal, so that 0.3ms is the float nearest to 0.0003 and not a product's rounding
    return float(Decimal(found["number"]) * _SECONDS[found["unit"]]) if found else None


def share(value: object) -> float:
    """A share in 0..1, from such a number or from a percentage such as `82%`.

    Raises:
        ScalarError: anything else.
    """
    number: float | None
    if isinstance(value, str):
        found = re.fullmatch(_PERCENTAGE, value) if len(value) <= _LONGEST else None
        number = float(Decimal(found["number"]) / 100) if found else None
    else:
        number = _number(value)
    if number is None:
        raise ScalarError("expected a number from 0 to 1 or a percentage such as 82%")
    if not 0 <= number <= 1:
        raise ScalarError("expected a share from 0 to 1 (0% to 100%)")
    return number


def usd(value: object) -> Decimal:
    """An amount in US dollars, exactly as written (`0.05` is five cents); more than zero.

    Raises:
        ScalarError: anything else.
    """
    number = _number(value)
    if number is None:
        raise ScalarError("expected an amount in US dollars, such as 0.05")
    if not 0 < number < float("inf"):
        raise ScalarError("expected an amount of more than zero")
    # repr gives the shortest text that reads as this float: what the author wrote
    return Decimal(repr(value))


def _number(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return float(value)
        except OverflowError:
            return float("inf")
    return None
