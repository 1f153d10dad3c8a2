"""docs/ci.md: its snippets are what the services take, and their shell does what is said."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent.parent
PAGE = (ROOT / "docs" / "ci.md").read_text("utf-8")
GITHUB, GITLAB, PRE_COMMIT, ELSEWHERE = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
(SHELL,) = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))


@pytest.mark.parametrize(
    ("schema", "snippet"), [("github-workflows", GITHUB), ("gitlab-ci", GITLAB)]
)
def test_the_services_take_their_snippets(
    schema: str, snippet: str, repository: Any, tmp_path: Path
) -> None:
    path = tmp_path / "snippet.yml"
    path.write_text(snippet, "utf-8")
    ran = repository.run("check-jsonschema", "--builtin-schema", f"vendor.{schema}", str(path))
    assert ran.returncode == 0, ran.stdout


def test_the_workflow_uses_the_action_as_it_is() -> None:
    steps = yaml.safe_load(GITHUB)["jobs"]["policies"]["steps"]
    (ours,) = [step for step in steps if "policy-router" in step["uses"]]
    assert ours["with"].keys() <= ACTION["inputs"].keys()
    assert ours["with"]["sarif"] == steps[-1]["with"]["sarif_file"]


def test_every_input_of_the_action_is_in_the_table() -> None:
    for name, given in ACTION["inputs"].items():
        (row,) = re.findall(rf"^\| `{name}` \| (.*?) \|", PAGE, re.MULTILINE)
        assert row == f"`{given['default']}`" or not given["default"]


def test_the_hooks_that_are_named_are_there() -> None:
    hooks = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
    known = {hook["id"] for hook in hooks}
    assert {hook["id"] for hook in yaml.safe_load(PRE_COMMIT)["repos"][0]["hooks"]} == known
    (elsewhere,) = yaml.safe_load(ELSEWHERE)
    assert elsewhere["id"] in known
    assert re.search(elsewhere["files"], f"{elsewhere['args'][0]}/classify.yaml")


def script(job: str) -> str:
    """A job's lines as its shell gets them; what they install is there already."""
    install, *lines = yaml.safe_load(GITLAB)[job]["script"]
    assert re.fullmatch(r'pip install --quiet "policy-router @ git\+https://[^"]*@REF"', install)
    return "\n".join(lines)


def test_the_gitlab_job_passes_and_reports(repository: Any) -> None:
    ran = repository.bash(script("policies"))
    assert ran.returncode == 0, ran.stderr
    reports = yaml.safe_load(GITLAB)["policies"]["artifacts"]["reports"]
    for name in reports.values():
        assert (repository.folder / name).stat().st_size > 0


def test_the_gitlab_job_fails_for_a_mistake_and_reports_it(repository: Any) -> None:
    repository.edit("policies/classify.yaml", "max_tokens", "max_tokns")
    ran = repository.bash(script("policies"))
    assert ran.returncode == 1
    assert "error[unknown-key]" in ran.stdout
    assert "unknown-key" in (repository.folder / "code-quality.json").read_text("utf-8")


def test_the_gitlab_job_fails_for_a_broken_promise(repository: Any) -> None:
    repository.edit("policies/classify.test.yaml", "path: [haiku]", "path: [haiku, sonnet]")
    assert repository.bash(script("policies")).returncode == 1
    assert "<failure" in (repository.folder / "tests.xml").read_text("utf-8")


def test_the_gitlab_job_says_what_changes_and_fails_only_where_it_cannot(repository: Any) -> None:
    base = repository.git("rev-parse", "HEAD")
    repository.edit("policies/classify.yaml", "max_tokens: 512", "max_tokens: 640")
    ran = repository.bash(script("what-changes"), CI_MERGE_REQUEST_DIFF_BASE_SHA=base)
    assert ran.returncode == 0, ran.stderr
    assert "640" in ran.stdout
    ran = repository.bash(script("what-changes"), CI_MERGE_REQUEST_DIFF_BASE_SHA="no-such-commit")
    assert ran.returncode != 0


def test_the_plain_shell_passes_says_what_changes_and_fails(repository: Any) -> None:
    repository.git("checkout", "--quiet", "-b", "mine")
    ran = repository.run("sh", "-c", SHELL)
    assert ran.returncode == 0, ran.stderr
    repository.edit("policies/classify.yaml", "max_tokens: 512", "max_tokens: 640")
    repository.commit()
    ran = repository.run("sh", "-c", SHELL)
    assert ran.returncode == 0, ran.stderr
    assert "640" in ran.stdout
    repository.edit("policies/classify.yaml", "max_tokens", "max_tokns")
    assert repository.run("sh", "-c", SHELL).returncode == 1
