"""Fixing, for policies in any layout: it settles, it breaks nothing, and it keeps its hands off."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.catalog import load_catalog
from router.compiler.layout import says_the_same
from router.lint.fixing import Fixed, fix_all
from router.lint.sources import lint_sources
from router.lint.unified import unified_diff
from router.policy.loader import load_documents
from router.policy.nodes import Node
from router.policy.sources import MemorySources, Sources
from router.policy.yaml_reader import read_yaml
from router.rules.judge import judge
from router.types import Finding, Severity

TODAY = date(2026, 11, 28)
CATALOG = load_catalog()
SETTINGS = settings(
    max_examples=120,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)

# --- policies with mistakes in them --------------------------------------------------------------

# What fixes take away or change; a line without any of these is nobody's to touch.
REMOVED = {"temperature", "top_p", "effort", "speed", "plan", "cache", "haiku", "opus"}
PLANTED = (
    *REMOVED,
    *(
        "max_tokns",
        "modle",
        "ownr",
        "claude-haiku-4-5",
        "claude-3-opus-20240229",
        "on",
        "off",
        "1:30",
    ),
    *("properties", "type", "{{ message }}", "required", "trusted", "stream"),
)


seldom = st.sampled_from([True, False, False, False])


def tiers(draw: st.DrawFn) -> list[Any]:
    pins = st.sampled_from(
        ["haiku", "opus", "claude-haiku-4-5", "claude-3-opus-20240229", "claude-sonnet-5-5"]
    )
    found = []
    for number in range(draw(st.integers(1, 3))):
        tier: dict[str, Any] = {}
        if draw(seldom):
            tier["temperature"] = 0.5
        tier[draw(st.sampled_from(["model", "model", "model", "model", "modle"]))] = draw(pins)
        tier["name"] = f"t{number}"
        if draw(st.booleans()):
            tier["effort"] = "low"
        tier[draw(st.sampled_from(["max_tokens", "max_tokens", "max_tokens", "max_tokns"]))] = draw(
            st.sampled_from([2048, 2048, 4096, 4096, "lots"])
        )
        if draw(st.booleans()):
            tier["speed"] = "fast"
        if draw(seldom):
            tier["top_p"] = 1
        found.append(tier)
    return found


@st.composite
def policies(draw: st.DrawFn) -> dict[str, Any]:
    properties: dict[str, Any] = {"message": {"type": "string"}}
    if draw(st.booleans()):
        properties["message"]["maxLength"] = 100
    names = ["message"]
    if draw(st.booleans()):
        properties["plan"] = {"type": "string", "maxLength": 9}
        names = draw(st.permutations(["message", "plan"]))
    task: dict[str, Any] = {}
    if draw(st.booleans()):
        task[draw(st.sampled_from(["owner", "owner", "ownr"]))] = draw(
            st.sampled_from(["on", "1:30", "us"])
        )
    task["input"] = {"type": "object", "required": names, "properties": properties}
    if draw(st.booleans()):
        task["output"] = {"type": "object", "properties": {"label": {"enum": ["on", "off"]}}}
    if "plan" in names and draw(st.booleans()):
        task["trusted"] = ["plan"]
    prompt: dict[str, Any] = {}
    if draw(st.booleans()):
        prompt["system"] = [
            {"text": "Sort.", "cache": "5m"},
            {"text": "Über alles.", "cache": "1h"},
        ]
    prompt["user"] = draw(
        st.sampled_from(["{{ message }}", "Say: {{ message }}, {{ message | tag('message') }}"])
    )
    task["prompt"] = prompt
    task["tiers"] = tiers(draw)
    if draw(seldom):
        task["stream"] = draw(st.sampled_from(["held", "eagre"]))
    return {
        "version": 1,
        "models": {"haiku": "claude-haiku-4-5", "opus": "claude-opus-5-5"},
        "tasks": {"sort": task},
    }


# --- layouts -------------------------------------------------------------------------------------


class Layout:
    """Writes a value as YAML in a style that is drawn anew for every part of it."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw = draw
        self.comments = 0

    def text(self, value: dict[str, Any]) -> str:
        return self.block(value, 0).removeprefix("\n")

    def comment(self) -> str:
        if not self.draw(st.sampled_from([True, False, False])):
            return ""
        self.comments += 1
        return self.draw(st.sampled_from(["  ", " "])) + f"# é{self.comments}, {{}} \U0001f600."

    def between(self, indent: int) -> str:
        lines = [line for line in (self.comment(), self.comment()) if line]
        blank = "\n" if self.draw(st.sampled_from([True, False, False, False])) else ""
        return blank + "".join(f"{' ' * indent}{line.strip()}\n" for line in lines)

    def value(self, value: Any, indent: int) -> str:
        """What stands behind `key:`, from the blank on, with its line end."""
        if not isinstance(value, dict | list) or not value:
            return f" {self.scalar(value)}{self.comment()}\n"
        style = self.draw(st.sampled_from(["block", "block", "flow", "lines"]))
        if style == "flow":
            return f" {self.flow(value)}{self.comment()}\n"
        if style == "lines":
            return f" {self.lines(value, indent)}{self.comment()}\n"
        return f"{self.comment()}\n{self.block(value, indent + 2)}"

    def block(self, value: dict[str, Any] | list[Any], indent: int) -> str:
        pad, parts = " " * indent, []
        if isinstance(value, dict):
            for key, child in value.items():
                parts.append(f"{self.between(indent)}{pad}{key}:{self.value(child, indent)}")
            return "".join(parts)
        for child in value:
            parts.append(self.between(indent))
            if isinstance(child, dict) and self.draw(st.booleans()):
                inner = self.block(child, indent + 2)
                lines = inner.split("\n")
                first = next(
                    i for i, line in enumerate(lines) if line.strip() and line.strip()[0] != "#"
                )
                lines[first] = f"{pad}- {lines[first].lstrip()}"
                parts.append("\n".join(lines))
            else:
                parts.append(f"{pad}-{self.item(child)}")
        return "".join(parts)

    def item(self, value: Any) -> str:
        written = self.flow(value) if isinstance(value, dict | list) else self.scalar(value)
        return f" {written}{self.comment()}\n"

    def flow(self, value: Any) -> str:
        if isinstance(value, dict):
            inner = ", ".join(
                f"{self.key(key)}: {self.flow(child)}" for key, child in value.items()
            )
            return f"{{{inner}}}"
        if isinstance(value, list):
            return f"[{', '.join(map(self.flow, value))}]"
        return self.scalar(value, flow=True)

    def lines(self, value: dict[str, Any] | list[Any], indent: int) -> str:
        """Flow style with a line for each entry."""
        entries = (
            [f"{self.key(key)}: {self.flow(child)}" for key, child in value.items()]
            if isinstance(value, dict)
            else [self.flow(child) for child in value]
        )
        pad = " " * (indent + 2)
        comma = self.draw(st.sampled_from(["", ","]))
        written = [f"{pad}{entry}," for entry in entries[:-1]] + [f"{pad}{entries[-1]}{comma}"]
        body = "".join(f"{line}{self.comment()}\n" for line in written)
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return f"{opening}{self.comment()}\n{body}{' ' * indent}{closing}"

    def key(self, key: str) -> str:
        return self.draw(st.sampled_from([key, key, f"'{key}'", f'"{key}"']))

    def scalar(self, value: Any, *, flow: bool = False) -> str:
        if not isinstance(value, str):
            return str(value)
        styles = [f'"{value}"']
        if "'" not in value:
            styles.append(f"'{value}'")
        if not value.startswith("{") and not (flow and "{" in value) and ": " not in value:
            styles += [value, value, value]
        return self.draw(st.sampled_from(styles))


@st.composite
def written(draw: st.DrawFn) -> bytes:
    text = Layout(draw).text(draw(policies()))
    if draw(st.booleans()):
        text = text.rstrip("\n")
    if draw(st.booleans()):
        text = text.replace("\n", "\r\n")
    return (b"\xef\xbb\xbf" if draw(st.booleans()) else b"") + text.encode()


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A policy that somebody's hand slipped in."""
    text = draw(written()).decode()
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 12)))
        new = draw(
            st.sampled_from(
                ["", " ", "\n", "#", ":", "- ", "{", "}", ",", "'", '"', "&a ", "*a", "? "]
            )
        )
        text = text[:start] + new + text[end:]
    return text.encode()


# --- policies that load --------------------------------------------------------------------------

ODD = (
    "on",
    "NO",
    "y",
    "1:30",
    "0b1",
    "1_000",
    "1e3_",
    "2026-01-01",
    "0o9",
    "=",
    "<<",
    "us",
    "é\U0001f600",
)
COMMENT = "  # router: ignore[unbounded-input] the form cuts it"
STALE = "{# router: ignore[unbounded-input] it is cut #}"


@st.composite
def sound(draw: st.DrawFn) -> dict[str, bytes]:
    """Policies without an error, in which safe fixes find much to do; perhaps with a parent."""
    tags = {name: draw(st.sampled_from(ODD)) for name in ("team", "on", "queue")}
    base: dict[str, Any] = {
        "description": "Sort mail.",
        "owner": draw(st.sampled_from(ODD)),
        "tags": tags,
        "input": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": "false",
            "properties": {"message": {"type": "string", "maxLength": 90}},
        },
        "prompt": {"system": [{"file": "role.md.j2"}], "user": "'{{ message | tag(\"m\") }}'"},
        "tiers": [{"name": "a", "model": "small", "max_tokens": 2048, "effort": "low"}],
        "budget": {"run": {"usd": 0.5, "deadline": "1m"}},
    }
    layout = Sound(draw)
    repeated = draw(st.lists(st.sampled_from(sorted(base)), unique=True))
    other = {**{key: base[key] for key in repeated}, "extends": "_base"}
    if "tags" in repeated and draw(st.booleans()):
        other["tags"] = {**tags, "on": draw(st.sampled_from(ODD))}
    head: dict[str, Any] = {"version": 1, "models": {"small": "claude-haiku-5-5"}}
    role = "".join(draw(st.lists(st.sampled_from([STALE, "\n", " ", "a", "- b"]), max_size=9)))
    files = {"role.md.j2": f"Sort.{role} Now.".encode()}
    if draw(st.booleans()):
        files["_parent.yaml"] = layout.text({**head, "tasks": {"_base": base}}).encode()
        again = draw(st.sampled_from([{}, {"_base": {"owner": base["owner"], "tags": tags}}]))
        head = {"version": 1, "extends": "_parent.yaml", **draw(st.sampled_from([{}, head]))}
        files["p.yaml"] = layout.text({**head, "tasks": {**again, "sort": other}}).encode()
    else:
        files["p.yaml"] = layout.text({**head, "tasks": {"_base": base, "sort": other}}).encode()
    return files


class Sound(Layout):
    """Keys in quotes where they need them, and comments that ignore what is not there."""

    def comment(self) -> str:
        return self.draw(st.sampled_from([COMMENT, "", "", "", ""])) or super().comment()

    def scalar(self, value: Any, *, flow: bool = False) -> str:
        if value == "false" or (isinstance(value, str) and value.startswith("'{{")):
            return str(value)
        return super().scalar(value, flow=flow)


# --- what must hold ------------------------------------------------------------------------------


def fixed(data: bytes, *, unsafe: bool) -> Fixed:
    return fix_all(MemorySources({"p.yaml": data}), CATALOG, today=TODAY, unsafe=unsafe)


def after(data: bytes, done: Fixed) -> bytes:
    return done.files.get("p.yaml", data)


def errors(data: bytes) -> Counter[tuple[str, str]]:
    found = judge(MemorySources({"p.yaml": data}), CATALOG, today=TODAY).findings
    return counted(found)


def counted(found: Any) -> Counter[tuple[str, str]]:
    return Counter(
        (one.rule, "".join(c for c in one.message if not c.isdigit()))
        for one in found
        if one.severity is Severity.ERROR
    )


def reading_errors(data: bytes) -> Counter[tuple[str, str]]:
    return counted(load_documents(MemorySources({"p.yaml": data})).findings)


def removed_lines(data: bytes) -> set[int]:
    """Lines, from 0, of entries and elements that a fix may take away."""
    root = read_yaml(data, "p.yaml").node
    found: set[int] = set()
    pending: list[Node] = [] if root is None else [root]
    for node in pending:
        for key, child in node.items():
            pending.append(child)
            if key in REMOVED:
                found.update(range(node.key_marks[key][1][0], child.mark[2] + 1))
        for child in node.elements():
            pending.append(child)
            if child.style is not None and child.value in REMOVED:
                found.update(range(child.mark[0], child.mark[2] + 1))
    return found


@SETTINGS
@given(data=written(), unsafe=st.booleans())
def test_fixing_twice_changes_nothing(data: bytes, unsafe: bool) -> None:
    once = after(data, fixed(data, unsafe=unsafe))
    assert after(once, fixed(once, unsafe=unsafe)) == once


@SETTINGS
@given(files=sound())
def test_a_safe_fix_leaves_a_policy_that_loads_what_it_is(files: dict[str, bytes]) -> None:
    before = judge(MemorySources(files), CATALOG, today=TODAY).policy_set
    assert before is not None
    done = fix_all(MemorySources(files), CATALOG, today=TODAY, choose=linted)
    role = files["role.md.j2"]
    assert says_the_same(role.decode(), done.files.get("role.md.j2", role).decode())
    # The role as it was: a template's comments are a part of its digest.
    mended = MemorySources({**files, **done.files, "role.md.j2": role})
    after = judge(mended, CATALOG, today=TODAY).policy_set
    assert after is not None
    assert after.revision == before.revision
    assert not any(one.fix and one.fix.safe for one in linted(done.sources))


def linted(sources: Sources) -> tuple[Finding, ...]:
    return lint_sources(sources, CATALOG, today=TODAY).findings


@SETTINGS
@given(data=st.one_of(written(), damaged()), unsafe=st.booleans())
def test_no_fix_creates_an_error(data: bytes, unsafe: bool) -> None:
    """What could be read has no error that it had not; what could not has none of reading."""
    mended = after(data, fixed(data, unsafe=unsafe))
    assert not reading_errors(mended) - reading_errors(data)
    if not reading_errors(data):
        assert not errors(mended) - errors(data)


@SETTINGS
@given(data=written(), unsafe=st.booleans())
def test_comments_stay_unless_what_they_stand_beside_goes(data: bytes, unsafe: bool) -> None:
    mended = after(data, fixed(data, unsafe=unsafe)).decode()
    going = removed_lines(data)
    for number, line in enumerate(data.decode().splitlines()):
        comment = line.partition("# é")[2]
        if comment and number not in going:
            assert f"# é{comment}" in mended


@SETTINGS
@given(data=written(), unsafe=st.booleans())
def test_lines_without_a_mistake_stay_byte_for_byte(data: bytes, unsafe: bool) -> None:
    # Where the first entry of an element goes, the next one moves up behind the dash.
    lines = after(data, fixed(data, unsafe=unsafe)).split(b"\n")
    mended = iter(line.lstrip(b" -") for line in lines)
    going = removed_lines(data)
    for number, line in enumerate(data.split(b"\n")):
        if number not in going and not any(word.encode() in line for word in PLANTED):
            assert line.lstrip(b" -") in mended, (
                line
            )  # and in this order: `in` moves the iterator on


@SETTINGS
@given(data=damaged(), unsafe=st.booleans())
def test_whatever_the_file_fixing_settles(data: bytes, unsafe: bool) -> None:
    once = after(data, fixed(data, unsafe=unsafe))
    assert after(once, fixed(once, unsafe=unsafe)) == once


@settings(SETTINGS, max_examples=25)
@given(data=written())
@pytest.mark.parametrize(
    "tool",
    [
        ("git", "apply", "-p1", "change.diff"),
        ("patch", "-s", "--binary", "-p1", "-i", "change.diff"),
    ],
    ids=["git", "patch"],
)
def test_the_diff_gives_what_fixing_gives(
    tmp_path_factory, tool: tuple[str, ...], data: bytes
) -> None:
    if shutil.which(tool[0]) is None:
        pytest.skip(f"no {tool[0]} here")
    mended = after(data, fixed(data, unsafe=True))
    diff = unified_diff("p.yaml", data, mended)
    assert bool(diff) == (mended != data)
    if not diff:
        return
    folder = tmp_path_factory.mktemp("applied")
    (folder / "p.yaml").write_bytes(data)
    (folder / "change.diff").write_bytes(diff)
    subprocess.run(tool, cwd=folder, check=True, capture_output=True)
    assert (folder / "p.yaml").read_bytes() == mended
