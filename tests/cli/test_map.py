"""`router map`: many rows, none lost, none paid twice, each error its own."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import subprocess
import sys
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from router.cli.map_output import MapOutput
from router.cli.map_source import RowSource, in_a_file
from router.cli.mapping import Mapping, Summary, map_rows
from router.errors import UsageError
from router.router import Router
from router.settings import Settings
from router.testing import Emulator, MessageRequest, Script, fault, reply, serve

POLICY = """\
version: 1
tasks:
  label:
    input:
      type: object
      required: [text]
      additionalProperties: false
      properties:
        text: {type: string, minLength: 1, maxLength: 50}
        urgent: {type: boolean, default: false}
    output:
      type: object
      required: [label]
      additionalProperties: false
      properties:
        label: {type: string}
    prompt:
      user: "{{ text | tag('text') }}{% if urgent %}!{% endif %}"
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 100, thinking: disabled, timeout: 10s}
    retry: {retries: 0}
"""


class Setting:
    """A policy, an emulator that counts what is paid for which text, and places for files."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.policy = root / "policy.yaml"
        self.policy.write_text(POLICY)
        self.source = root / "rows.jsonl"
        self.out = root / "out.jsonl"
        self.ledger = root / "ledger.db"
        self.paid: Counter[str] = Counter()
        self.trouble: dict[str, Any] = {}
        self.latency = 0.0
        self.emulator = Emulator(Script())
        self.emulator.script.on().reply(self.answer)

    def answer(self, request: MessageRequest) -> Any:
        text = request.text.removeprefix("<text>").partition("</text>")[0].strip()
        self.paid[text] += 1
        if text in self.trouble:
            return self.trouble[text]
        return reply({"label": text.upper()}, latency=self.latency)

    def write(self, *records: Any) -> None:
        self.source.write_text("".join(json.dumps(record) + "\n" for record in records))

    def map(self, **options: Any) -> Summary:
        job = Mapping(
            **{"task": "label", "source": self.source, "out": self.out, "id_field": "id", **options}
        )
        self.stderr = io.StringIO()
        return asyncio.run(map_rows(job, self.router, self.stderr))

    def router(self) -> Router:
        settings = Settings.from_environment({})
        return Router(self.policy, ledger=self.ledger, emulator=self.emulator, settings=settings)

    def results(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.out.read_text().splitlines()]


@pytest.fixture
def setting(tmp_path: Path) -> Setting:
    return Setting(tmp_path)


def test_every_row_gets_a_line_with_its_id_answer_and_account(setting: Setting) -> None:
    setting.write(*({"id": f"r{n}", "text": f"text {n}"} for n in range(30)))
    summary = setting.map(concurrency=5)
    lines = setting.results()
    assert {line["id"]: line["output"]["label"] for line in lines} == {
        f"r{n}": f"TEXT {n}" for n in range(30)
    }
    assert sum(Decimal(line["cost"]) for line in lines) == summary.cost > 0
    assert all(line["emulated"] and line["attempts"] == 1 for line in lines)
    assert not setting.out.with_name("out.jsonl.job").exists()
    assert "30 rows: 30 answered, 0 failed" in summary.text()


def test_a_second_start_pays_for_nothing_that_is_answered(setting: Setting) -> None:
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(10)))
    setting.map(limit=6)
    before = setting.out.read_bytes()
    summary = setting.map()
    assert (summary.skipped, summary.answered) == (6, 4)
    assert setting.out.read_bytes().startswith(before)
    assert set(setting.paid.values()) == {1}


def test_a_row_that_was_paid_for_but_not_written_is_not_paid_for_again(setting: Setting) -> None:
    """As after kill -9 between the answer and its line, half of which is in the file."""
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(10)), {"id": 10, "text": ""})
    setting.map()  # the last row is invalid, so that the job is not over
    lines = setting.out.read_bytes().splitlines(keepends=True)
    setting.out.write_bytes(b"".join(lines[:4]) + lines[4][:25])
    summary = setting.map()
    assert summary.replayed == 10 - summary.skipped > 4
    assert set(setting.paid.values()) == {1}
    assert summary.cost == 0
    assert sorted(line["id"] for line in setting.results() if "output" in line) == list(range(10))


def test_a_job_begun_anew_does_not_meet_answers_of_an_older_one(setting: Setting) -> None:
    setting.write({"id": 1, "text": "once"})
    setting.map()
    setting.out.unlink()
    assert setting.map().answered == 1
    assert setting.paid["once"] == 2


def test_a_row_s_error_is_its_own_and_is_tried_again_by_the_next_start(setting: Setting) -> None:
    setting.write(
        {"id": "good", "text": "fine"},
        {"id": "bad", "text": "refused"},
        {"id": "long", "text": "x" * 51},
    )
    setting.trouble["refused"] = fault("invalid_request", message="no such luck")
    summary = setting.map()
    by_id = {line["id"]: line for line in setting.results()}
    assert (summary.answered, summary.failed) == (1, 2)
    assert by_id["bad"]["error"]["type"] == "RequestRefused"
    assert "no such luck" in by_id["bad"]["error"]["message"]
    assert by_id["long"]["error"]["type"] == "InputInvalid"
    del setting.trouble["refused"]
    again = setting.map()
    assert (again.skipped, again.answered, again.failed) == (1, 1, 1)
    assert Counter(line["id"] for line in setting.results()) == {"good": 1, "bad": 1, "long": 1}


def test_lines_that_cannot_be_read_are_errors_with_their_place(setting: Setting) -> None:
    setting.source.write_bytes(
        b'\xef\xbb\xbf{"id": 1, "text": "one"}\n\n{"id": 2, "text": \n[3]\n'
        b'{"id": 4, "text": "\xff"}\n{"text": "nameless"}\n{"id": 6, "text": "six"}'
    )
    summary = setting.map()
    errors = {line["id"]: line["error"]["message"] for line in setting.results() if "error" in line}
    assert summary.answered == 2
    assert errors.keys() == {"line 3", "line 4", "line 5", "line 6"}
    assert all(message.startswith(name) for name, message in errors.items())


def test_a_line_with_a_name_twice_is_that_row_s_error(setting: Setting) -> None:
    setting.source.write_text('{"id": 1, "text": "x", "text": "y"}\n{"id": 2, "text": "z"}\n')
    assert setting.map().answered == 1
    assert setting.paid.keys() == {"z"}
    assert any("'text' stands twice" in str(line.get("error")) for line in setting.results())


@pytest.mark.parametrize(
    ("rows", "line"),
    [
        ('5,x\n6,"unclosed\n7,x\n8,y', 3),
        ('5,x\n\n6,"unclosed\n7,"x"\n8,y\n', 4),
        ('5,"a\nb"\n6,"a" b\n7,x\n', 4),
        ('"5,x\n', 2),
    ],
)
def test_a_quote_that_is_not_closed_swallows_no_rows(
    setting: Setting, rows: str, line: int
) -> None:
    """Where rows end is unknown, so nothing is spent before the file is mended."""
    table = setting.root / "rows.csv"
    table.write_text(f"id,text\n{rows}")
    with pytest.raises(UsageError, match=rf"rows\.csv:{line}: the row that begins here is not CSV"):
        setting.map(source=table)
    assert not setting.paid


@pytest.mark.parametrize("name", ["rows.jsonl", "rows.csv"])
def test_an_id_field_that_no_row_has_is_one_error_at_once(setting: Setting, name: str) -> None:
    source = setting.root / name
    source.write_text("text,n\nx,1\ny,2\n" if "csv" in name else '{"text": "x", "n": 1}\n' * 2)
    with pytest.raises(UsageError, match=r"'nope'.*there are: (n, text|text, n)"):
        setting.map(source=source, id_field="nope")
    assert not setting.paid
    assert not setting.out.exists()


def test_a_finished_job_is_not_paid_for_again_without_its_ids(setting: Setting) -> None:
    setting.write(*({"id": f"r{n}", "text": f"text {n}"} for n in range(5)))
    setting.map()
    before = setting.out.read_bytes()
    with pytest.raises(UsageError, match="has the answer to row 1 under the id 'r0': give --id"):
        setting.map(id_field=None)
    assert setting.out.read_bytes() == before
    assert set(setting.paid.values()) == {1}


def test_a_finished_job_of_numbered_rows_is_known_by_their_inputs(setting: Setting) -> None:
    setting.write(*({"text": f"text {n}"} for n in range(5)))
    setting.map(id_field=None)
    assert not setting.out.with_name("out.jsonl.job").exists()
    again = setting.map(id_field=None)
    assert (again.skipped, again.answered, again.tiers.total()) == (5, 0, 5)
    fewer = setting.map(id_field=None, limit=2)
    assert (fewer.skipped, fewer.answered, fewer.tiers.total()) == (2, 0, 2)
    assert len(setting.results()) == 5


def test_rows_of_standard_input_are_kept_to_be_read_twice(setting: Setting) -> None:
    command = [sys.executable, "-m", "router", "map", "label", "-", "--out", str(setting.out)]
    command += ["--policies", str(setting.policy), "--ledger", str(setting.ledger), "--offline"]
    rows = '{"text": "one"}\n{"text": "two"}\n'
    done = subprocess.run(command, input=rows, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert sorted(line["id"] for line in setting.results()) == [1, 2]  # as they are answered


def test_a_pipe_is_refused_as_its_rows_can_be_read_only_once(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(UsageError, match="only once"), in_a_file(pipe):
        pass


def test_two_rows_of_one_id_are_refused_before_anything_is_spent(setting: Setting) -> None:
    setting.write({"id": "a", "text": "x"}, {"id": "b", "text": "y"}, {"id": "a", "text": "z"})
    with pytest.raises(UsageError, match=r"lines 1 and 3 have one id, 'a'"):
        setting.map()
    assert not setting.paid


def test_a_table_s_cells_become_what_the_input_schema_declares(setting: Setting) -> None:
    table = setting.root / "rows.csv"
    table.write_text('Body,urgent,extra\n"a, b",true,1\nplain,,2\nbad,perhaps,3\n1,2,3,4\n')
    summary = setting.map(source=table, id_field=None, fields={"text": "Body"})
    lines = {line["id"]: line for line in setting.results()}
    assert lines[1]["output"]["label"] == "A, B"
    assert lines[2]["output"]["label"] == "PLAIN"
    assert lines[3]["error"]["type"] == "InputInvalid"
    assert "4 cells under 3 columns" in lines[4]["error"]["message"]
    assert setting.paid.keys() == {"a, b", "plain"}
    assert "no input takes these fields: extra" in setting.stderr.getvalue()
    assert summary.failed == 2


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"fields": {"txt": "text"}}, "no input 'txt'"),
        ({"task": "lable"}, "no task 'lable'"),
        ({"source": Path("nowhere.jsonl")}, "cannot read nowhere.jsonl"),
    ],
)
def test_a_job_that_cannot_be_is_refused_at_once(
    setting: Setting, options: dict[str, Any], message: str
) -> None:
    setting.write({"id": 1, "text": "x"})
    with pytest.raises(UsageError, match=message):
        setting.map(**options)


def test_answers_to_other_inputs_are_neither_kept_for_a_row_nor_lost(setting: Setting) -> None:
    setting.write({"id": 1, "text": "before"})
    setting.map()
    before = setting.out.read_bytes()
    setting.write({"id": 1, "text": "after"})
    with pytest.raises(UsageError, match="answers other inputs than row 1 now has"):
        setting.map()
    assert setting.out.read_bytes() == before


def test_a_file_that_is_not_ours_is_left_alone(setting: Setting) -> None:
    setting.write({"id": 1, "text": "x"})
    setting.out.write_text("name,label\n1,2\n")
    with pytest.raises(UsageError, match="not a result"):
        setting.map()
    assert setting.out.read_text() == "name,label\n1,2\n"
    assert not setting.out.with_name("out.jsonl.job").exists()


def test_a_refused_key_ends_the_job_at_once(setting: Setting) -> None:
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(50)))
    setting.emulator.script.clear()
    setting.emulator.script.reply(fault("auth"))
    summary = setting.map(concurrency=4)
    assert summary.failed <= 4
    assert summary.left >= 46
    assert summary.stopped is not None


def test_a_down_service_does_not_burn_through_the_rows(setting: Setting) -> None:
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(500)))
    setting.emulator.script.clear()
    setting.emulator.script.reply(fault("overloaded"))
    summary = setting.map(concurrency=4)
    assert summary.failed < 50
    assert "no tier that answers" in summary.text()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_gets_a_bar_and_a_pipe_gets_none(setting: Setting) -> None:
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(3)))
    setting.map(limit=2)
    assert setting.stderr.getvalue() == ""
    terminal = Terminal()
    job = Mapping("label", setting.source, setting.out, id_field="id")
    asyncio.run(map_rows(job, setting.router, terminal))
    assert "3/3" in terminal.getvalue()


ROWS = 40
CONCURRENCY = 4


def start(setting: Setting, url: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "router", "map", "label", str(setting.source)]
    command += ["--out", str(setting.out), "--id", "id", "--concurrency", str(CONCURRENCY)]
    command += ["--policies", str(setting.policy), "--ledger", str(setting.ledger)]
    env = {**os.environ, "ANTHROPIC_BASE_URL": url, "ANTHROPIC_API_KEY": "local"}
    env.pop("ROUTER_OFFLINE", None)
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE, text=True)


def wait_for_lines(setting: Setting, process: subprocess.Popen[str], lines: int) -> None:
    """Looks at the file after each request that the server has answered."""
    while process.poll() is None:
        if setting.out.exists() and setting.out.read_bytes().count(b"\n") >= lines:
            return
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    raise AssertionError(process.communicate()[1])


def test_killed_in_the_middle_and_resumed_nothing_is_lost_or_paid_twice(setting: Setting) -> None:
    """Only what was under way at the kill may be asked again: its answer never arrived."""
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(ROWS)))
    setting.latency = 0.05
    with serve(setting.emulator) as server:
        first = start(setting, server.url)
        wait_for_lines(setting, first, 10)
        first.kill()
        first.communicate()
        finished = setting.out.read_bytes().count(b"\n")
        assert finished < ROWS
    setting.latency = 0.0
    assert setting.map().skipped == finished
    assert sorted(line["id"] for line in setting.results()) == list(range(ROWS))
    assert setting.paid.total() <= ROWS + CONCURRENCY
    assert max(setting.paid.values()) <= 2


def test_an_interrupt_lets_what_is_under_way_finish_and_says_how_to_go_on(setting: Setting) -> None:
    setting.write(*({"id": n, "text": f"text {n}"} for n in range(ROWS)))
    setting.latency = 0.05
    with serve(setting.emulator) as server:
        first = start(setting, server.url)
        wait_for_lines(setting, first, 8)
        first.send_signal(signal.SIGINT)
        said = first.communicate(timeout=30)[1]
        assert first.returncode == 130
        assert "interrupted" in said
        assert "the same command goes on" in said
        assert setting.paid.total() == len(setting.results()) < ROWS
    setting.latency = 0.0
    setting.map()
    assert set(setting.paid.values()) == {1}
    assert len(setting.results()) == ROWS


def test_one_file_is_not_written_by_two_jobs_at_a_time(setting: Setting) -> None:
    setting.write({"id": 1, "text": "x"})
    first = MapOutput(setting.out, "label")
    with first, pytest.raises(UsageError, match="another process is writing"):
        setting.map()
    assert setting.map().answered == 1


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.dictionaries(
            st.sampled_from(["text", "urgent", "other"]), st.text(max_size=8), max_size=3
        ),
        max_size=6,
    )
)
def test_a_table_read_back_gives_the_texts_that_were_written(
    tmp_path_factory: pytest.TempPathFactory, records: list[dict[str, str]]
) -> None:
    """Commas, quotes and line ends in cells are the cells' own."""
    import csv

    path = tmp_path_factory.mktemp("table") / "rows.csv"
    with path.open("w", newline="", encoding="utf-8", errors="surrogatepass") as file:
        writer = csv.DictWriter(file, ["text", "urgent", "other"], quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(records)
    schema = {"properties": {"text": {"type": "string"}}, "required": ["text"]}
    texts = [row.inputs.get("text") for row in RowSource(path, schema, {}).rows()]
    assert texts == [record.get("text", "") for record in records]
