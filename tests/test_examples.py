"""Every example runs as it stands, without a key, and says what its reader is told it says."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"


def run(cwd: Path, *arguments: str | Path) -> str:
    """Standard output of a Python program run without a key in a directory of its own."""
    private = ("ANTHROPIC", "ROUTER")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(private)}
    ran = subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env={**kept, "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=180,  # a real model on a busy machine takes its time
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    return ran.stdout


def test_quickstart_answers_each_of_its_inputs(tmp_path: Path) -> None:
    said = run(tmp_path, EXAMPLES / "quickstart/main.py")
    assert (
        len(re.findall(r"urgent: (?:True|False), by claude-\S+, \d\S* USD \(emulated\)", said)) == 3
    )


def test_support_triage_is_nearly_always_right_and_ends_in_a_report(tmp_path: Path) -> None:
    said = run(tmp_path, EXAMPLES / "support_triage/main.py")
    right, of = map(int, re.findall(r"^(\d+) of (\d+) in the right queue", said)[0])
    assert of == 143
    assert right >= 138
    assert "emulated" in said
    report = run(tmp_path, "-m", "router", "report", "--by", "tag:plan", "--json")
    assert {group["name"] for group in json.loads(report)["groups"]} >= {"free", "enterprise"}


def test_extraction_sends_exceptions_up_and_the_rest_to_a_person(tmp_path: Path) -> None:
    said = run(tmp_path, EXAMPLES / "extraction/main.py")
    tiers = re.findall(r"^d\d\d .* (haiku|sonnet|opus) ", said, re.MULTILINE)
    assert len(tiers) == 20
    assert set(tiers) == {"haiku", "sonnet", "opus"}
    assert "invalid_output" in said
    assert "for a person: d19;" in said


def test_a_conversation_reads_its_document_from_the_cache(tmp_path: Path) -> None:
    said = run(tmp_path, EXAMPLES / "conversation/main.py")
    read = [int(tokens) for tokens in re.findall(r"\[(\d+) tokens read from the cache", said)]
    assert read[0] == 0
    assert all(later > 2000 for later in read[1:])
    assert read[1:] == sorted(read[1:])


def test_the_web_handler_turns_errors_into_statuses(tmp_path: Path) -> None:
    said = run(tmp_path, EXAMPLES / "web_handler/app.py").splitlines()
    assert [line.split(" ", 1)[0] for line in said] == ["200", "422", "422"]


def test_the_web_handler_hides_what_is_not_the_caller_s_fault(tmp_path: Path) -> None:
    """Statuses by whose fault it is; a time to come back where there is one."""
    program = """
import sys; sys.path.insert(0, sys.argv[1])
import app, router
from router import RunDetails
details = RunDetails("run_1", "triage", retry_after=7.2)
for error in (router.InputInvalid("too long"), router.KeyConflict("other"),
              router.Unavailable("the secret reason", details),
              router.DeadlineExceeded("late", details), router.AuthFailed("bad key", details)):
    status, headers, answer = app.failure(error)
    print(int(status), headers.get("retry-after"), answer["error"])
"""
    said = run(tmp_path, "-c", program, EXAMPLES / "web_handler").splitlines()
    assert said == [
        "422 None too long",
        "409 None other",
        "503 7 Service Unavailable",
        "504 7 Gateway Timeout",
        "502 7 Bad Gateway",
    ]


def test_the_tests_of_a_policy_pass(tmp_path: Path) -> None:
    run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", EXAMPLES / "testing")


class LikeLlama(BaseHTTPRequestHandler):
    """Answers as llama.cpp's server was seen to: no schema, no forced tools, its own ids."""

    protocol_version = "HTTP/1.1"
    texts = ("Hello there!", '{"label": "card"}', '{"label": "nonsense"}', '{"label": "order"}')
    numbers = count()

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        probing = body["model"] == "smollm2" and "system" not in body
        number = 0 if probing else 1 + next(self.numbers) % 3
        answer = {
            "id": "chatcmpl-1",
            "type": "message",
            "role": "assistant",
            "content": [{"type": "text", "text": self.texts[number]}],
            "model": body["model"],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": {"cache_read_input_tokens": 600, "input_tokens": 9, "output_tokens": 7},
        }
        sent = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(sent)))
        self.end_headers()
        self.wfile.write(sent)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - http.server's name
        """Quiet."""


@contextmanager
def like_llama() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), LikeLlama)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_weak_endpoint_is_held_to_the_schema_and_what_it_ignores_is_said(tmp_path: Path) -> None:
    with like_llama() as url:
        said = run(tmp_path, EXAMPLES / "local_model/demo.py", "--base-url", url, "--messages", "6")
    assert "structured output" in said
    assert "forced tool choice" in said
    assert "left small: invalid_output" in said
    assert "6 of 6 answers hold against the schema" in said


def test_the_local_model_answers(tmp_path: Path) -> None:
    """The whole of `make demo-local`, where its packages are installed."""
    pytest.importorskip("xllamacpp", reason="the extra `local` is not installed")
    said = run(tmp_path, EXAMPLES / "local_model/demo.py", "--messages", "2")
    assert "of 2 answers hold against the schema" in said


def test_the_readme_names_every_example(tmp_path: Path) -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    folders = {path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name[0] != "_"}
    assert {name for name in folders if f"`{name}`" in readme} == folders
