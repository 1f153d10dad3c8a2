"""`router demo` shows the main job and checks itself; here it is held to what it promises."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli.demo_stage import Page, Stage
from router.errors import SettingsError


def test_it_shows_the_main_job_and_every_claim_holds(tmp_path: Path) -> None:
    """Under a minute, without a key; nothing is left behind; nothing but the story is printed."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ANTHROPIC")}
    ran = subprocess.run(
        [sys.executable, "-m", "router", "demo"],
        cwd=tmp_path,
        env={**kept, "TMPDIR": str(tmp_path), "ROUTER_POLICIES": "/nowhere"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stderr == ""
    assert list(tmp_path.iterdir()) == []
    said = ran.stdout
    assert "EMULATED" in said
    assert "ANTHROPIC_API_KEY" in said
    assert "overloaded" in said
    assert re.search(r"triage\.yaml:\d+:\d+: error\[unknown-key\]", said)
    assert "143 answered, 0 failed" in said
    assert "DOES NOT HOLD" not in said
    assert max(map(len, said.splitlines()[:5])) <= 100


def test_a_claim_that_does_not_hold_is_said_and_remembered(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = Page()
    page.claim("two and two are four", 2 + 2 == 4)
    page.claim("two and two are five", 2 + 2 == 5)
    assert (page.held, page.broken) == (1, ["two and two are five"])
    assert "DOES NOT HOLD: two and two are five" in capsys.readouterr().out


def test_an_edit_that_no_longer_fits_the_example_is_noticed(tmp_path: Path) -> None:
    stage = Stage.build(tmp_path)
    with pytest.raises(SettingsError, match="no single"):
        stage.edit("there is no such line", "")
