"""The whole page: one HTML file that needs nothing else, not even a script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from router.handbook.edition import Edition
from router.handbook.html import Child, Element, el, render
from router.handbook.models import models
from router.handbook.notes import finding_list
from router.handbook.summary import overview, owners, parents, task_link
from router.handbook.task import task_section

__all__ = ["page", "style"]

# Nothing may be fetched and nothing may run: the page could be mailed, archived, put anywhere.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def page(edition: Edition) -> str:
    """The page as text, to be written as UTF-8. The same edition gives the same text."""
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", name="color-scheme", content="light dark"),
        el("meta", name="referrer", content="no-referrer"),
        el("title", edition.title),
        el("style", style()),
    )
    body = el(
        "body",
        el("a", "Skip to the tasks", href="#tasks", class_="jump"),
        _header(edition),
        el("div", _contents(edition), el("main", *_main(edition)), class_="columns"),
        _footer(edition),
    )
    return "<!doctype html>\n" + render(el("html", head, body, lang="en"))


def style() -> str:
    """The style sheet that the page holds."""
    return Path(__file__).with_name("page.css").read_text("utf-8")


def _header(edition: Edition) -> Element:
    facts = edition.facts
    said = (
        ("Tasks", f"{len(edition.tasks)}"),
        ("Revision", el("code", edition.revision[:12])),
        ("Prices and lifecycles on", _day(facts.today.isoformat())),
        ("Catalog of", _day(facts.catalog.as_of.isoformat())),
    )
    return el(
        "header",
        el("h1", edition.title),
        el("dl", *(el("div", el("dt", name), el("dd", value)) for name, value in said)),
    )


def _day(day: str) -> Element:
    return el("time", day, datetime=day)


def _contents(edition: Edition) -> Element:
    tasks = el("ul", *(el("li", task_link(one.task.name)) for one in edition.tasks))
    return el(
        "nav",
        el("h2", "Contents"),
        el(
            "ul",
            el("li", el("a", "Overview", href="#overview")),
            el("li", el("a", "Owners", href="#owners")),
            el("li", el("a", "Tasks", href="#tasks"), tasks),
            el("li", el("a", "Models", href="#models")),
            el("li", el("a", "Parents", href="#parents")) if parents(edition) else None,
            el("li", el("a", "Findings", href="#findings")) if edition.other_findings else None,
            el("li", el("a", "How to read this", href="#reading")),
        ),
        aria_label="Contents",
    )


def _main(edition: Edition) -> Iterator[Element]:
    yield _section("overview", "Overview", overview(edition))
    yield _section("owners", "Owners", owners(edition))
    yield _section("tasks", "Tasks", *(task_section(one, edition) for one in edition.tasks))
    yield _section("models", "Models", *models(edition))
    inherited = parents(edition)
    if inherited is not None:
        yield _section("parents", "Parents", inherited)
    if edition.other_findings:
        yield _section("findings", "Findings", finding_list(edition.other_findings))
    yield _section("reading", "How to read this", *_reading())


def _section(anchor: str, title: str, *body: Child) -> Element:
    return el("section", el("h2", title), *body, id=anchor)


def _reading() -> Iterator[Element]:
    yield el(
        "p",
        "A run begins on one tier. An answer that is not good enough is sent on to another tier by "
        "the first rule that holds; one that no rule sends on is accepted. Refused, cut off or "
        "invalid answers are events: they never come to a rule. A tier that cannot answer at all, "
        "its retries spent, is replaced by its fallback.",
    )
    yield el(
        "p",
        "Tokens are estimated offline from the length of the text, inputs at the longest that "
        "their schema allows. Costs assume that all of a tier's output is spent: warm means that "
        "cached parts of the prompt are read, cold that they are written. At best the first tier "
        "answers at once and warm; at worst the dearest way up the ladder is taken cold, samples "
        "and verifiers included. Retries come on top. A + marks an input that nothing bounds.",
    )
    yield el(
        "p",
        "A model caches a prefix of the prompt only from its least number of tokens on, and for "
        "itself alone.",
    )


def _footer(edition: Edition) -> Element:
    return el(
        "footer", el("p", "Policy set ", el("code", edition.revision), ", made by router docs.")
    )
