"""Fixing: mistakes go, the rest of the file stays, and no error comes of it."""

from __future__ import annotations

from datetime import date

import pytest

from router.catalog import load_catalog
from router.lint.fixing import fix_all
from router.policy.sources import MemorySources
from router.rules.judge import judge

TODAY = date(2026, 11, 28)
CATALOG = load_catalog()
HEAD = """version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
"""
TASK = """tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 2000}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, abuse]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: '{{ message | tag("message") }}'
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}  # cheap
      - model: opus
        # room for thoughts
        max_tokens: 4096
    confidence: {field: output.confidence}
"""
SOUND = HEAD + TASK


def fixed(text: str, *, unsafe: bool = False, **files: str):
    sources = MemorySources({"policy.yaml": text, **files})
    return fix_all(sources, CATALOG, today=TODAY, unsafe=unsafe)


def text_after(text: str, *, unsafe: bool = False, **files: str) -> str:
    done = fixed(text, unsafe=unsafe, **files)
    return done.files.get("policy.yaml", text.encode()).decode()


SAFE = {
    "unknown-key": ("max_tokens: 4096", "max_tokns: 4096", "max_tokens: 4096"),
    "unknown-key, in flow": ("{model: haiku, ", "{'modle': haiku, ", "{'model': haiku, "),
    "unknown-key, refused": (
        "        max_tokens: 4096\n",
        "        temperature: 0.3  # warm\n        max_tokens: 4096\n",
        "        max_tokens: 4096\n",
    ),
    "unknown-key, refused in flow": (
        "max_tokens: 2048,",
        "top_p: 1, max_tokens: 2048,",
        "max_tokens: 2048,",
    ),
    "yaml11-ambiguous, text": (
        "    tiers:\n",
        "    tags: {answer: no}\n    tiers:\n",
        '    tags: {answer: "no"}\n    tiers:\n',
    ),
    "yaml11-ambiguous, number": ("max_tokens: 4096", "max_tokens: 04096", "max_tokens: 4096"),
    "alias-model": ("claude-haiku-5-5", "claude-haiku-4-5", "claude-haiku-4-5-20251001"),
    "refused-parameter, effort": (
        "- model: opus\n",
        "- model: claude-sonnet-4-5-20250929\n        effort: low\n",
        "- model: claude-sonnet-4-5-20250929\n",
    ),
    "refused-parameter, speed": ("{model: haiku,", "{model: haiku, speed: fast,", "{model: haiku,"),
    "untagged-untrusted": (
        """'{{ message | tag("message") }}'""",
        "'{{ message }} and {{- message -}}'",
        """'{{ message | tag("message") }} and {{- message | tag("message") -}}'""",
    ),
    "untagged-untrusted, in double quotes": (
        """'{{ message | tag("message") }}'""",
        '"{{ message }}"',
        """"{{ message | tag('message') }}\"""",
    ),
}


@pytest.mark.parametrize(("sound", "wrong", "right"), SAFE.values(), ids=SAFE)
def test_a_safe_fix_edits_its_place_alone(sound: str, wrong: str, right: str) -> None:
    assert SOUND.count(sound) == 1
    assert text_after(SOUND.replace(sound, wrong)) == SOUND.replace(sound, right)


UNSAFE = {
    "retired-model": ("claude-opus-5-5", "claude-3-opus-20240229", "claude-opus-4-8"),
    "retiring-model": ("claude-opus-5-5", "claude-opus-4-5-20251101", "claude-opus-5-5"),
    "bad-value": (
        "    confidence: {field: output.confidence}",
        "    stream: eagre\n    confidence: {field: output.confidence}",
        "    stream: eager\n    confidence: {field: output.confidence}",
    ),
    "unbounded-input": (
        "{type: string, maxLength: 2000}",
        "{type: string}",
        "{type: string, maxLength: 8000}",
    ),
    "open-object": (
        "confidence]\n      additionalProperties: false\n",
        "confidence]\n      additionalProperties: true\n",
        "confidence]\n      additionalProperties: false\n",
    ),
    "unused-input": (
        "maxLength: 2000}\n",
        "maxLength: 2000}\n        plan: {type: string, maxLength: 9}  # old\n",
        "maxLength: 2000}\n",
    ),
    "ttl-order": (
        "      user:",
        "      system: [{text: one, cache: 5m}, {text: two, cache: 1h}]\n      user:",
        "      system: [{text: one}, {text: two}]\n      user:",  # and too short for a cache
    ),
    "refused-parameter, geography": (
        "- model: opus\n",
        "- {model: claude-haiku-4-5-20251001, max_tokens: 9, geography: us}\n      - model: opus\n",
        "- {model: claude-haiku-4-5-20251001, max_tokens: 9}\n      - model: opus\n",
    ),
}


@pytest.mark.parametrize(("sound", "wrong", "right"), UNSAFE.values(), ids=UNSAFE)
def test_an_unsafe_fix_waits_to_be_asked_for(sound: str, wrong: str, right: str) -> None:
    before = SOUND.replace(sound, wrong)
    assert before != SOUND
    assert text_after(before) == before
    assert text_after(before, unsafe=True) == SOUND.replace(sound, right)


def test_an_input_goes_with_every_mention_of_it() -> None:
    before = (
        SOUND.replace("required: [message]", "required: [plan, message]")
        .replace(
            "        message: {", "        plan: {type: string, maxLength: 9}\n        message: {"
        )
        .replace("    output:", "    trusted: [plan]\n    output:")
    )
    after = SOUND.replace("    output:", "    trusted: []\n    output:")
    assert text_after(before, unsafe=True) == after


def test_fixing_goes_on_where_a_fix_brings_older_mistakes_to_light() -> None:
    """A file with an unknown key is not looked at any further; once it loads, it is."""
    before = SOUND.replace("max_tokens: 4096", "max_tokns: 4096").replace(
        "claude-haiku-5-5", "claude-haiku-4-5"
    )
    done = fixed(before)
    assert [one.rule for one in done.fixed] == ["unknown-key", "alias-model"]
    assert done.dropped == ()


def test_a_fix_that_would_create_an_error_is_left_out_and_told() -> None:
    """`modle` can only mean `model`, whose value is then no model's name but a list."""
    before = SOUND.replace("{model: haiku,", "{modle: [haiku],").replace(
        "- model: opus", "- modle: opus"
    )
    done = fixed(before)
    assert [one.span.line for one in done.fixed] == [22]
    (dropped,) = done.dropped
    assert dropped.finding.rule == "unknown-key"
    assert [one.rule for one in dropped.errors] == ["wrong-type"]


def test_of_two_fixes_that_want_the_same_name_the_first_wins() -> None:
    before = SOUND.replace("max_tokens: 4096", "max_tokns: 4096\n        max_tokenz: 9")
    done = fixed(before)
    assert done.files["policy.yaml"].decode() == before.replace("max_tokns", "max_tokens")
    left = judge(done.sources, CATALOG, today=TODAY).findings
    assert [one.message for one in left] == ["unknown key `max_tokenz`"]


def test_what_a_parent_shares_is_mended_in_the_parent_or_not_at_all() -> None:
    """A pin is wrong for all who use it; an effort may be right for another child's model."""
    parent = """version: 1
models: {haiku: claude-haiku-4-5}
tasks:
  _base:
    tiers: [{model: haiku, max_tokens: 512, effort: low}]
"""
    child = """version: 1
extends: _base.yaml
tasks:
  sort: {extends: _base, prompt: {user: Sort.}}
"""
    files = {"policy.yaml": child, "_base.yaml": parent}
    done = fix_all(MemorySources(files), CATALOG, today=TODAY, unsafe=True)
    assert done.files == {
        "_base.yaml": parent.replace("haiku-4-5", "haiku-4-5-20251001").encode(),
    }
    left = judge(done.sources, CATALOG, today=TODAY).findings
    assert [one.rule for one in left] == ["refused-parameter"]


def test_of_neighbours_that_repeat_the_parent_one_stays_in_a_map_that_would_be_null() -> None:
    """A null would take away what the parent says: here, the ceiling of cost."""
    text = SOUND.replace("  sort:", "  _base:").replace(
        "tasks:",
        "tasks:\n  sort:\n    extends: _base\n    budget:\n      run:\n        usd: 0.5\nGAP",
    )
    text += "    budget: {run: {usd: 0.5, deadline: 1m}}\n"
    for gap in ("", "\n", "        # a note\n"):
        repeated = text.replace("GAP", f"{gap}        deadline: 1m")
        left = text_after(repeated)
        assert left == repeated.replace("        usd: 0.5\n", "")


def test_a_template_that_others_use_is_left_alone() -> None:
    """Another task may trust the input that this one does not."""
    text = SOUND.replace("""user: '{{ message | tag("message") }}'""", "user: [{file: u.j2}]")
    alone = fixed(text, **{"u.j2": "{{ message }}\r\n"})
    assert alone.files == {"u.j2": b'{{ message | tag("message") }}\r\n'}
    other = text.replace("  sort:", "  other:").replace(
        "    prompt:", "    trusted: [message]\n    prompt:"
    )
    both = fixed(text, **{"u.j2": "{{ message }}\r\n", "other.yaml": other})
    assert both.files == {}


def test_what_does_not_count_is_not_fixed() -> None:
    text = SOUND.replace("max_tokens: 4096", "max_tokns: 4096")
    done = fix_all(MemorySources({"policy.yaml": text}), CATALOG, today=TODAY, choose=lambda _: ())
    assert done.files == {}


def test_a_byte_order_mark_and_windows_line_ends_stay() -> None:
    before = SOUND.replace("max_tokens: 4096", "max_tokns: 4096").replace("\n", "\r\n")
    data = b"\xef\xbb\xbf" + before.encode()
    done = fix_all(MemorySources({"policy.yaml": data}), CATALOG, today=TODAY)
    assert done.files["policy.yaml"] == data.replace(b"tokns", b"tokens")


def test_what_is_not_shown_because_there_is_so_much_of_it_is_fixed_too() -> None:
    """A file full of YAML 1.1's traps takes one round, not one for every twenty of them."""
    tags = "".join(f"      t{number}: on\n" for number in range(300))
    before = SOUND.replace("    prompt:\n", f"    tags:\n{tags}    prompt:\n")
    assert text_after(before) == before.replace(": on\n", ': "on"\n')
    assert len(fixed(before).fixed) == 20
