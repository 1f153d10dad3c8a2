"""`router diff` from the shell: exit codes, forms, and a ledger of real rows."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

POLICY = """\
version: 1
tasks:
  say:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 2000}}
    prompt: {user: "{{ message | tag('message') }}"}
    tiers: [{model: claude-haiku-5-5, max_tokens: 1024}]
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name in ("policies", "before"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "say.yaml").write_text(POLICY)
    return tmp_path


def router(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    names = ("ROUTER_", "ANTHROPIC_", "_ROUTER", "GIT_")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return subprocess.run(
        [sys.executable, "-m", "router", *arguments],
        cwd=cwd,
        env={**kept, "ROUTER_OFFLINE": "1", "GIT_CEILING_DIRECTORIES": str(cwd.parent)},
        capture_output=True,
        text=True,
        timeout=60,
    )


def change(place: Path, old: str, new: str) -> None:
    path = place / "policies" / "say.yaml"
    path.write_text(path.read_text().replace(old, new))


def test_the_exit_code_says_whether_anything_behaves_differently(place: Path) -> None:
    """0 nothing, 1 something, 2 a side that cannot be used or found."""
    assert router("diff", "before", "policies", cwd=place).returncode == 0
    change(place, "version: 1\n", "version: 1 # one\n")
    assert router("diff", "before", "policies", cwd=place).returncode == 0
    change(place, "1024", "1025")
    done = router("diff", "before", "policies", cwd=place)
    assert (done.returncode, done.stderr) == (1, "")
    assert "max_tokens 1024 → 1025" in done.stdout
    change(place, "max_tokens", "max_token")
    done = router("diff", "before", "policies", cwd=place)
    assert done.returncode == 2
    assert "policies/say.yaml:10:" in done.stdout
    assert "did you mean `max_tokens`?" in done.stdout
    done = router("diff", "nowhere", "policies", cwd=place)
    assert done.returncode == 2
    assert "`nowhere` is no directory, and as a git ref it cannot be looked up" in done.stderr


def test_a_ledger_of_real_rows_gives_a_month(place: Path) -> None:
    """Rows that the router wrote itself, marked as emulated."""
    for number in range(3):
        assert router("run", "say", "-i", f"message=hello {number}", cwd=place).returncode == 0
    change(place, "claude-haiku-5-5", "claude-sonnet-5-5")
    ledger = ("--ledger", "router.ledger.db", "--since", "7d")
    done = router("diff", "before", "policies", *ledger, "--format", "json", cwd=place)
    assert done.returncode == 1, done.stderr
    traffic = json.loads(done.stdout)["tasks"][0]["traffic"]
    assert (traffic["runs"], traffic["attempts"], traffic["emulated"]) == (3, 3, 3)
    assert float(traffic["after"]) > float(traffic["before"]) > 0
    done = router("diff", "before", "policies", "--ledger", "none.db", cwd=place)
    assert done.returncode == 2
    assert "no such file" in done.stderr
