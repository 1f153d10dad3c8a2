"""router docs: a page is written where it is asked for, and the same one each time."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.cli import main
from router.resources import shipped

QUIET = "version: 1\ntasks: {}\n"


@pytest.fixture
def docs(monkeypatch, capsys):
    """Runs the command; its exit code, stdout and stderr."""

    def run(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["router", "docs", *arguments])
        with pytest.raises(SystemExit) as left:
            main()
        said = capsys.readouterr()
        return int(left.value.code or 0), said.out, said.err

    return run


def test_the_page_goes_to_a_file_or_to_standard_output(docs, tmp_path: Path) -> None:
    """Both are the same bytes, and so is a second run of the same day."""
    starter, target = str(shipped("policies")), tmp_path / "handbook.html"
    code, printed, _ = docs("--policies", starter, "--date", "2026-11-28")
    assert code == 0
    for _ in range(2):
        code, out, _ = docs("-p", starter, "--date", "2026-11-28", "--output", str(target))
        assert (code, out) == (0, "")
        assert target.read_bytes() == printed.encode()


def test_title_and_day_are_on_the_page(docs) -> None:
    _, out, _ = docs(
        "-p", str(shipped("policies")), "--title", "Ours & theirs", "--date", "2026-11-20"
    )
    assert "<h1>Ours &amp; theirs</h1>" in out
    assert '<time datetime="2026-11-20">2026-11-20</time>' in out


def test_a_model_that_goes_is_told_by_its_day(docs, tmp_path: Path) -> None:
    """The day given decides what is said of lifecycles."""
    policy = tmp_path / "policy.yaml"
    policy.write_text(
        "version: 1\ntasks:\n  sort:\n    prompt: {user: Sort.}\n"
        "    tiers: [{model: claude-opus-4-5-20251101, max_tokens: 900}]\n"
    )
    _, out, _ = docs("-p", str(tmp_path), "--date", "2026-11-28")
    assert "claude-opus-4-5-20251101 retires on 2027-01-22" in out


def test_warnings_are_told_unless_they_are_suppressed(docs, tmp_path: Path) -> None:
    """The page says what lint says: a comment with a reason silences both."""
    policy = (
        "version: 1\ntasks:\n  sort:\n    input:\n      type: object\n"
        "      required: [mail]\n      properties:\n"
        "        mail: {type: string}COMMENT\n"
        "    prompt: {user: '{{ mail | tag(\"mail\") }}'}\n"
        "    tiers: [{model: claude-haiku-5-5, max_tokens: 3000}]\n"
    )
    file = tmp_path / "policy.yaml"
    file.write_text(policy.replace("COMMENT", ""))
    assert "<code>unbounded-input</code>" in docs("-p", str(tmp_path))[1]
    comment = "  # router: ignore[unbounded-input] the mailer cuts it"
    file.write_text(policy.replace("COMMENT", comment))
    assert "<code>unbounded-input</code>" not in docs("-p", str(tmp_path))[1]


def test_policies_without_a_task_are_nothing_to_write_about(docs, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text(QUIET)
    code, out, err = docs("-p", str(tmp_path))
    assert (code, out) == (2, "")
    assert "there is nothing to write about" in err


def test_broken_policies_are_told_as_lint_tells_them(docs, tmp_path: Path) -> None:
    (tmp_path / "policy.yaml").write_text("version: 1\ntask: {}\n")
    code, out, err = docs("-p", str(tmp_path))
    assert (code, out) == (2, "")
    assert "unknown-key" in err


def test_a_place_that_cannot_be_written_is_said(docs, tmp_path: Path) -> None:
    code, _, err = docs("-p", str(shipped("policies")), "-o", str(tmp_path / "no" / "page.html"))
    assert code == 2
    assert "No such file or directory" in err
