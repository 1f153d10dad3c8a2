"""What an editor is shown fits the text that it has, whatever is typed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.lsp.desk import Desk, path_of
from router.lsp.positions import Ruler, agreed
from router.lsp.session import Session
from router.resources import shipped
from router.types import Span

CLASSIFY = (shipped("policies") / "classify.yaml").read_text("utf-8")
ODD = [
    "\r\n",
    "\r",
    "\t",
    "😀",
    "\u2028",
    "\x85",
    "\x0c",
    "\0",
    "\ufeff",
    "é",
    "{{ x }}",
    ": ",
    "- ",
]


@st.composite
def typed(draw: Any) -> str:
    """A policy with something inserted, deleted or cut off somewhere."""
    text = CLASSIFY
    for _ in range(draw(st.integers(1, 3))):
        start = draw(st.integers(0, len(text)))
        end = draw(st.integers(start, min(len(text), start + 40)))
        text = text[:start] + draw(st.sampled_from(["", *ODD]) | st.text(max_size=5)) + text[end:]
    return text


@pytest.fixture
def session(tmp_path: Path) -> tuple[Session, str, dict[str, Any]]:
    published: dict[str, Any] = {}
    desk = Desk(tmp_path, [Path("policies")])
    session = Session(
        desk,
        "utf-16",
        lambda params: published.__setitem__(params["uri"], params["diagnostics"]),
        pytest.fail,
    )
    return session, (tmp_path / "policies" / "classify.yaml").as_uri(), published


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(text=typed())
def test_every_range_lies_in_the_text(
    text: str, session: tuple[Session, str, dict[str, Any]]
) -> None:
    editor, uri, published = session
    editor.put({"textDocument": {"uri": uri, "text": text, "version": 1}})
    editor.judge()
    lines = re.split(r"\r\n|\r|\n", text)
    widths = [len(line.encode("utf-16-le", "surrogatepass")) // 2 for line in lines]
    for diagnostic in published[uri]:
        start, end = diagnostic["range"]["start"], diagnostic["range"]["end"]
        assert (start["line"], start["character"]) <= (end["line"], end["character"])
        for place in (start, end):
            assert 0 <= place["character"] <= widths[place["line"]]


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("policies/prompts/a.j2", True),
        ("router.toml", True),
        ("node_modules/a/b.yaml", False),
        ("src/main.py", False),
    ],
)
def test_only_files_that_matter_are_a_reason_to_judge(
    name: str, counts: bool, session: tuple[Session, str, dict[str, Any]], tmp_path: Path
) -> None:
    editor = session[0]
    editor.files_changed({"changes": [{"uri": (tmp_path / name).as_uri(), "type": 2}]})
    assert (editor.patience() is not None) is counts


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///a/b%20c/%C3%A9.yaml", "/a/b c/é.yaml"),
        ("file:///a/../b.yaml", "/b.yaml"),
        ("untitled:Untitled-1", None),
        ("https://example.org/a.yaml", None),
        ("file://[", None),
        ("", None),
    ],
)
def test_a_uri_names_a_file_or_none(uri: str, path: str | None) -> None:
    assert path_of(uri) == (None if path is None else Path(path))


def test_the_first_encoding_that_both_know_is_taken() -> None:
    assert agreed([]) == "utf-16"
    assert agreed(["utf-7"]) == "utf-16"
    assert agreed(["utf-7", "utf-8", "utf-16"]) == "utf-8"


def test_a_place_past_the_end_is_the_end() -> None:
    """A finding may point behind a last line without a break."""
    assert Ruler("ab\nc", "utf-16").range(Span("x", 3, 1, 9, 9)) == {
        "start": {"line": 1, "character": 1},
        "end": {"line": 1, "character": 1},
    }
