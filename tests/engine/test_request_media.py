"""Images and documents: what becomes a source, and what is refused by name."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.compiler.model import Block
from router.engine.bounds import content_bound
from router.engine.media import MAX_IMAGE, document_source, image_source
from router.engine.request import render_prompt
from router.errors import InputInvalid

PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + b"\0" * 16).decode()
PDF = base64.b64encode(b"%PDF-1.7\n/Type /Pages\n/Type/Page \n/Type /Page\n").decode()


@pytest.mark.parametrize(
    ("value", "source"),
    [
        (
            f"data:image/png;base64,{PNG}",
            {"type": "base64", "media_type": "image/png", "data": PNG},
        ),
        ("https://example.com/a.png", {"type": "url", "url": "https://example.com/a.png"}),
        ({"type": "base64", "media_type": "image/png", "data": PNG}, None),
        ({"type": "url", "url": "https://example.com/a.png"}, None),
        ({"type": "file", "file_id": "file_1"}, None),
    ],
)
def test_an_image_is_taken_in_each_of_its_forms(value, source):
    assert image_source(value, "photo") == (source or value)


@pytest.mark.parametrize(
    ("value", "source"),
    [
        ("Plain text.", {"type": "text", "media_type": "text/plain", "data": "Plain text."}),
        ("https://a.example is where it began", None),
        ("note: buy milk", None),
        (
            f"data:application/pdf;base64,{PDF}",
            {"type": "base64", "media_type": "application/pdf", "data": PDF},
        ),
        (
            "data:text/plain;charset=utf-8,gr%C3%BCn",
            {"type": "text", "media_type": "text/plain", "data": "grün"},
        ),
        ("data:,hello", {"type": "text", "media_type": "text/plain", "data": "hello"}),
        (
            "data:text/markdown;base64,IyBI",
            {"type": "text", "media_type": "text/plain", "data": "# H"},
        ),
        ("https://example.com/a.pdf", {"type": "url", "url": "https://example.com/a.pdf"}),
        (
            {
                "type": "content",
                "content": [{"type": "text", "text": "a"}, {"type": "text", "text": " "}],
            },
            {"type": "content", "content": [{"type": "text", "text": "a"}]},
        ),
        ({"type": "content", "content": "abc"}, {"type": "content", "content": "abc"}),
        (
            {"type": "text", "data": "abc"},
            {"type": "text", "media_type": "text/plain", "data": "abc"},
        ),
    ],
)
def test_a_document_is_taken_in_each_of_its_forms(value, source):
    expected = source or {"type": "text", "media_type": "text/plain", "data": value}
    assert document_source(value, "paper") == expected


@pytest.mark.parametrize(
    "value",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/meta",
        "FTP://x/y",
        "javascript:alert(1)",
        "gs://b/o",
        "blob:x",
    ],
)
def test_other_schemes_than_https_and_data_are_refused(value):
    for make in (image_source, document_source):
        with pytest.raises(InputInvalid, match="only https and data"):
            make(value, "photo")
        with pytest.raises(InputInvalid, match="no https address"):
            make({"type": "url", "url": value}, "photo")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("just words", "is no image"),
        (7, "is no image"),
        ("data:image/png;base64,@@@", "not valid base64"),
        ("data:image/png;base64,aGk", "not valid base64"),
        ("data:image/png;base64,aGk\n=", "is no image"),
        ("data:image/png;base64,grün", "not valid base64"),
        (f"data:image/png,{PNG}", "without ;base64"),
        ("data:image/png;base64", "malformed"),
        (f"data:image/svg+xml;base64,{PNG}", "media type 'image/svg"),
        (f"data:text/plain;base64,{PNG}", "media type 'text/plain'"),
        (f"data:image/jpeg;base64,{PNG}", "does not begin like one"),
        ({"type": "base64", "media_type": ["image/png"], "data": PNG}, "media type"),
        ({"type": "base64", "media_type": "image/png"}, "no base64 text"),
        (
            {"type": "base64", "media_type": "image/png", "data": PNG, "path": "/etc"},
            "unknown field 'path'",
        ),
        ({"type": "file"}, "no `file_id`"),
        ({"type": "path", "path": "/etc/passwd"}, "unknown type"),
        ({"type": "text", "data": "x"}, "unknown type"),
        ({"type": "base64", "media_type": "image/png", "data": "A" * (MAX_IMAGE + 4)}, "too large"),
    ],
)
def test_what_is_no_image_is_refused_with_the_reason(value, why):
    with pytest.raises(InputInvalid, match=why) as caught:
        image_source(value, "photo")
    assert caught.value.problems[0].startswith("photo: ")


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ("  ", "empty document"),
        ("data:,", "empty document"),
        ("data:text/plain;base64,/w==", "not UTF-8"),
        ("data:text/html,<b>", "media type 'text/html'"),
        ({"type": "content", "content": []}, "no `content`"),
        ({"type": "content", "content": [{"type": "document"}]}, "neither a text nor an image"),
        ({"type": "text", "media_type": "text/html", "data": "x"}, "media type 'text/html'"),
        (None, "is no document"),
    ],
)
def test_what_is_no_document_is_refused_with_the_reason(value, why):
    with pytest.raises(InputInvalid, match=why):
        document_source(value, "paper")


@given(
    st.text()
    | st.dictionaries(st.sampled_from(["type", "data", "url", "media_type", "content"]), st.text())
)
def test_any_value_gives_a_source_without_a_path_or_invalid_input(value):
    for make in (image_source, document_source):
        try:
            source = make(value, "x")
        except InputInvalid:
            continue
        assert source["type"] in ("base64", "url", "file", "text", "content")
        if source["type"] == "url":
            assert source["url"].lower().startswith("https://")


def test_a_block_carries_title_context_citations_and_breakpoint(kit):
    block = Block("document", input="paper", title="T", context="C", citations=True, cache="5m")
    task = kit.task(input={"type": "object"}, prompt=kit.prompt([block, "Sum up."]))
    made = render_prompt(task, {"paper": "text"}).messages[0]["content"][0]
    assert made == {
        "type": "document",
        "source": {"type": "text", "media_type": "text/plain", "data": "text"},
        "title": "T",
        "context": "C",
        "citations": {"enabled": True},
        "cache_control": {"type": "ephemeral", "ttl": "5m"},
    }


def test_static_media_and_templated_documents_become_blocks(kit):
    source: dict[str, Any] = {"type": "base64", "media_type": "image/png", "data": PNG}
    blocks = [
        Block("image", static=source),
        Block("document", template=kit.template("constant paper")),
        Block("document", template=kit.template("{{ message }}")),
        "What is it?",
    ]
    task = kit.task(prompt=kit.prompt(blocks))
    content = render_prompt(task, {"message": "dynamic"}).messages[0]["content"]
    assert content[0] == {"type": "image", "source": source}
    assert [block["source"]["data"] for block in content[1:3]] == ["constant paper", "dynamic"]
    assert len(render_prompt(task, {"message": " "}).messages[0]["content"]) == 3


def test_an_optional_image_that_is_not_given_is_left_out(kit):
    task = kit.task(
        input={"type": "object"}, prompt=kit.prompt([Block("image", input="photo"), "Hi."])
    )
    for inputs in ({}, {"photo": None}):
        assert render_prompt(task, inputs).messages[0]["content"] == [
            {"type": "text", "text": "Hi."}
        ]


def test_bounds_of_media_are_above_what_the_api_counts_at_most():
    image = {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": PNG}}
    assert content_bound([image]) >= 4784
    pdf = {
        "type": "document",
        "source": {"type": "base64", "media_type": "application/pdf", "data": PDF},
    }
    assert content_bound([pdf]) >= 2 * 3000
    assert (
        content_bound([{"type": "document", "source": {"type": "url", "url": "https://x/y"}}])
        >= 200_000
    )
