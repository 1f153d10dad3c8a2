"""Token estimates: the published rules of thumb, and prefixes in the order of the prompt."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from router.catalog import estimate_body, estimate_tokens, load_catalog
from router.catalog.tokens import (
    IMAGE_TOKENS,
    PDF_BYTES_PER_PAGE,
    PDF_PAGE_TOKENS,
    UNSEEN_DOCUMENT_PAGES,
    estimate_json,
)

MODELS = load_catalog().models
HAIKU = MODELS["claude-haiku-5-5"]
OLD = MODELS["claude-haiku-4-5-20251001"]
EPHEMERAL = {"type": "ephemeral"}
HOUR = {"type": "ephemeral", "ttl": "1h"}


def test_characters_a_token():
    """2.5 characters a token from 4.7 on, 3.4 before, rounded up."""
    assert estimate_tokens("", "new") == 0
    assert [estimate_tokens("x" * n, "new") for n in (1, 2, 3, 5, 2500)] == [1, 1, 2, 2, 1000]
    assert [estimate_tokens("x" * n, "old") for n in (1, 3, 4, 17, 3400)] == [1, 1, 2, 5, 1000]


def test_scripts_beyond_ascii_are_not_undercounted():
    """Chinese takes about a token a character, and lone surrogates do no harm."""
    assert estimate_tokens("退款" * 100, "new") >= 200
    assert estimate_tokens("\ud800", "new") > 0


@settings(max_examples=60)
@given(one=st.text(), other=st.text(), tokenizer=st.sampled_from(["new", "old"]))
def test_estimates_grow_with_the_text(one, other, tokenizer):
    """More text is never fewer tokens, and splitting it loses none."""
    whole = estimate_tokens(one + other, tokenizer)
    parts = estimate_tokens(one, tokenizer), estimate_tokens(other, tokenizer)
    assert max(parts) <= whole <= sum(parts)
    assert estimate_tokens(one, "old") <= estimate_tokens(one, "new")


def test_prefixes_run_through_tools_system_and_messages():
    """Each breakpoint holds all that stands before it, in the order the API caches."""
    tool = {"name": "find", "description": "d" * 50, "input_schema": {"type": "object"}}
    body = {
        "model": HAIKU.id,
        "max_tokens": 10,
        "messages": [
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "m" * 250, "cache_control": EPHEMERAL},
                    {"type": "text", "text": "q" * 25},
                ],
            }
        ],
        "system": [
            {"type": "text", "text": "a" * 2500},
            {"type": "text", "text": "b" * 500, "cache_control": HOUR},
        ],
        "tools": [{**tool, "cache_control": HOUR}],
    }
    got = estimate_body(body, HAIKU)
    tools = 286 + estimate_json(tool, "new")
    assert [(p.where, p.ttl, p.tokens) for p in got.prefixes] == [
        ("tools[0]", "1h", tools),
        ("system[1]", "1h", tools + 1200),
        ("messages[0].content[0]", "5m", tools + 1300),
    ]
    assert got.total == tools + 1310
    assert (got.cached("1h"), got.cached("5m")) == (tools + 1200, 100)
    assert got.cached("1h", minimum=1000) == tools + 1200
    assert got.cached("5m", minimum=5000) == 0


def test_strings_stand_for_one_text_block():
    """System and content may be plain strings; each turn counts."""
    turns = [
        {"role": "user", "content": "x" * 25},
        {"role": "assistant", "content": "y" * 25},
        {"role": "user", "content": "z" * 25},
    ]
    assert estimate_body({"system": "s" * 25, "messages": turns}, HAIKU).total == 40
    assert estimate_body({"system": "s" * 34, "messages": []}, OLD).total == 10
    assert estimate_body({}, None).total == 0


def test_automatic_caching_closes_the_whole_prompt():
    """A top-level cache_control is a breakpoint after the last block."""
    body = {"cache_control": HOUR, "messages": [{"role": "user", "content": "x" * 25}]}
    got = estimate_body(body, HAIKU)
    assert [(p.where, p.ttl, p.tokens) for p in got.prefixes] == [("body", "1h", 10)]


def test_a_structured_output_schema_counts_in_the_total_only():
    """Its prompt is billed, but where it stands is not published."""
    schema = {"type": "json_schema", "schema": {"type": "object", "properties": {}}}
    body = {
        "system": [{"type": "text", "text": "s" * 25, "cache_control": EPHEMERAL}],
        "messages": [],
        "output_config": {"effort": "low", "format": schema},
    }
    got = estimate_body(body, HAIKU)
    assert got.prefixes[0].tokens == 10
    assert got.total == 10 + estimate_json(schema, "new")


def test_images_and_documents():
    """Images at the cap of the model, PDFs by size, texts by length, the unseen at a guess."""

    def total(block, model=HAIKU):
        body = {"messages": [{"role": "user", "content": [block]}]}
        return estimate_body(body, model).total

    image = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    assert total(image) == IMAGE_TOKENS["new"]
    assert total(image, OLD) == IMAGE_TOKENS["old"]
    assert total(image, None) == IMAGE_TOKENS["new"]

    def pdf(size):
        data = "A" * (size * 4 // 3)
        return {"type": "document", "source": {"type": "base64", "data": data}}

    assert total(pdf(10)) == PDF_PAGE_TOKENS
    assert total(pdf(3 * PDF_BYTES_PER_PAGE)) == 3 * PDF_PAGE_TOKENS
    text = {"type": "document", "source": {"type": "text", "data": "x" * 25}, "title": "t" * 5}
    assert total(text) == 12
    parts = {"type": "content", "content": [{"type": "text", "text": "x" * 25}]}
    assert total({"type": "document", "source": parts}) == 10
    url = {"type": "document", "source": {"type": "url", "url": "https://example.org/a.pdf"}}
    assert total(url) == UNSEEN_DOCUMENT_PAGES * PDF_PAGE_TOKENS


def test_tool_turns_count_and_signatures_do_not():
    """Calls, results and thinking are prompt; the signature of a thinking block is not."""
    thinking = {"type": "thinking", "thinking": "x" * 25, "signature": "s" * 5000}
    call = {"type": "tool_use", "id": "t1", "name": "find", "input": {"q": "x" * 50}}
    result = {"type": "tool_result", "tool_use_id": "t1", "content": "y" * 250}
    body = {
        "messages": [
            {"role": "assistant", "content": [thinking, call]},
            {"role": "user", "content": [result]},
        ]
    }
    assert 130 < estimate_body(body, HAIKU).total < 160


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["type", "text", "source", "content", "data", "cache_control", "k"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(
    body=st.dictionaries(
        st.sampled_from(["tools", "system", "messages", "output_config", "tool_choice"]),
        json_values,
    )
)
def test_any_body_can_be_estimated(body):
    """Odd shapes count by their JSON; prefixes never pass the total and never shrink."""
    got = estimate_body(body, None)
    sizes = [prefix.tokens for prefix in got.prefixes]
    assert sizes == sorted(sizes)
    assert all(size <= got.total for size in sizes)
