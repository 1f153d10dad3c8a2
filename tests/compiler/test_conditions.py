"""Conditions: read once, three-valued, unable to fail."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.compiler.conditions import _general, _simple, compile_condition
from router.compiler.evaluation import Comparison
from router.compiler.problems import Refused

NAMES = {"plan", "items", "output", "confidence", "tier", "stop_reason"}


def holds(source, **values):
    return compile_condition(source, NAMES).holds(values)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('output.label == "fraud"', True),
        ("output.label != 'fraud'", False),
        ("output.score >= 0.5", True),
        ("output.score > 0.5 and plan == 'pro'", True),
        ("output.label in ['fraud', 'abuse']", True),
        ("output.label not in ['fraud']", False),
        ("0.1 < output.score < 0.9", True),
        ("output.parts[0].kind == 'a'", True),
        ("output['label'] == 'fraud'", True),
        ("output.label|upper == 'FRAUD'", True),
        ("output.parts|length > 1", False),
        ("not output.flag", True),
        ("output.flag or output.score > 0.1", True),
        ("output.score * 100 > 50", True),
        ("plan ~ '!' == 'pro!'", True),
        ("(true if plan == 'pro' else false)", True),
        ("'x' in items", True),
        ("output.none is none", True),
        ("output.none == none", True),
        ("stop_reason == 'end_turn'", True),
        ("tier == 'haiku'", True),
        ("output.score is number", True),
        ("-output.score < 0", True),
        ("[1, 2] == [1, 2]", True),
        ("{'a': 1}.a == 1", True),
    ],
)
def test_what_rules_need_works(source, expected):
    """Comparisons, membership, logic, filters and arithmetic over the answer and the inputs."""
    output = {"label": "fraud", "score": 0.7, "parts": [{"kind": "a"}], "flag": False, "none": None}
    values = {"plan": "pro", "items": ["x"], "tier": "haiku", "stop_reason": "end_turn"}
    assert holds(source, output=output, **values) is expected


MISSING_CASES = [
    "output.x == 1",
    "output.x != 1",
    "output.x < 1",
    "not output.x",
    "not (output.x == 1)",
    "output.x in [1]",
    "output.x not in [1]",
    "1 in output.x",
    "output.x and true",
    "output.x or false",
    "output.x",
    "output.x.y.z == 1",
    "output.x|length == 0",
    "output.x + 1 == 1",
    "-output.x < 0",
    "output.x ~ '' == ''",
    "[output.x] == []",
    "output.x is number",
    "(output.x if true else 1) == 1",
    "(1 if output.x else 1) == 1",
    "0 < output.x < 2",
    "output.list[7] == 1",
    "output.list['a'] == 1",
    "output.text < 3",
    "output.none < 3",
    "output.text * 3 == 'aaa'",
    "1 / output.zero > 0",
    "output.text|sum > 0",
    "3 in output.zero",
    "confidence < 0.5",
]


@pytest.mark.parametrize("source", MISSING_CASES)
@pytest.mark.parametrize(
    "output", [{"list": [1], "text": "a", "none": None, "zero": 0}, None, "text", 3, []]
)
def test_what_is_unknown_does_not_hold_and_does_not_fail(source, output):
    """A missing field, a wrong type, a null or no output at all: the condition is false."""
    assert holds(source, output=output, confidence=None) is False


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("output.x == 1 or output.y == 2", True),
        ("output.y == 2 or output.x == 1", True),
        ("output.x == 1 and output.y == 3", False),
        ("not (output.x == 1 and output.y == 3)", True),
        ("output.x is not defined", True),
        ("output.x is undefined and output.y == 2", True),
        ("output.x is defined", False),
        ("output.x|default(5) == 5", True),
        ("output.y is defined", True),
    ],
)
def test_the_unknown_decides_nothing_else(source, expected):
    """`or` and `and` still decide where the other side is known, and absence can be asked for."""
    assert holds(source, output={"y": 2}) is expected


CONSTANTS = st.one_of(
    st.integers(-50, 50),
    st.floats(-9, 9, allow_nan=False).map(lambda x: round(x, 3)),
    st.sampled_from([True, False, None]),
    st.text(alphabet="ab ='.", max_size=4),
)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["output.a", "output.a.b", "plan", "confidence", "output"]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
    CONSTANTS,
    st.one_of(CONSTANTS, st.dictionaries(st.sampled_from("ab"), CONSTANTS, max_size=2)),
)
def test_simple_conditions_mean_the_same_with_and_without_jinja(path, operator, constant, value):
    """The quick reading of one comparison agrees with the full one."""
    written = {True: "true", False: "false", None: "none"}.get(constant, repr(constant))
    if isinstance(constant, str):
        written = '"' + constant.replace('"', "") + '"'
    elif isinstance(constant, int | float) and not isinstance(constant, bool):
        written = repr(constant)
    source = f"{path} {operator} {written}"
    quick, full = _simple(source), _general(source)
    if quick is None:
        assert "e" in written  # an exponent is left to the full reading
        return
    assert (quick.names, quick.paths) == (full.names, full.paths)
    assert quick.comparisons == full.comparisons
    for values in (
        {"output": {"a": value}},
        {"output": value, "plan": value},
        {"confidence": value},
    ):
        assert quick.holds(values) == full.holds(values)


@settings(max_examples=200, deadline=None)
@given(
    st.recursive(
        st.sampled_from(
            ["output.a", "output.b.c", "plan", "1", "0.5", "'x'", "none", "true", "output.items[0]"]
        ),
        lambda inner: st.one_of(
            st.tuples(
                inner, st.sampled_from(["==", "<", "in", "and", "or", "+", "*", "~", "/"]), inner
            ).map(lambda t: f"({t[0]} {t[1]} {t[2]})"),
            inner.map(lambda s: f"(not {s})"),
            inner.map(lambda s: f"({s}|length)"),
            inner.map(lambda s: f"({s} is defined)"),
            inner.map(lambda s: f"[{s}]"),
        ),
        max_leaves=6,
    ),
    st.dictionaries(
        st.sampled_from(["a", "b", "items"]), st.one_of(CONSTANTS, st.lists(CONSTANTS)), max_size=3
    ),
)
def test_no_condition_fails(source, output):
    """Whatever is accepted evaluates to yes or no."""
    try:
        condition = compile_condition(source, NAMES)
    except Refused:
        return
    assert condition.holds({"output": output, "plan": "x"}) in (True, False)


@pytest.mark.parametrize(
    ("source", "rule", "columns"),
    [
        ("confidnce < 0.5", "condition-unknown-name", (1, 10)),
        ("plan == pro", "condition-unknown-name", (9, 12)),
        ('"mail" == mail', "condition-unknown-name", (11, 15)),
        ("output.x =", "condition-syntax", (10, 11)),
        ("output.x = 3", "condition-syntax", (10, 11)),
        ("output.x ===", "condition-syntax", (12, 13)),
        ("plan |foo", "condition-syntax", (7, 10)),
        ("output.__class__", "condition-syntax", (8, 17)),
    ],
)
def test_a_problem_points_at_its_word(source, rule, columns):
    """Rule and columns within the condition."""
    with pytest.raises(Refused) as caught:
        compile_condition(source, NAMES)
    problem = caught.value.problems[0]
    assert problem.rule == rule
    assert problem.column == columns[0]
    assert problem.end_column >= columns[1] - 1


@pytest.mark.parametrize(
    "source",
    [
        "",
        " ",
        "{{ plan }}",
        "plan plan",
        "plan if plan",
        "plan.upper() == 'X'",
        "range(3)|length == 3",
        "items[1:] == []",
        "output.__class__.__mro__",
        "lipsum()",
        "'a' * 100000000",
        "10 ** 10",
        "plan|attr('x')",
        "plan|map('x')|list",
        "cycler",
        "(" * 3000 + "1" + ")" * 3000,
        "1 + " * 400 + "1",
        "9" * 5000,
        "x" * 3000,
        "import os",
        "lambda: 1",
        "plan; plan",
        "plan == 'x",
        "[x for x in items]",
        "%}{% include 'x' %}",
    ],
)
def test_what_is_no_condition_is_refused(source):
    """Calls, code, bombs and fragments never load."""
    with pytest.raises(Refused):
        compile_condition(source, NAMES)


def test_what_rules_want_to_know_is_collected():
    """Paths and comparisons with constants, either way round."""
    condition = compile_condition(
        "output.label == 'a' or 3 <= output.n.m and plan in ['x', 'y'] or output.q is defined",
        NAMES,
    )
    assert condition.paths == {("output", "label"), ("output", "n", "m"), ("output", "q")}
    assert set(map(repr, condition.comparisons)) == {
        repr(Comparison(("output", "label"), "==", "a")),
        repr(Comparison(("output", "n", "m"), ">=", 3)),
        repr(Comparison(("plan",), "in", ["x", "y"])),
    }
    assert condition.names == {"output", "plan"}
