"""`router test` as a command: what it prints, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from lxml import etree

from .conftest import SURE

JUNIT = etree.XMLSchema(etree.parse(Path(__file__).parents[1] / "data" / "junit-10.xsd"))
HEAD = "version: 1\ntask: sort\ndefaults: {inputs: {message: Hi}}\ncases:\n"
GOOD = f"- {{name: a, replies: {{haiku: {SURE}}}, expect: {{path: [haiku]}}}}\n"
BAD = f"- {{name: b, replies: {{haiku: {SURE}}}, expect: {{path: [opus]}}}}\n"


@pytest.fixture
def router(root: Path):
    def call(cases: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        (root / "policies" / "sort.test.yaml").write_text(HEAD + cases)
        return subprocess.run(
            [sys.executable, "-m", "router", "test", *arguments],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )

    return call


def test_success_is_a_line_and_verbose_names_the_cases(router):
    ran = router(GOOD)
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "1 passed in 1 file\n", "")
    assert "ok   policies/sort.test.yaml::a\n" in router(GOOD, "-v").stdout


def test_a_failure_says_what_was_expected_where_and_what_the_run_did(router):
    ran = router(GOOD + BAD)
    assert ran.returncode == 1
    assert ran.stdout == (
        "FAIL policies/sort.test.yaml::b\n"
        "  policies/sort.test.yaml:6:81: path\n"
        '      expected  ["opus"]\n'
        '      actual    ["haiku"]\n'
        "    the run\n"
        "      1  haiku  end_turn, confidence 0.9\n"
        "      answer of haiku, accepted\n"
        "\n"
        "1 failed, 1 passed in 1 file\n"
    )


def test_nothing_that_was_run_is_exit_2_with_the_reason(router):
    ran = router(GOOD, "-k", "nothing")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "error: no case with 'nothing' in 1 file\n"
    ran = router(GOOD.replace("expect", "expct"))
    assert ran.returncode == 2
    assert "error[unknown-key] unknown key `expct`" in ran.stderr
    assert "= help: did you mean `expect`?" in ran.stderr


def test_json_and_junit_hold_every_case(router):
    told = json.loads(router(GOOD + BAD, "--format", "json", "--coverage").stdout)
    assert [one["status"] for one in told["cases"]] == ["passed", "failed"]
    assert told["cases"][1]["failures"][0]["what"] == "path"
    assert told["coverage"]["total"] == 30
    cases = GOOD + BAD + '- {name: "a \\e c", skip: later}\n'
    for arguments in ((), ("--min-coverage", "100"), ("-k", "nothing")):
        printed = router(cases, "--format", "junit", *arguments).stdout
        JUNIT.assertValid(etree.fromstring(printed.encode()))
    root = etree.fromstring(router(cases, "--format", "junit").stdout.encode())
    assert (root.get("tests"), root.get("failures")) == ("3", "1")


def test_the_project_may_ask_for_coverage_of_a_whole_run(router, root):
    (root / "router.toml").write_text("[test]\nmin-coverage = 100\n")
    ran = router(GOOD)
    assert ran.returncode == 1
    assert "of 30 decisions are covered" in ran.stderr
    assert router(GOOD, "-k", "a").returncode == 0
    assert router(GOOD, "policies").returncode == 1
    assert router(GOOD, "--min-coverage", "1").returncode == 0
    (root / "router.toml").write_text("[test]\nmin-cover = 100\n")
    ran = router(GOOD, "-k", "a")
    assert ran.returncode == 2
    assert "router.toml:2:1: unknown key `min-cover`" in ran.stderr


def test_neither_the_sdk_nor_a_database_is_loaded():
    code = (
        "import sys; sys.argv = ['router', 'test', 'policies']\n"
        "import contextlib, io\n"
        "from router.cli import main\n"
        "with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "    main()\n"
        "print(*sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    loaded = {name.split(".")[0] for name in ran.stdout.split()}
    assert not loaded & {"anthropic", "httpx2", "aiohttp", "sqlite3"}


def test_a_case_is_run_by_the_name_that_its_failure_is_headed_with(router):
    """As pytest takes it; a name that is none is not passed over."""
    ran = router(GOOD + BAD, "policies/sort.test.yaml::a", "-v")
    assert (ran.returncode, ran.stdout.splitlines()[-1]) == (0, "1 passed in 1 file")
    ran = router(GOOD + BAD, "policies/sort.test.yaml::a", "policies/sort.test.yaml::c")
    assert ran.returncode == 2
    assert "no case called policies/sort.test.yaml::c in 1 file" in ran.stderr
