"""The reader takes any bytes: it gives a tree with places, or findings, and never anything else."""

from __future__ import annotations

import json
import time

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from router.policy.nodes import Node
from router.policy.yaml_reader import MAX_ALIASES, MAX_BYTES, MAX_DEPTH, Reading, read_yaml
from router.types import Severity

SAMPLE = """\
# yaml-language-server: $schema=../schemas/policy.schema.json
version: 1
models:
  haiku: claude-haiku-5-5
tasks:
  sortieren:
    description: "Größe ändern: äöü 😀"
    tags: {product: support, 'team': "a\\tb"}
    input: {type: object, properties: {message: {type: string, maxLength: 8000}}}
    prompt:
      user: |
        {{ message | tag("message") }}

        And a second line.
      system:
        - text: >-
            folded
            text
          cache: 1h
    tiers:
      - &tier
        model: haiku
        max_tokens: 512
      - model: opus
        max_tokens: 0x10
        escalate: [{below: 0.82}, {when: output.label == "fraud", reason: ~}]
    fallback: []
    strict_model: false
"""


def read(text: str | bytes, *, pure: bool = False) -> Reading:
    return read_yaml(text.encode() if isinstance(text, str) else text, "p.yaml", pure=pure)


def rules(reading: Reading) -> list[str]:
    return [finding.rule for finding in reading.findings]


both = pytest.mark.parametrize("pure", [False, True], ids=["libyaml", "python"])


# --- what is right -------------------------------------------------------------------------------


@both
def test_a_policy_is_read_whole(pure: bool) -> None:
    """Every value arrives, by YAML 1.2, without a finding."""
    reading = read(SAMPLE, pure=pure)
    assert reading.findings == ()
    assert reading.node is not None
    # PyYAML reads this sample alike, because nothing in it is ambiguous
    assert reading.node.plain() == yaml.safe_load(SAMPLE)


@both
@pytest.mark.parametrize(
    ("path", "place", "style"),
    [
        (("version",), (2, 10, 2, 11), "plain"),
        (("models", "haiku"), (4, 10, 4, 26), "plain"),
        (("tasks", "sortieren", "description"), (7, 18, 7, 39), "double"),
        (("tasks", "sortieren", "tags"), (8, 11, 8, 45), None),
        (("tasks", "sortieren", "tags", "team"), (8, 38, 8, 44), "double"),
        (("tasks", "sortieren", "prompt", "user"), (11, 13, 15, 1), "literal"),
        (("tasks", "sortieren", "prompt", "system", 0, "text"), (16, 17, 19, 1), "folded"),
        (("tasks", "sortieren", "tiers", 1, "escalate", 0, "below"), (26, 28, 26, 32), "plain"),
        (("tasks", "sortieren", "tiers"), (21, 7, 26, 78), None),
    ],
)
def test_values_know_their_place(
    path: tuple[str | int, ...], place: tuple[int, int, int, int], style: str | None, pure: bool
) -> None:
    """Lines and columns count characters from 1; a block ends with its last element."""
    root = read(SAMPLE, pure=pure).node
    assert root is not None
    node = root.at(*path)
    assert node is not None
    span = node.span
    if not (pure and style == "folded"):  # the two parsers end a folded text differently
        assert (span.line, span.column, span.end_line, span.end_column) == place
    assert node.style == style


@both
def test_keys_know_their_place(pure: bool) -> None:
    root = read(SAMPLE, pure=pure).node
    assert root is not None
    task = root.at("tasks", "sortieren")
    assert task is not None
    span = task.key_span("prompt")
    assert (span.line, span.column, span.end_column) == (10, 5, 11)
    assert str(task.get("tags").key_span("team")) == "p.yaml:8:30"  # type: ignore[union-attr]


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**15), 10**15)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(
        st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff\u2028\u2029")
    ),
    lambda children: (
        st.lists(children, max_size=4)
        | st.dictionaries(st.text("abcxyz_-", min_size=1), children, max_size=4)
    ),
    max_leaves=12,
)


@given(json_values, st.booleans())
@settings(max_examples=150, deadline=None)
def test_json_is_read_as_json(value: object, block: bool) -> None:
    """What a JSON or YAML writer wrote is read back equal, type for type."""
    text = (
        yaml.safe_dump(value, allow_unicode=True)
        if block
        else json.dumps({"a": value}, ensure_ascii=False)
    )
    reading = read(text)
    errors = [f for f in reading.findings if f.severity is Severity.ERROR]
    if reading.node is None:
        assert value is None
        assert rules(reading) == ["empty-file"]
        return
    assert errors == []
    if block and "yaml11-ambiguous" in rules(reading):
        return  # PyYAML writes for readers of YAML 1.1: `0E0` is text to them
    expected = value if block else {"a": value}
    assert repr(reading.node.plain()) == repr(expected) or _alike(reading.node.plain(), expected)


def _alike(left: object, right: object) -> bool:
    """Equal, but for the order of keys, which the dumper sorts."""
    return json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True)


# --- what is refused -----------------------------------------------------------------------------

BOMB = "\n".join(
    ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    + [f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]" for i in range(1, 11)]
)

HOSTILE = [
    # name, bytes, rule, line, column
    ("nothing", b"", "empty-file", 1, 1),
    ("blanks and a comment", b"\n\n# nothing\n", "empty-file", 1, 1),
    ("a document of nothing", b"---\n...\n", "empty-file", 1, 1),
    ("tab", b"a:\n\tb: 1", "yaml-syntax", 2, 1),
    ("quote left open", b'a: 1\nb: "x\nc: 2\n', "yaml-syntax", 2, 4),
    ("single quote left open", b"a: 1\nb: 'x\nc: 2\n", "yaml-syntax", 2, 4),
    ("bracket left open", b"a: [1, 2\nb: 3\n", "yaml-syntax", 1, 4),
    ("bracket never closed", b"a: [1, 2\n\n", "yaml-syntax", 1, 4),
    ("brace never closed", b"a: 1\nb: {c: [1], d\n", "yaml-syntax", 2, 4),
    ("nothing after a bracket", b"a: 1\nb: [\n", "yaml-syntax", 2, 4),
    ("nothing after an anchor", b"a: 1\nb: &", "yaml-syntax", 2, 4),
    ("colon in a value", b"a: b: c", "yaml-syntax", 1, 5),
    ("key without colon", b"a: 1\nb\nc: 2\n", "yaml-syntax", 2, 1),
    ("text after a quote", b'when: "a" == b', "yaml-syntax", 1, 11),
    ("reserved character", b"a: @x", "yaml-syntax", 1, 4),
    ("bold text", b"a: *b*", "yaml-syntax", 1, 6),
    ("unknown alias", b"a: *b", "yaml-syntax", 1, 4),
    ("unknown escape", b'a: "\\q"', "yaml-syntax", 1, 5),
    ("text behind the end", b"a: 1\n...\nb: 2\n", "yaml-syntax", 3, 1),
    ("unknown YAML version", b"%YAML 3.0\n---\na: 1", "yaml-syntax", 1, 1),
    ("YAML 1.1 on purpose", b"%YAML 1.1\n---\na: 1", "yaml-syntax", 1, 1),
    ("half a character", b'a: "\\ud800"', "yaml-syntax", 1, 7),
    ("beyond Unicode", b'a: "\\U00110000"', "yaml-syntax", 1, 7),
    ("tag", b"a: !python/object/apply:os.system [x]", "yaml-tag", 1, 4),
    ("own tag", b"a: !x 1", "yaml-tag", 1, 4),
    ("standard tag", b"a: !!str 1", "yaml-tag", 1, 4),
    ("tag on a map", b"a: !x {b: 1}", "yaml-tag", 1, 4),
    ("tag line", b"%TAG !e! tag:x,2000:\n---\na: 1", "yaml-tag", 1, 1),
    ("merge key", b"a: &a {b: 1}\nc:\n  <<: *a\n", "merge-key", 3, 3),
    ("two documents", b"a: 1\n---\nb: 2\n", "multi-document", 2, 1),
    ("duplicate key", b"a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1),
    ("duplicate key, quoted", b"a: 1\n'a': 3\n", "duplicate-key", 2, 1),
    ("number as key", b"1: a", "non-string-key", 1, 1),
    ("boolean as key", b"x: {true: a}", "non-string-key", 1, 5),
    ("null as key", b"~: a", "non-string-key", 1, 1),
    ("list as key", b"[a]: b", "non-string-key", 1, 1),
    ("map as key", b"? {a: b}\n: c", "non-string-key", 1, 3),
    ("alias as key", b"a: &a b\n*a : c", "non-string-key", 2, 1),
    ("template without quotes", b"a: {{ x }}", "non-string-key", 1, 5),
    ("question mark in a key", b"a: {?b: 1}", "yaml-syntax", 1, 6),
    ("question mark in an element", b"a: [x, ?b]", "yaml-syntax", 1, 9),
    ("anchor with a colon", b"a: &b:c d", "yaml-syntax", 1, 4),
    ("NUL", b"a: x\nb: \x00", "yaml-encoding", 2, 4),
    ("escape character", b"a: \x1b[31m", "yaml-encoding", 1, 4),
    ("delete", b"a: b\x7f", "yaml-encoding", 1, 5),
    ("next line", "a: x\u0085y".encode(), "yaml-encoding", 1, 5),
    ("line separator", "a: 1\nb: x\u2028y".encode(), "yaml-encoding", 2, 5),
    ("byte order mark inside", "a: 1\n\ufeffb: 2".encode(), "yaml-encoding", 2, 1),
    ("not UTF-8", b"a: 1\nb: caf\xe9\n", "yaml-encoding", 2, 7),
    ("overlong", b"a: \xc0\xaf", "yaml-encoding", 1, 4),
    ("surrogate in UTF-8", b"a: \xed\xa0\x80", "yaml-encoding", 1, 4),
    ("cut in a character", "a: ö".encode()[:-1], "yaml-encoding", 1, 4),
    ("UTF-16", "a: 1".encode("utf-16"), "yaml-encoding", 1, 1),
    ("UTF-16 without mark", "a: 1".encode("utf-16-le"), "yaml-encoding", 1, 1),
    ("UTF-32", "a: 1".encode("utf-32"), "yaml-encoding", 1, 1),
    ("not text", bytes(range(256)), "yaml-encoding", 1, 1),
    ("ten megabytes", b"a: 1\n" * 2_000_000, "yaml-too-large", 1, 1),
    ("ten megabytes of brackets", b"[" * 10_000_000, "yaml-too-large", 1, 1),
    ("too many values", b"[" + b"a," * 200_000 + b"]", "yaml-too-large", 1, 200_002),
    ("deep brackets", b"a: " + b"[" * 50_000, "yaml-too-deep", 1, 67),
    ("deep braces", b"{a: " * 50_000, "yaml-too-deep", 1, 257),
    ("deep dashes", b"- " * 50_000, "yaml-too-deep", 1, 129),
    (
        "deep blocks",
        "".join(" " * i + "a:\n" for i in range(300)).encode(),
        "yaml-too-deep",
        65,
        65,
    ),
    ("alias bomb", BOMB.encode(), "alias-bomb", 7, 20),
    ("alias inside itself", b"a: &a [*a]", "alias-bomb", 1, 8),
    ("alias inside its own map", b"a: &a {b: {c: *a}}", "alias-bomb", 1, 15),
    (
        "many aliases",
        b"a: &a x\nb: [" + b"*a, " * (MAX_ALIASES + 1) + b"]",
        "alias-bomb",
        2,
        5 + 4 * MAX_ALIASES,
    ),
    (
        "aliases that add up in depth",
        "\n".join(
            ["a0: &a0 " + "[" * 20 + "]" * 20]
            + [f"a{i}: &a{i} {'[' * 20}*a{i - 1}{']' * 20}" for i in range(1, 10)]
        ).encode(),
        "yaml-too-deep",
        4,
        29,
    ),
    ("infinity", b"a: .inf", "bad-value", 1, 4),
    ("not a number", b"a: .NaN", "bad-value", 1, 4),
    ("float that overflows", b"a: 1e999", "bad-value", 1, 4),
    ("endless integer", b"a: " + b"9" * 10_000, "bad-value", 1, 4),
]


@both
@pytest.mark.parametrize(
    ("data", "rule", "line", "column"),
    [case[1:] for case in HOSTILE],
    ids=[str(case[0]) for case in HOSTILE],
)
def test_hostile_files_give_a_finding(
    data: bytes, rule: str, line: int, column: int, pure: bool
) -> None:
    """One finding with a place and a short message; no crash, no hang, no flood."""
    if pure and 100_000 < len(data) <= MAX_BYTES:
        pytest.skip("the same limit in the same code, after seconds of parsing")
    started = time.process_time()
    reading = read(data, pure=pure)
    assert time.process_time() - started < (6 if pure else 2)
    assert rules(reading) == [rule]
    (finding,) = reading.findings
    assert finding.severity is Severity.ERROR
    assert finding.span.line == line
    # the parser in Python marks some faults of a scalar at another character of it, and newer
    # libyaml refuses a thousand brackets itself, before it hands out the first
    if not (pure and rule == "yaml-syntax") and not data.startswith(b"a: [["):
        assert finding.span.column == column
    text = f"{finding}{finding.help}{finding.source_line}{finding.notes}"
    assert len(text) < 2_000
    assert text.replace("\t", "").isprintable()


def test_keys_inside_of_refused_keys_are_not_refused_again() -> None:
    assert rules(read("? " * 50_000)) == ["non-string-key", "yaml-too-deep"]


def test_both_places_of_a_duplicate_are_named() -> None:
    (finding,) = read("a: 1\nb: 2\na: 3\n").findings
    assert str(finding).startswith("p.yaml:3:1: error[duplicate-key] the key `a`")
    assert finding.notes == ("first on p.yaml:1:1",)
    assert finding.source_line == "a: 3"


def test_everything_wrong_with_a_file_is_said_at_once() -> None:
    """A fault does not hide the faults beside, below and behind it."""
    reading = read("a: 1\na: !x {c: 1, c: 2}\n1: {<<: {}}\nd: .inf\ne: on\n")
    assert rules(reading) == [
        "duplicate-key",
        "yaml-tag",
        "duplicate-key",
        "non-string-key",
        "merge-key",
        "bad-value",
        "yaml11-ambiguous",
    ]


def test_a_thousand_faults_are_not_a_thousand_findings() -> None:
    """The first ones are shown and the rest is counted; a warning never crowds out an error."""
    text = "".join(f"k{i}: on\n" for i in range(500)) + "a: 1\n" * 500
    reading = read(text)
    assert len(reading.findings) == 40
    assert any("479 more" in note for f in reading.findings for note in f.notes)
    assert "duplicate-key" in rules(reading)


def test_the_first_of_two_values_stays_and_the_second_is_checked() -> None:
    reading = read("a: 1\na: {b: 1, b: 2}\n")
    assert reading.node is not None
    assert reading.node.plain() == {"a": 1}
    assert rules(reading) == ["duplicate-key", "duplicate-key"]


def test_questions_and_anchors_that_read_alike_everywhere_are_read() -> None:
    reading = read(
        "? a\n: 'x ?y'\nb: {? c: '?d', \"?e\": f}\ng: [ &h i, &j {k: &l m}, &n [], *h]\n"
    )
    assert reading.findings == ()


def test_a_byte_order_mark_at_the_start_is_no_fault() -> None:
    reading = read("\ufeffa: 1\n")
    assert reading.findings == ()
    assert reading.node is not None
    assert str(reading.node.key_span("a")) == "p.yaml:1:1"


def test_windows_and_old_mac_line_ends_count_as_lines() -> None:
    for end in ("\r\n", "\r"):
        reading = read(f"a: 1{end}b: 2{end}c: !x 3{end}")
        assert str(reading.findings[0].span) == "p.yaml:3:4"
        assert reading.findings[0].source_line == "c: !x 3"


def test_aliases_within_the_bounds_are_read() -> None:
    reading = read("a: &a {x: [1, 2]}\nb: *a\nc: [*a, *a]\n")
    assert reading.findings == ()
    assert reading.node is not None
    assert reading.node.plain()["c"] == [{"x": [1, 2]}] * 2


def test_limits_are_reached_and_not_undershot() -> None:
    """What is exactly as deep, as large and as aliased as allowed is read."""
    assert read("[" * MAX_DEPTH + "]" * MAX_DEPTH).findings == ()
    assert read("a: &a x\nb: [" + "*a, " * MAX_ALIASES + "]").findings == ()
    assert read(b"a: 1 #" + b"x" * (MAX_BYTES - 6)).findings == ()
    assert rules(read(b"a: 1 #" + b"x" * (MAX_BYTES - 5))) == ["yaml-too-large"]


def test_what_a_terminal_would_act_on_does_not_reach_it() -> None:
    """Escapes in names are shown as escapes; in lines they are replaced one for one."""
    reading = read('"\\e[31mred": 1\n"\\e[31mred": 2\n')
    assert "\\x1b" in reading.findings[0].message
    reading = read("a: 1\nb: \u202etxt\na: 2 # \u202e")
    assert reading.findings[0].source_line == "a: 2 # \ufffd"


def test_endless_lines_are_cut() -> None:
    (finding,) = read("a: 1\na: " + "x" * 100_000).findings
    assert finding.source_line is not None
    assert len(finding.source_line) == 400
    (finding,) = read("{a: 1, b: '" + "x" * 100_000 + "', a: 2}").findings
    assert finding.source_line is None


# --- YAML 1.1 ------------------------------------------------------------------------------------

TRAPS = [
    ("on", "on"),
    ("No", "No"),
    ("YES", "YES"),
    ("off", "off"),
    ("1:30", "1:30"),
    ("190:20:30.15", "190:20:30.15"),
    ("012", 12),
    ("-012", -12),
    ("089", 89),
    ("1_000", "1_000"),
    ("1_000.5", "1_000.5"),
    ("0b11", "0b11"),
    ("0o17", 15),
    ("1e3", 1000.0),
    ("2024-01-01", "2024-01-01"),
    ("2024-01-01T10:00:00Z", "2024-01-01T10:00:00Z"),
]
PLAIN = [
    ("true", True),
    ("False", False),
    ("null", None),
    ("~", None),
    ("", None),
    ("0", 0),
    ("-12", -12),
    ("0x1F", 31),
    ("1.5", 1.5),
    (".5", 0.5),
    ("1.5e+3", 1500.0),
    ("y", "y"),
    ("n", "n"),
    ("nullable", "nullable"),
    ("1.2.3", "1.2.3"),
    ("30s", "30s"),
    ("82%", "82%"),
    ("-", "-"),
    ("1-2", "1-2"),
    ("+", "+"),
    ("claude-haiku-5-5", "claude-haiku-5-5"),
]


@pytest.mark.parametrize(("text", "value"), TRAPS)
def test_what_yaml_1_1_reads_otherwise_is_a_warning(text: str, value: object) -> None:
    """The value is YAML 1.2's; the warning says what others read; quotes end the doubt."""
    reading = read(f"a: {text}")
    assert reading.node is not None
    got = reading.node.plain()["a"]
    assert (got, type(got)) == (value, type(value))
    (finding,) = reading.findings
    assert (finding.rule, finding.severity) == ("yaml11-ambiguous", Severity.WARNING)
    assert str(finding.span) == "p.yaml:1:4"
    assert read(f'a: "{text}"').findings == ()


@pytest.mark.parametrize(("text", "value"), TRAPS)
def test_the_warning_is_true(text: str, value: object) -> None:
    """PyYAML, which reads YAML 1.1, does read another value or another type."""
    other = yaml.safe_load(f"a: {text}")["a"]
    assert (type(other), other) != (type(value), value)


@pytest.mark.parametrize(("text", "value"), PLAIN)
def test_what_both_versions_read_alike_is_no_warning(text: str, value: object) -> None:
    reading = read(f"a: {text}" if text != "-" else "a: x-")
    if text == "-":
        return
    assert reading.node is not None
    got = reading.node.plain()["a"]
    assert (got, type(got)) == (value, type(value))
    assert reading.findings == ()


def test_a_key_can_be_ambiguous_too() -> None:
    (finding,) = read("on: 1").findings
    assert finding.rule == "yaml11-ambiguous"
    assert str(finding.span) == "p.yaml:1:1"


# --- any bytes at all ----------------------------------------------------------------------------


def _holds(reading: Reading) -> None:
    errors = [f for f in reading.findings if f.severity is Severity.ERROR]
    assert reading.node is not None or errors
    assert all(
        f.source_line is None or f.source_line.isprintable() or "\t" in f.source_line
        for f in errors
    )
    if reading.node is not None:
        reading.node.plain()


@both
def test_every_truncation_is_read_or_refused(pure: bool) -> None:
    """Cut after any byte, a policy gives a tree or an error, never an exception."""
    data = SAMPLE.encode()
    for length in range(0, len(data), 5 if pure else 1):
        _holds(read(data[:length], pure=pure))


@given(st.binary(max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    _holds(read(data))


pieces = st.sampled_from(
    ["a", "b", ": ", ":", "- ", "-", "\n", "\n  ", "\n    ", "[", "]", "{", "}", ",", "&a ", "*a",
     "!x ", "? ", "<<", '"', "'", "|\n", ">\n", "#", "1", "on", "\t", "---\n", "...\n", "%", " ",
     "é", "\u2028", "\x00", "~", "\\"]
)  # fmt: skip


@given(st.lists(pieces, max_size=24).map("".join))
@settings(max_examples=250, deadline=None)
def test_the_two_parsers_agree(text: str) -> None:
    """With and without libyaml a file is read to the same values, or refused by both."""
    fast, slow = read(text), read(text, pure=True)
    _holds(fast)
    _holds(slow)
    sound = [
        reading.node is not None and all(f.severity is not Severity.ERROR for f in reading.findings)
        for reading in (fast, slow)
    ]
    if all(sound):
        assert _plain(fast.node) == _plain(slow.node)


def _plain(node: Node | None) -> object:
    return None if node is None else node.plain()


@pytest.mark.parametrize(
    ("text", "place", "message", "help_line"),
    [
        ("a:\n  - {b: 1\n  - {b: 2}\n", (2, 5), "the `{` is not closed", "add the `}`"),
        ("a: [1, 2\nb: 3\n", (1, 4), "the `[` is not closed", "add the `]`"),
        (
            "a: {b: 1\n  c: {d: 1}}\n",
            (2, 4),
            "expected `,` or `}` here",
            "close the `{` of line 1, or put a `,` in between",
        ),
        ("a: 1\nb:512\nc: 1\n", (2, 2), "no space follows the `:`", "write `b: 512`"),
        (
            "a: 1\nb:\u00a0512\nc: 1\n",
            (2, 3),
            "the character U+00A0 follows the `:`, where a space must",
            "write `b: 512`",
        ),
        ("a:\n  b: 1\n\tc: 2\n", (3, 1), "a tab cannot indent YAML", "indent with spaces"),
    ],
)
def test_what_is_wrong_is_said_where_it_is_to_be_mended(
    text: str, place: tuple[int, int], message: str, help_line: str
) -> None:
    (finding,) = read(text.encode()).findings
    assert (finding.message, finding.help) == (message, help_line)
    assert (finding.span.line, finding.span.column) == place
