"""Figures as Markdown, and the place in docs/performance.md that they are written to."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

__all__ = ["BEGIN", "END", "Bar", "ms", "ratio", "table", "us", "written"]

BEGIN = "<!-- written by `make bench` from here -->"
END = "<!-- to here -->"


@dataclass(frozen=True, slots=True)
class Bar:
    """One figure that must be reached, by each of the ways in which it was taken."""

    what: str
    bar: float
    measured: float
    again: float | None = None  # the same by quiet quarters
    at_least: bool = False

    @property
    def met(self) -> bool:
        figures = [self.measured] if self.again is None else [self.measured, self.again]
        return all(f >= self.bar if self.at_least else f <= self.bar for f in figures)

    @property
    def row(self) -> tuple[str, str, str, str]:
        shown = _number(self.measured)
        if self.again is not None:
            shown += f" by pairs, {_number(self.again)} quiet"
        sign = "at least" if self.at_least else "at most"
        return self.what, f"{sign} {self.bar:g}", shown, "met" if self.met else "**missed**"


def _number(value: float) -> str:
    if value == int(value):
        return f"{value:,.0f}"
    return (
        f"{value:,.1f}" if abs(value) >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"
    )


def us(microseconds: float) -> str:
    return f"{microseconds:,.0f}" if microseconds >= 10 else f"{microseconds:.1f}"


def ms(seconds: float) -> str:
    return f"{seconds * 1e3:,.1f}"


def ratio(value: float) -> str:
    return f"{value:.2f}"


def table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, the others to the right."""
    ruler = ["---", *["---:"] * (len(names) - 1)]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in (names, ruler, *rows))


def written(page: str, figures: str) -> str:
    """The page with the figures in their place.

    Raises:
        ValueError: the page has no such place.
    """
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("docs/performance.md has no place for the figures")
    return f"{before}{BEGIN}\n\n{figures}\n\n{END}{after}"
