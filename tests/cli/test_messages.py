"""What the command line says where something is wrong, and that it says so plainly."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from router.cli import show
from router.cli.failures import colored, say
from router.cli.given import read_inputs, read_pairs
from router.errors import UsageError

POLICY = """\
version: 1
tasks:
  say:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string}
        about: {type: object, additionalProperties: false, properties: {colour: {type: string}}}
    prompt:
      user: "{{ message | tag('message') }}"
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 100, thinking: disabled}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "policies").mkdir()
    (tmp_path / "policies/say.yaml").write_text(POLICY)
    return tmp_path


def router(
    *arguments: str, cwd: Path, stdout: int = subprocess.PIPE, **env: str
) -> subprocess.CompletedProcess[str]:
    names = ("ROUTER_", "ANTHROPIC_", "_ROUTER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(names)}
    return subprocess.run(
        [sys.executable, "-m", "router", *arguments],
        cwd=cwd,
        env={**kept, "ROUTER_OFFLINE": "1", **env},
        stdout=stdout,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("given", ["policies", "policies/say.yaml"])
@pytest.mark.parametrize(
    "command", ["run say -i message=hi", "plan say -i message=hi", "tasks", "docs", "show nobody"]
)
def test_refused_policies_are_named_as_they_are_reached_from_here(
    place: Path, command: str, given: str
) -> None:
    """By every command as by lint, so that the place can be opened from where one stands."""
    broken = POLICY.replace("version: 1", "versoin: 1").replace("max_tokens", "max_tokns")
    (place / "policies/say.yaml").write_text(broken)
    said = router(*command.split(), "--policies", given, cwd=place)
    linted = router("lint", given, cwd=place)
    assert (said.returncode, linted.returncode) == (2, 1)
    assert said.stderr.splitlines()[0] == linted.stdout.splitlines()[0]
    assert said.stderr.startswith("policies/say.yaml:")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="the system has no full device")
@pytest.mark.parametrize(
    "command",
    ["models", "tasks", "lint", "rule unknown-key", "run say -i message=x", "--help", "--version"],
)
def test_a_full_disk_behind_the_output_is_no_bug_of_ours(place: Path, command: str) -> None:
    with Path("/dev/full").open("w") as full:
        done = router(*command.split(), cwd=place, stdout=full.fileno())
    assert done.returncode == 2, done.stderr
    assert "error: cannot write the output: No space left on device" in done.stderr
    assert "bug" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("command", ["tasks", "run say -i message=x", "plan say -i message=x"])
def test_a_path_that_cannot_be_looked_at_is_a_setting(place: Path, command: str) -> None:
    """The system refuses to say whether it is there, as in a directory that is not ours to read."""
    done = router(*command.split(), "-p", "x" * 300, cwd=place)
    assert done.returncode == 2
    assert done.stderr.startswith("error: cannot read policies at xxx")


def test_a_kept_answer_is_explained_as_one(place: Path) -> None:
    command = ("run", "say", "-i", "message=x", "--key", "k", "--explain")
    said = "replayed: answer kept under this key, nothing paid now"
    assert said not in router(*command, cwd=place).stderr
    assert said in router(*command, cwd=place).stderr


def test_an_emulated_answer_is_said_to_be_none_of_a_model(place: Path) -> None:
    command = ("run", "say", "-i", "message=x")
    assert router(*command, cwd=place).stderr == "emulated reply: not a model's\n"
    assert router(*command, "--format", "json", cwd=place).stderr == ""


@pytest.mark.parametrize(
    ("inputs", "said"),
    [
        ("mesage=x", "mesage: unknown input; did you mean `message`?"),
        ('about:={"color": "red"}', "about.color: unknown input; did you mean `colour`?"),
    ],
)
def test_an_unknown_input_is_named_with_the_one_that_was_meant(
    place: Path, inputs: str, said: str
) -> None:
    done = router("run", "say", "-i", inputs, cwd=place)
    assert done.returncode == 2
    assert said in done.stderr


def test_a_prompt_that_is_too_long_names_the_task_the_input_and_the_remedy(place: Path) -> None:
    (place / "long.txt").write_text("x" * 4_200_000)
    done = router("run", "say", "-i", "message=@long.txt", cwd=place)
    assert done.returncode == 2
    for part in ("task `say`", "`message` has 4,200,000", "maxLength"):
        assert part in done.stderr


def test_a_report_on_a_directory_says_what_is_wanted(place: Path) -> None:
    done = router("report", "--ledger", ".", cwd=place)
    assert (done.returncode, done.stderr) == (
        2,
        "error: . is a directory: --ledger takes the ledger's file in it\n",
    )


def test_a_check_of_models_without_a_key_does_not_send_to_the_emulator(place: Path) -> None:
    done = router("models", "--check", cwd=place)
    assert done.returncode == 2
    assert "no API key: set ANTHROPIC_API_KEY" in done.stderr
    assert "ROUTER_OFFLINE" not in done.stderr


def test_the_shell_completes_names_of_tasks(place: Path) -> None:
    asked = {"_ROUTER_COMPLETE": "complete_bash", "COMP_WORDS": "router run s", "COMP_CWORD": "2"}
    script = "import sys; sys.argv[0] = 'router'; from router.cli import main; main()"
    for words, found in (("router run s", "say"), ("router run x", "")):
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=place,
            env={**os.environ, **asked, "COMP_WORDS": words},
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert (done.stdout.strip(), done.stderr) == (found, "")


def test_a_name_is_given_once(tmp_path: Path) -> None:
    twice = tmp_path / "twice.json"
    twice.write_text(json.dumps({"a": 1})[:-1] + ', "a": 2}')
    for call in (
        lambda: read_inputs(["a=1", "a=2"], None),
        lambda: read_inputs(["a=1", "a:=2"], None),
        lambda: read_pairs(["a=1", "a=2"], "--tag"),
    ):
        with pytest.raises(UsageError, match=r"a=… is given twice"):
            call()
    for pairs, file in ((['a:={"b": 1, "b": 1}'], None), ([], str(twice))):
        with pytest.raises(UsageError, match="stands twice in one object"):
            read_inputs(pairs, file)


def test_a_pair_is_asked_for_under_its_option_s_name() -> None:
    with pytest.raises(UsageError, match=r"--map takes input=field, not 'foo'"):
        read_pairs(["foo"], "--map", "input=field")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("env", "wanted"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colours_are_for_terminals_that_want_them(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], wanted: bool
) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    assert colored(Terminal()) is wanted
    assert not colored(io.StringIO())


def test_what_is_printed_cannot_move_the_cursor_of_a_terminal(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An answer is exact in a pipe and harmless on a terminal; tables and messages always are."""
    for stream, printed in ((io.StringIO(), "a\x1b[2Jb\n"), (Terminal(), "a\\x1b[2Jb\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        show.out("a\x1b[2Jb")
        assert stream.getvalue() == printed
    said = io.StringIO()
    say("a\x1b[2Jb\u202e\tc\nd", said)
    assert said.getvalue() == "a\\x1b[2Jb\\u202e\tc\nd\n"
    rows = show.table([("a\x1b[2Jb\nc",)], ("head",), frozenset())
    assert rows == "head\na\\x1b[2Jb c"


def test_an_interrupt_while_modules_are_read_is_no_traceback(place):
    program = """
import sys
class Interrupt:
    def find_spec(self, name, path=None, target=None):
        if name == "router.cli.app":
            raise KeyboardInterrupt
sys.meta_path.insert(0, Interrupt())
sys.argv = ["router", "test"]
from router.cli import main
main()
"""
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=place, capture_output=True, text=True, timeout=60
    )
    assert (done.returncode, done.stdout, done.stderr) == (130, "", "\ninterrupted\n")
