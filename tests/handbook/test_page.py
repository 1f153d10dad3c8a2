"""The page is one whole document, says what the policies say, and cannot be bent by their text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.handbook import Edition, page

from .conftest import EXAMPLES, ROOTS, TODAY

CSS = (Path(page.__code__.co_filename).parent / "page.css").read_text("utf-8")
VOID = {"meta", "br"}


class Document(HTMLParser):
    """Every element with its attributes, its ancestors and the text directly in it."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[dict[str, Any]] = []
        self._open: list[dict[str, Any]] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        above = [one["tag"] for one in self._open]
        element = {"tag": tag, "attrs": dict(attrs), "above": above, "text": "", "all": ""}
        self.elements.append(element)
        if tag not in VOID:
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop()["tag"] == tag

    def handle_data(self, data: str) -> None:
        if self._open:
            self._open[-1]["text"] += data
        for element in self._open:
            element["all"] += data

    def find(self, *tags: str) -> list[dict[str, Any]]:
        return [element for element in self.elements if element["tag"] in tags]


@pytest.fixture(scope="module", params=[*ROOTS, "many"])
def edition(request, edition_of, many) -> Edition:
    return many if request.param == "many" else edition_of(ROOTS[request.param])


@pytest.fixture(scope="module")
def document(edition) -> Document:
    return Document(page(edition))


def test_the_page_is_one_document_with_landmarks(document) -> None:
    """One main, header, nav and footer; the language and the title are said."""
    for tag in ("html", "head", "header", "nav", "main", "footer", "h1"):
        assert len(document.find(tag)) == 1, tag
    assert document.find("title")[0]["above"] == ["html", "head"]
    assert document.find("html")[0]["attrs"]["lang"] == "en"


def test_headings_descend_one_step_at_a_time(document) -> None:
    levels = [int(one["tag"][1]) for one in document.find("h1", "h2", "h3", "h4", "h5")]
    assert levels[0] == 1
    assert all(below <= above + 1 for above, below in pairwise(levels))


def test_ids_are_unique_and_every_link_leads_somewhere(document) -> None:
    ids = Counter(one["attrs"]["id"] for one in document.elements if "id" in one["attrs"])
    assert [name for name, times in ids.items() if times > 1] == []
    for link in document.find("a"):
        assert link["attrs"]["href"].startswith("#")
        assert link["attrs"]["href"][1:] in ids


def test_names_that_continue_one_another_share_no_anchor(edition_of) -> None:
    """A task `mail-input` is not the input of a task `mail`."""
    task = {"prompt": {"user": "Sort."}, "tiers": [{"model": "claude-haiku-5-5", "max_tokens": 9}]}
    names = ("mail", "mail-input", "mail-title", "mail-ladder")
    policies = {"policy.yaml": {"version": 1, "tasks": dict.fromkeys(names, task)}}
    found = Document(page(edition_of(policies))).elements
    ids = [one["attrs"]["id"] for one in found if "id" in one["attrs"]]
    assert len(ids) == len(set(ids))


def test_the_contents_list_every_section_and_task(document, edition) -> None:
    targets = {one["attrs"]["href"] for one in document.find("a") if "nav" in one["above"]}
    sections = {
        f"#{one['attrs']['id']}" for one in document.find("section") if one["above"][-1] == "main"
    }
    assert targets == sections | {f"#task-{task.task.name}" for task in edition.tasks}


def test_nothing_is_fetched_and_nothing_runs(document) -> None:
    """No script, frame, image, font or link to a file; the policy of the page forbids them too."""
    allowed = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
    (csp,) = (
        one["attrs"]["content"]
        for one in document.find("meta")
        if one["attrs"].get("http-equiv") == "Content-Security-Policy"
    )
    assert csp == allowed
    assert document.find("script", "link", "img", "iframe", "object", "form", "base", "use") == []
    for element in document.elements:
        for name in element["attrs"]:
            assert not name.startswith("on")
            assert name not in ("src", "srcset", "style", "xlink:href", "action", "data")
    assert not re.search(r"url\(|@import|@font-face|</", CSS)


def test_tables_say_what_they_are(document) -> None:
    """A caption, headings with a scope, a heading for each row, and roles that survive a layout."""
    assert len(document.find("caption")) == len(document.find("table"))
    for heading in document.find("th"):
        assert heading["attrs"]["scope"] in ("row", "col")
    roles = {"table": "table", "tr": "row", "td": "cell", "thead": "rowgroup", "tbody": "rowgroup"}
    for element in document.find(*roles):
        assert element["attrs"]["role"] == roles[element["tag"]]
    for cell in document.find("td"):
        assert cell["attrs"]["data-label"]


def test_pictures_have_a_title_and_a_text(document) -> None:
    texts = {
        one["attrs"].get("id"): one["text"]
        for one in document.find("title", "desc")
        if one["above"]
    }
    for picture in document.find("svg"):
        if picture["attrs"].get("aria-hidden") == "true":
            continue
        assert picture["attrs"]["role"] == "img"
        named = picture["attrs"]["aria-labelledby"].split()
        assert len(named) == 2
        assert all(texts[name] for name in named)


def test_every_fact_of_a_task_is_on_the_page(document, edition) -> None:
    """Owner, tiers, ceilings, thresholds, conditions and inputs of each task in its section."""
    sections = {
        one["attrs"]["id"]: one["all"]
        for one in document.find("section")
        if one["attrs"].get("class") == "task"
    }
    assert len(sections) == len(edition.tasks)
    for compiled in edition.tasks:
        task, said = compiled.task, sections[f"task-{compiled.task.name}"]
        assert (task.description or "") in said
        assert (task.owner or "nobody is named") in said
        assert f"{compiled.file}:{compiled.name.span.line}" in said
        for tier in task.tiers:
            assert f"{tier.name} asks {tier.model}: at most {tier.max_tokens:,} tokens" in said
            for rule in tier.escalate:
                label = rule.when.source if rule.when is not None else f"{rule.below:g}"
                assert label in said
                assert (rule.reason or "") in said
        for name in task.input.source.get("properties", {}) if task.input is not None else ():
            assert name in said


def test_no_path_of_the_machine_is_on_the_page(edition) -> None:
    text = page(edition)
    assert str(EXAMPLES.parent) not in text
    assert str(Path.home()) not in text


def test_the_same_edition_gives_the_same_page(edition) -> None:
    assert page(edition) == page(edition)
    assert TODAY.isoformat() in page(edition)
    assert edition.revision in page(edition)


def test_findings_stand_with_their_task(many) -> None:
    """A warning within a task's lines is shown there, and not among what belongs to no task."""
    assert many.findings
    told = [one for compiled in many.tasks for one in many.findings_of(compiled)]
    assert sorted(map(str, (*told, *many.other_findings))) == sorted(map(str, many.findings))
    text = page(many)
    for finding in many.findings:
        assert f"<small>{finding.span}</small>" in text


def test_a_finding_in_a_parent_belongs_to_no_task(many) -> None:
    """It is told once, in a section of its own."""
    place = replace(many.findings[0].span, file="_all.yaml", line=1)
    lone = replace(many, findings=(replace(many.findings[0], span=place),))
    assert lone.other_findings == lone.findings
    sections = [one["attrs"].get("id") for one in Document(page(lone)).find("section")]
    assert "findings" in sections


# --- hostile text ------------------------------------------------------------------------

PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'><svg/onload=alert(1)>",
    "</style><script>alert(1)</script>",
    "</title></head><body onload=alert(1)>",
    "<!-- --><![CDATA[x]]>",
    "&lt;b&gt; &#60;i&#62; &amp;amp;",
    "javascript:alert(1)",
    "`{{ 7 * 7 }}`",
    "\u202eevitucexe\u2066",
]
NASTY = st.one_of(
    st.sampled_from(PAYLOADS),
    st.text(st.sampled_from("<>&\"'/=!-`{}[]();: ab\u202e"), min_size=1, max_size=40),
)


def policy(text: str) -> dict[str, Any]:
    """A policy with the text in every place that takes free text."""
    word = "".join(text.split()) or "x"
    quoted = text.replace("\\", "").replace('"', "'")
    return {
        "policy.yaml": {
            "version": 1,
            "models": {"mine": "local:own", "haiku": "claude-haiku-5-5"},
            "tasks": {
                "sort": {
                    "description": text,
                    "owner": text,
                    "tags": {word: text},
                    "input": {
                        "type": "object",
                        "required": ["message"],
                        "properties": {
                            "message": {"type": "string", "maxLength": 10, "description": text},
                            "plan": {"enum": [text, "free"], "default": text},
                        },
                    },
                    "trusted": ["plan"],
                    "output": {
                        "type": "object",
                        "required": [text],
                        "properties": {text: {"enum": [text, "other"], "description": text}},
                    },
                    "prompt": {"system": [{"text": "Sort."}], "user": '{{ message | tag("m") }}'},
                    "tiers": [
                        {
                            "model": "haiku",
                            "max_tokens": 4000,
                            "escalate": [
                                {"when": f'message == "{quoted}"', "to": word, "reason": text}
                            ],
                        },
                        {"name": word, "model": "mine", "max_tokens": 9, "stop_sequences": [text]},
                    ],
                }
            },
        }
    }


def harmless(text: str) -> str:
    """A text of the same shape in which nothing means anything to a parser."""
    return re.sub(r"[<>&\"']", "x", text)


def structure(text: str) -> list[Any]:
    """Elements, where they are, their attributes, and the values that mean something."""
    telling = ("class", "id", "href", "role", "content", "http-equiv")
    return [
        (
            one["tag"],
            one["above"],
            {name: value if name in telling else "" for name, value in one["attrs"].items()},
        )
        for one in Document(text).elements
    ]


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=NASTY)
def test_hostile_text_changes_no_structure(edition_of, text: str) -> None:
    """A parser sees the same elements and attributes as with harmless text of the same shape."""
    text = text.strip() or "x"
    nasty, plain = (page(edition_of(policy(one), title=one)) for one in (text, harmless(text)))
    assert structure(nasty) == structure(plain)
    assert text in Document(nasty).find("h1")[0]["text"]


# --- colours -----------------------------------------------------------------------------


def palettes() -> dict[str, dict[str, str]]:
    light, dark = re.findall(r":root \{(.*?)\}", CSS, re.DOTALL)[:2]
    found = {"light": dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", light))}
    return found | {"dark": found["light"] | dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", dark))}


def contrast(one: str, other: str) -> float:
    """By the Web Content Accessibility Guidelines, 1.4.3."""

    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255 for at in (1, 3, 5)]
        red, green, blue = (
            part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
        )
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dim = sorted((luminance(one), luminance(other)), reverse=True)
    return (bright + 0.05) / (dim + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_can_be_read(scheme: str) -> None:
    """Every colour of text has a contrast of 4.5 or more to every ground that it stands on."""
    colors = palettes()[scheme]
    pairs = [(ink, ground) for ground in ("paper", "soft") for ink in ("ink", "quiet", "accent")]
    pairs += [("skip", "paper"), ("good", "paper"), ("warn", "paper"), ("warn", "warn-soft")]
    pairs += [("ink", "warn-soft"), ("paper", "accent"), ("ink", "line")]
    weak = {pair: contrast(*(colors[name] for name in pair)) for pair in pairs}
    assert {pair: value for pair, value in weak.items() if value < 4.5} == {}
