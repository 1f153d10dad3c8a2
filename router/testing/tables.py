"""Replies of tables: one that is written once for all rows is used where one row uses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from router.testing.driving import Outcome
from router.testing.expecting import Failure, left_over
from router.testing.report import CaseReport
from router.testing.suite import Case, ScriptedTier
from router.types import Span

__all__ = ["left_over_in_tables"]

_Row = tuple[int, Case, Outcome]


def left_over_in_tables(reports: Sequence[CaseReport]) -> Iterator[tuple[int, Failure]]:
    """Replies that no row of their table has used, each with the index of the last row.

    Nothing is said of a table of which only some rows were run.
    """
    tables: dict[tuple[str, Span], list[_Row]] = {}
    for index, report in enumerate(reports):
        case, outcome = report.case, report.outcome
        if case.rows and outcome is not None:
            tables.setdefault((case.file, case.node.span), []).append((index, case, outcome))
    for rows in tables.values():
        if len(rows) == rows[0][1].rows:
            yield from _left_over(rows)


def _left_over(rows: Sequence[_Row]) -> Iterator[tuple[int, Failure]]:
    # By tier and place: one place in all rows, unless a row brings replies of its own.
    most: dict[tuple[str, str, Span], tuple[int, int, ScriptedTier]] = {}
    for index, case, outcome in rows:
        lacking = {(script.task, script.tier): used for script, used, _ in outcome.unused}
        for script in case.replies:
            if script.own:
                key = script.task, script.tier, script.place
                used = lacking.get(key[:2], len(script.items))
                most[key] = index, max(used, most.get(key, (0, 0))[1]), script
    for index, used, script in most.values():
        if used < len(script.items):
            yield index, left_over(script, used, len(script.items))
