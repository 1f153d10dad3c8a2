"""Tables that are read on a telephone too: there each row becomes a card, still a table to a
screen reader."""

from __future__ import annotations

from collections.abc import Sequence

from router.handbook.html import Child, Element, el

__all__ = ["table"]


def table(
    caption: str,
    head: Sequence[str],
    rows: Sequence[Sequence[Child]],
    *,
    numbers: Sequence[int] = (),
    class_: str | None = None,
) -> Element:
    """A table whose first cell names its row; columns in which no row has anything are left out.

    `numbers` are the columns of figures.
    """
    shown = [column for column in range(1, len(head)) if any(row[column] for row in rows)]

    def looks(column: int) -> str | None:
        return "number" if column in numbers else None

    # Roles in words: a style sheet that lays a table out as blocks takes them away otherwise.
    headings = (
        el("th", head[column], scope="col", role="columnheader", class_=looks(column))
        for column in (0, *shown)
    )
    body = (
        el(
            "tr",
            el("th", row[0], scope="row", role="rowheader", class_=looks(0)),
            *(
                el("td", row[column], role="cell", data_label=head[column], class_=looks(column))
                for column in shown
            ),
            role="row",
        )
        for row in rows
    )
    return el(
        "table",
        el("caption", caption),
        el("thead", el("tr", *headings, role="row"), role="rowgroup"),
        el("tbody", *body, role="rowgroup"),
        role="table",
        class_=class_,
    )
