"""Runs command lines of `router`, each in a process of its own, without importing it each time.

Reads a JSON list of [arguments, standard input or null] on stdin, and writes a JSON list of
[exit code, stdout, stderr, peak RSS in MB, CPU seconds, killed].
"""

from __future__ import annotations

import contextlib
import gc
import io
import json
import os
import resource
import sys
import time
import traceback
from pathlib import Path

# What the commands need is loaded once.
import router.cli.mapping
import router.diffing.compare
import router.emulator.transport
import router.handbook.page
import router.lint.reporters
import router.lint.runner
import router.router
import router.testing.runner  # noqa: F401
from router.cli import main
from router.cli.app import app
from router.lint.runner import lint_paths
from router.resources import shipped

WALL = 60.0  # seconds: only what hangs takes so long, however busy the machine


def child(arguments: list[str], given: int, out: int, err: int) -> None:
    resource.setrlimit(resource.RLIMIT_AS, (2 << 30, 2 << 30))
    for target, source in enumerate((given, out, err)):
        os.dup2(source, target)
    sys.argv = ["router", *arguments]
    code: object = 0
    try:
        main()
    except SystemExit as leaving:
        code = leaving.code or 0
    except BaseException:  # noqa: BLE001 - what Python would do at the top
        traceback.print_exc()
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 1)


def run(arguments: list[str], given: str | None, folder: Path) -> list[object]:
    names = [folder / name for name in ("in", "out", "err")]
    names[0].write_text(given or "", "utf-8", "surrogateescape")
    files = [os.open(names[0], os.O_RDONLY)]
    files += [os.open(name, os.O_RDWR | os.O_CREAT | os.O_TRUNC) for name in names[1:]]
    pid = os.fork()
    if not pid:
        child(arguments, *files)
    for file in files:
        os.close(file)
    deadline = time.monotonic() + WALL
    killed = False
    while True:
        ended, status, usage = os.wait4(pid, os.WNOHANG)
        if ended:
            break
        if time.monotonic() > deadline and not killed:
            os.kill(pid, 9)
            killed = True
        time.sleep(0.005)
    said = [name.read_text("utf-8", "surrogateescape") for name in names[1:]]
    cpu = usage.ru_utime + usage.ru_stime
    return [os.waitstatus_to_exitcode(status), *said, usage.ru_maxrss / 1024, cpu, killed]


if __name__ == "__main__":
    scratch = Path(sys.argv[1])
    # Twice through the policies loads the rest: the framework, rules, catalog, Jinja, validator.
    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):
        lint_paths([shipped("policies")])
        app(["tasks", "-p", str(shipped("policies"))])
    gc.freeze()
    json.dump([run(*job, scratch) for job in json.load(sys.stdin)], sys.stdout)
