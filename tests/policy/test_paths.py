"""A path in a policy is relative to its file and stays inside of the root."""

from __future__ import annotations

import pytest

from router.policy.paths import PathEscape, resolve_path


@pytest.mark.parametrize(
    ("path", "beside", "found"),
    [
        ("x.md", "a.yaml", "x.md"),
        ("./x.md", "a.yaml", "x.md"),
        ("p/x.md", "team/a.yaml", "team/p/x.md"),
        ("../p/x.md", "team/a.yaml", "p/x.md"),
        ("a/../b.md", "t.yaml", "b.md"),
        ("..x/y", "t.yaml", "..x/y"),
    ],
)
def test_a_path_begins_where_its_file_lies(path: str, beside: str, found: str) -> None:
    assert resolve_path(path, beside) == found


@pytest.mark.parametrize(
    "path",
    ["/etc/passwd", "../x", "a/../../x", "..", "~/x", "C:/x", "c:x", "..\\x", "a\0b",
     "file:///etc/passwd", "https://example.org/x.yaml", "//host/share"],
)  # fmt: skip
def test_no_path_leads_out(path: str) -> None:
    with pytest.raises(PathEscape):
        resolve_path(path, "a.yaml")
