"""A baseline hides what was known: it outlives moved lines, and not a change of the node."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.errors import SettingsError, UsageError
from router.lint.baseline import Baseline, Entry, read_baseline, write_baseline
from router.lint.config import LintConfig
from router.lint.runner import lint_paths
from router.types import Severity

TODAY = date(2026, 11, 22)
HEAD = "version: 1\ntasks:\n"
TASK = """  {name}:
    input:
      type: object
      required: [mail]
      properties:
        mail: {{type: string{more}}}
    prompt:
      user: [{{file: {name}.j2}}]
    tiers: [{{model: claude-opus-5-5, max_tokens: 2048}}]
"""


def lint(root: Path, **options):
    config = LintConfig(baseline=root.parent / "known.json", fail_level=Severity.WARNING)
    return lint_paths([root], root=root, today=TODAY, config=config, **options)


def write(root: Path, *names: str, more: str = "", text: str = HEAD) -> None:
    root.mkdir(exist_ok=True)
    body = "".join(TASK.format(name=name, more=more) for name in names)
    (root / "a.yaml").write_text(text + body)
    for name in names:
        (root / f"{name}.j2").write_text('{{ mail | tag("mail") }}\n')


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "policies"
    write(root, "one")
    return root


def rules(report) -> list[str]:
    return [one.rule for one in report.findings if one.severity is not Severity.INFO]


def test_what_is_known_does_not_count(root):
    assert rules(lint_paths([root], root=root, today=TODAY)) == ["unbounded-input"]
    report = lint(root, renew_baseline=True)
    assert rules(report) == []
    assert report.exit_code() == 0
    assert [one.by for one in lint(root).hidden] == ["baseline"]


def test_infos_are_known_where_they_fail(root):
    config = LintConfig(baseline=root.parent / "known.json", fail_level=Severity.INFO)
    write(root, "one", "two")  # each without a description
    for renew in (True, False):
        report = lint_paths([root], root=root, today=TODAY, config=config, renew_baseline=renew)
        assert report.findings == ()
    assert "missing-description" in (root.parent / "known.json").read_text()


def test_entries_have_a_pointer_and_no_line(root):
    lint(root, renew_baseline=True)
    (entry,) = json.loads((root.parent / "known.json").read_text())["findings"]
    assert entry["file"] == "policies/a.yaml"
    assert entry["pointer"] == "/tasks/one/input/properties/mail"
    assert entry.keys() == {"file", "rule", "pointer", "hash"}


def test_a_changed_node_is_a_new_finding_and_the_entry_is_reported(root):
    lint(root, renew_baseline=True)
    write(root, "one", more=", description: A mail")
    report = lint(root)
    assert rules(report) == ["unbounded-input"]
    assert "--write-baseline drops it" in report.notes[0]
    lint(root, renew_baseline=True)
    assert lint(root).notes == ()


def test_a_second_finding_of_the_same_kind_is_new(root):
    lint(root, renew_baseline=True)
    write(root, "one", "two")
    assert rules(lint(root)) == ["unbounded-input"]


def test_errors_are_never_known(root):
    (root / "one.j2").write_text("{{ mail }} {{ nobody }}\n")
    before = rules(lint_paths([root], root=root, today=TODAY))
    assert "undefined-variable" in before
    report = lint(root, renew_baseline=True)
    assert "undefined-variable" in rules(report)
    assert report.exit_code() == 1
    assert "undefined-variable" not in (root.parent / "known.json").read_text()


def test_a_baseline_of_a_part_keeps_what_is_known_of_the_rest(root):
    (root / "b.yaml").write_text(HEAD + TASK.format(name="two", more=""))
    (root / "two.j2").write_text('{{ mail | tag("mail") }}\n')
    lint(root, renew_baseline=True)
    config = LintConfig(baseline=root.parent / "known.json")
    lint_paths([root / "b.yaml"], root=root, today=TODAY, config=config, renew_baseline=True)
    assert rules(lint(root)) == []
    (root / "b.yaml").unlink()
    assert "b.yaml" in lint(root).notes[0]
    lint(root, renew_baseline=True)
    assert "b.yaml" not in (root.parent / "known.json").read_text()


def test_a_baseline_that_is_a_link_stays_one(root):
    """Projects share one, or keep it elsewhere."""
    real = root.parent / "elsewhere.json"
    (root.parent / "known.json").symlink_to(real)
    lint(root, renew_baseline=True)
    assert (root.parent / "known.json").is_symlink()
    assert rules(lint(root)) == []


def test_a_baseline_that_cannot_be_written_is_named_as_it_was(root):
    config = LintConfig(baseline=root.parent / "nowhere" / "known.json")
    with pytest.raises(SettingsError, match=r"cannot write .*/nowhere/known.json: No such"):
        lint_paths([root], root=root, today=TODAY, config=config, renew_baseline=True)


def test_a_baseline_that_cannot_be_used_is_refused(root):
    with pytest.raises(SettingsError, match="there is no baseline"):
        lint(root)
    of_lists = '{"file": "a", "rule": "b", "pointer": "", "hash": []}'
    entries = ('{"file": "a"}', "1", "[]", of_lists)
    broken = (f'{{"version": 1, "findings": [{entry}]}}' for entry in entries)
    for text in ("", "[]", "\x00", *broken):
        (root.parent / "known.json").write_text(text)
        with pytest.raises(SettingsError, match="is no baseline"):
            lint(root)
    (root.parent / "known.json").write_text('{"version": 2, "findings": []}')
    with pytest.raises(SettingsError, match="unknown version"):
        lint(root)
    with pytest.raises(UsageError, match="--baseline"):
        lint_paths([root], root=root, today=TODAY, renew_baseline=True)


blank = st.sampled_from(["", "\n", "# a comment\n", "\n\n"])


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.permutations(["one", "two", "three"]), blank, st.booleans(), st.integers(1, 6))
def test_moving_and_reformatting_around_a_node_keeps_it_known(tmp_path, order, gap, flow, indent):
    root = tmp_path / "policies"
    write(root, "one", "two", "three")
    lint(root, renew_baseline=True)
    body = "".join(gap + TASK.format(name=name, more="") for name in order)
    if flow:
        body = body.replace("{type: string}", "\n          type:   string")
    body = "\n".join(" " * (indent - 1) + line if line else line for line in body.split("\n"))
    (root / "a.yaml").write_text(f"{gap}version: 1\n{gap}tasks:\n{body.rstrip()}\n")
    report = lint(root)
    assert (rules(report), report.notes) == ([], ())


entries = st.lists(
    st.builds(
        Entry,
        st.sampled_from(["a.yaml", "b, c.yaml", "日本.yaml"]),
        st.just("open-object"),
        st.sampled_from(["", "/a/0", "/a/1", "/b~1c"]),
        st.sampled_from(["00", "11"]),
    ),
    max_size=8,
)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(entries)
def test_what_is_written_is_read_and_matches_itself(tmp_path, some):
    write_baseline(tmp_path / "known.json", some)
    baseline = read_baseline(tmp_path / "known.json")
    assert sorted(some) == list(baseline.entries)
    compared = baseline.compare([None] * len(some), some)
    assert (compared.new, compared.stale) == ((), ())


def test_a_node_that_moved_within_its_list_is_known():
    known, moved = Entry("a", "r", "/a/0/b", "1"), Entry("a", "r", "/a/2/b", "1")
    assert Baseline((known,)).compare(["x"], [moved]).known == ("x",)
    other = Entry("a", "r", "/a/2/c", "1")
    assert Baseline((known,)).compare(["x"], [other]) == (("x",), (), (known,))
