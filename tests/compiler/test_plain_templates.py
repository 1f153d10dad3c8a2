"""The two ways in which templates are read and rendered give the same text."""

from __future__ import annotations

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from router.compiler.rendering import TemplateError
from router.compiler.sandboxed import SandboxedTemplate
from router.compiler.templates import PlainTemplate

FRAGMENTS = [
    "{{ a }}",
    "{{a}}",
    "{{\ta\t}}",
    "{{ a | tag('x') }}",
    '{{ b|tag("long-name.1") }}',
    "{{ b  |  tag( 'x' ) }}",
    "{{ a }}\n",
    "{{- a }}",
    "{{ a -}}",
    "{{ true }}",
    "{{ not_a }}",
    "{{ a|upper }}",
    "{{",
    "}}",
    "{",
    "}",
    "{#",
    "#}",
    "# x",
    "%}",
    "\n",
    "\r\n",
    "\r",
    " ",
    "\t",
    "text",
    "'",
    "é{",
    "\u2028",
    "<x>",
]
VALUES = st.one_of(
    st.text(max_size=12),
    st.sampled_from(["</x>", "<X >", "< / x", "a & b", "</long-name.1>"]),
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.lists(st.text(max_size=4), max_size=3),
    st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=3),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(st.sampled_from(FRAGMENTS), max_size=8).map("".join), VALUES, VALUES)
@example("{{{ a }}", "v", "w")
@example("{{ a }}}", "v", "w")
@example("{{ a }}\n\n", "v", "w")
@example("\r\n", "v", "w")
@example("", "v", "w")
@example("{ {{ a }} }", "v", "w")
def test_what_is_read_without_jinja_renders_as_with_it(source, a, b):
    """Plain reading is an optimisation: names, taint and text are those of the sandbox."""
    plain = PlainTemplate.read(source)
    if plain is None:
        return
    full = SandboxedTemplate.read(source)
    assert plain.names == full.names
    assert plain.untagged == full.untagged
    assert plain.unguarded == full.unguarded
    assert plain.constant == full.constant
    values = {"a": a, "b": b, "not_a": "n"}
    assert plain.render(values) == full.render(values)


@pytest.mark.parametrize("source", [*FRAGMENTS[:6], "text", "a {{ b }} c {{ a | tag('t') }}\n"])
def test_common_templates_need_no_jinja(source):
    """Text, names and tagged names take the quick way."""
    assert PlainTemplate.read(source) is not None


@pytest.mark.parametrize("kind", [PlainTemplate, SandboxedTemplate])
def test_a_missing_value_is_an_error_and_never_empty_text(kind):
    """A name without a value stops the rendering, whichever way the template was read."""
    template = kind.read("Hello {{ a }}")
    with pytest.raises(TemplateError, match="'a' is undefined"):
        template.render({})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), object(), {1, 2}, b"x"])
@pytest.mark.parametrize("kind", [PlainTemplate, SandboxedTemplate])
def test_values_that_are_no_json_are_errors(kind, value):
    """What is neither text nor JSON has no text in a prompt."""
    with pytest.raises(TemplateError):
        kind.read("{{ a }}").render({"a": value})


@pytest.mark.parametrize("kind", [PlainTemplate, SandboxedTemplate])
def test_text_over_the_cap_is_an_error(kind):
    """A prompt larger than any request is refused instead of built up."""
    with pytest.raises(TemplateError, match="characters of text"):
        kind.read("{{ a }}{{ a }}").render({"a": "x" * (3 * 1024 * 1024)})
