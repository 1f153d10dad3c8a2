"""Does what a page of the docs says, and puts what was really printed where it shows output.

In one directory, in order, with what earlier blocks left behind:

- A block whose first line is a comment with a path (`# policies/x.yaml`, `{# prompts/x.md.j2 #}`)
  is written to that file. So is one that is named behind its language (```jsonl x.jsonl), as
  JSON has no comments.
- Other `python` blocks are run; lines that begin with `#> ` show what was printed.
- In `console` blocks, `$ router …` is run in this process, `$ export …` and `$ echo $?` do what
  they do, a few plain commands are left to the shell, and installers are left alone. A command
  that fails must be followed by `$ echo $?`. A line `…` stands for any number of lines.
"""

from __future__ import annotations

import ast
import contextlib
import io
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest import mock

__all__ = ["PageError", "follow", "normal", "plain_environment"]

_FENCE = re.compile(r"^```(\w*)(?: ([\w./-]+\.\w+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAMED = re.compile(r"\A(?:# |\{# )([\w./-]+\.\w+)(?: #\})?\n")
_SHOWN = "#> "
_ELSEWHERE = frozenset({"pip", "uv", "git", "make", "pipx"})
_SHELL = frozenset({"cat", "cp", "ls", "mkdir", "mv", "rm", "sed"})

_VARYING = [
    (re.compile(r"\brun_[0-9a-f]{12,}\b"), "run_…"),
    (re.compile(r"\breq_\w+\b"), "req_…"),
    (re.compile(r"\b\d+ ms\b"), "… ms"),
    (re.compile(r"\bin \d+\.\d+s\b"), "in …s"),
    (re.compile(r"(\d\.\d+(?: at most)?) +\d+$"), r"\1 …"),  # the last column of --explain, ms
    (re.compile(r"(?: \d+\.\d\d){3} "), " … … … "),  # p50, p95, p99 of a report
    (re.compile(r"-{10,}"), "---"),
]


class PageError(AssertionError):
    """A page that cannot be followed; the message says where and why."""


def normal(line: str) -> str:
    """A line without what differs from run to run: ids, times, and the blanks that align them."""
    line = re.sub(r" +", " ", line.rstrip())
    for pattern, instead in _VARYING:
        line = pattern.sub(instead, line)
    return line


def follow(text: str, name: str = "page") -> str:
    """The page as it would be if its outputs were copied now. Works in the current directory.

    Raises:
        PageError: a block fails.
    """
    with plain_environment():
        follower = _Follower(name)
        try:
            return _FENCE.sub(lambda match: follower.block(match, text), text)
        finally:
            follower.close()


@contextlib.contextmanager
def plain_environment() -> Iterator[None]:
    """No deployment's settings, and none left behind; help as wide as in a plain terminal.

    However old the catalog has become: pages show what policies are told, not its age.
    """
    from router.rules.checks import stale_catalog

    before = dict(os.environ)
    for variable in before:
        if variable.startswith(("ROUTER_", "ANTHROPIC_", "AWS_", "GOOGLE_")):
            del os.environ[variable]
    os.environ.update(COLUMNS="80", NO_COLOR="1")
    try:
        with mock.patch.object(stale_catalog, "_DAYS", 36_500):
            yield
    finally:
        os.environ.clear()
        os.environ.update(before)


@dataclass(slots=True)
class _Follower:
    page: str
    names: dict[str, Any] = field(default_factory=lambda: {"__name__": "__docs__"})
    code: int = 0

    def block(self, match: re.Match[str], text: str) -> str:
        language, file, body = match[1], match[2], match[3]
        where = f"{self.page}:{text.count(chr(10), 0, match.start()) + 1}"
        named = _NAMED.match(body)
        if file:
            Path(file).write_text(body, "utf-8")
        elif named:
            path = Path(named[1])
            path.parent.mkdir(parents=True, exist_ok=True)
            # A comment is part of YAML and Python; in a prompt it would be a blank line.
            path.write_text(body if body.startswith("# ") else body[named.end() :], "utf-8")
        elif language == "python":
            body = self._python(body, where)
        elif language == "console":
            body = self._console(body, where)
        return f"```{language}{f' {file}' if file else ''}\n{body}```"

    def close(self) -> None:
        if "router.default" in sys.modules:
            sys.modules["router.default"].close()

    # --- python -----------------------------------------------------------------------

    def _python(self, body: str, where: str) -> str:
        lines = [line for line in body.splitlines() if not line.startswith(_SHOWN.rstrip())]
        result: list[str] = []
        done = 0
        tree = ast.parse("\n".join(lines) + "\n")
        for statement in tree.body:
            end = statement.end_lineno or statement.lineno
            result += lines[done:end]
            done = end
            code = compile(ast.Module([statement], []), where, "exec")
            printed = io.StringIO()
            try:
                with contextlib.redirect_stdout(printed):
                    exec(code, self.names)  # noqa: S102 - our own docs
            except Exception as error:
                raise PageError(f"{where}: {type(error).__name__}: {error}") from error
            result += [(_SHOWN + line).rstrip() for line in printed.getvalue().splitlines()]
        result += lines[done:]
        return "".join(line + "\n" for line in result)

    # --- console ----------------------------------------------------------------------

    def _console(self, body: str, where: str) -> str:
        commands: list[tuple[list[str], list[str]]] = []
        for line in body.splitlines():
            if line.startswith("$ "):
                commands.append(([line], []))
            elif commands and not commands[-1][1] and commands[-1][0][-1].endswith("\\"):
                commands[-1][0].append(line)
            elif commands:
                commands[-1][1].append(line)
            else:
                raise PageError(f"{where}: output before the first command")
        result: list[str] = []
        for number, (typed, shown) in enumerate(commands):
            following = commands[number + 1][0][0] if number + 1 < len(commands) else ""
            printed = self._command(" ".join(part.rstrip("\\ ") for part in typed)[2:], where)
            if printed is None:
                printed = shown
            elif self.code and following != "$ echo $?":
                raise PageError(
                    f"{where}: {typed[0]} ended with {self.code}:\n" + "\n".join(printed)
                )
            result += typed
            result += shown if _matches(shown, printed) else printed
        return "".join(line.rstrip() + "\n" for line in result)

    def _command(self, command: str, where: str) -> list[str] | None:
        """What a command prints, None where it is not for us to run."""
        words = shlex.split(command, comments=True)
        program = words[0]
        if program in _ELSEWHERE:
            self.code = 0
            return None
        if program == "export":
            for word in words[1:]:
                name, _, value = word.partition("=")
                os.environ[name] = value
            return []
        if words == ["echo", "$?"]:
            code, self.code = self.code, 0
            return [str(code)]
        if program == "router":
            return self._router(words)
        if program in _SHELL or program == "python":
            if program == "python":
                words[0] = sys.executable
            done = subprocess.run(  # noqa: S603 - our own docs
                words, capture_output=True, text=True, check=False
            )
            self.code = done.returncode
            return (done.stdout + done.stderr).splitlines()
        raise PageError(f"{where}: {program} is not a command that pages may use")

    def _router(self, words: list[str]) -> list[str]:
        from router.cli import main

        printed = io.StringIO()
        before, sys.argv = sys.argv, words
        self.code = 0
        try:
            with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
                main()
        except SystemExit as end:
            self.code = end.code if isinstance(end.code, int) else int(end.code is not None)
        finally:
            sys.argv = before
        return printed.getvalue().splitlines()


def _matches(shown: list[str], printed: list[str]) -> bool:
    """Whether what a page shows is what was printed; `…` stands for any lines, trailing blanks
    for nothing."""
    pattern = "".join(
        r"(?:.*\n)*" if line.strip() == "…" else re.escape(normal(line)) + r"\n" for line in shown
    )
    text = "".join(normal(line) + "\n" for line in printed)
    return re.fullmatch(pattern + r"\n*", text) is not None
