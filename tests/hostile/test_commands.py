"""Every command survives what lies in its way: it says what is wrong, in bounds, and ends.

The commands run as processes of their own, without the right to read what its owner may not.
"""

from __future__ import annotations

import csv
import ctypes
import json
import os
import re
import socket
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from router.policy.yaml_reader import MAX_BYTES

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="its devices and limits are Linux's"
)

POLICY = """\
version: 1
tasks:
  say:
    description: Say something.
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 8000}
        more: {type: array, items: {type: integer}, maxItems: 9}
    prompt:
      user: "{{ message | tag('message') }}{% if more is defined %}{{ more | length }}{% endif %}"
    tiers:
      - {model: claude-haiku-5-5, max_tokens: 100, thinking: disabled}
    budget: {run: {usd: 0.1, deadline: 30s}}
"""
CASES = """\
version: 1
task: say
cases:
  - {name: says, inputs: {message: x}, replies: {claude-haiku-5-5: x}, expect: {output: x}}
"""
ESCAPE = "\x1b[31m"
NO_TEXT = "\udcff"  # byte 0xff in a name


@dataclass(frozen=True)
class Done:
    line: list[str]
    code: int
    out: str
    err: str
    megabytes: float
    cpu: float
    killed: bool


def _unprivileged() -> None:
    """Takes root's right to pass over permissions from what is executed next."""
    for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        ctypes.CDLL(None).prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP


def run_all(place: Path, *jobs: list[str] | tuple[list[str], str]) -> list[Done]:
    """Runs command lines in a directory, and checks of each what holds for all."""
    given = [[*job] if isinstance(job, tuple) else [job, None] for job in jobs]
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ROUTER_", "ANTHROPIC_"))}
    scratch = place.parent / "scratch"
    scratch.mkdir(exist_ok=True)
    answer = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("forking.py")), str(scratch)],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        cwd=place,
        env={**kept, "ROUTER_OFFLINE": "1", "ROUTER_LEDGER": "off"},
        preexec_fn=_unprivileged,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    done = [
        Done(job[0], *result) for job, result in zip(given, json.loads(answer.stdout), strict=True)
    ]
    wrong = [f"{fault}: {one}" for one in done for fault in faults(one)]
    assert wrong == [], "\n".join(one[:1_000] for one in wrong)
    return done


_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def faults(one: Done) -> list[str]:
    said = one.out + one.err
    found = []
    if one.killed:
        found.append("hangs")
    if one.code not in (0, 1, 2):
        found.append("exit code")
    if "Traceback" in said or "internal error" in said or "Exception ignored" in said:
        found.append("bug")
    if one.megabytes > 500:
        found.append("memory")
    if one.cpu > 5:
        found.append("time")
    if _CONTROL.search(said):
        found.append("control characters")
    if one.code and not said.strip():
        found.append("says nothing")
    return found


@pytest.fixture
def place(tmp_path: Path) -> Path:
    (tmp_path / "here/policies").mkdir(parents=True)
    (tmp_path / "here/policies/say.yaml").write_text(POLICY)
    (tmp_path / "here/policies/say.test.yaml").write_text(CASES)
    (tmp_path / "here/rows.jsonl").write_text('{"message": "x"}\n')
    return tmp_path / "here"


def device(place: Path, name: str) -> str:
    """A character device of the test's own: what replaced or removed it would harm nobody else.

    Who may not make one may not harm the system's either, unless it is root in a container.
    """
    path = place / f"dev-{name}"
    minor = {"null": 3, "zero": 5, "full": 7}[name]
    try:
        os.mknod(path, 0o666 | stat.S_IFCHR, os.makedev(1, minor))
    except OSError:
        if os.geteuid() == 0:
            pytest.skip("root that may not make devices")
        return f"/dev/{name}"
    return path.name


def task(name: str, **changes: str) -> str:
    text = POLICY.replace("  say:", f"  {name}:")
    for before, after in changes.items():
        text = text.replace(before, after)
    return text


COMMANDS = [
    ["lint"],
    ["lint", "--format", "json"],
    ["lint", "--format", "sarif"],
    ["lint", "--format", "junit"],
    ["lint", "--format", "gitlab"],
    ["lint", "--format", "github"],
    ["plan", "say", "-i", "message=x"],
    ["run", "say", "-i", "message=x"],
    ["tasks"],
    ["show", "say"],
    ["show", "say", "--resolved"],
    ["map", "say", "rows.jsonl", "--out", "out.jsonl"],
    ["test"],
    ["docs"],
    ["docs", "-o", "page.html"],
    ["diff", "policies", "policies"],
    ["upgrade"],
    ["lint", "--diff"],
    ["lint", "--fix"],
]

ODD_NAMES = {
    "new\nline.yaml": "new\N{REPLACEMENT CHARACTER}line.yaml",
    f"esc{ESCAPE}.yaml": "esc\N{REPLACEMENT CHARACTER}[31m.yaml",
    "bidi\u202e.yaml": "bidi\N{REPLACEMENT CHARACTER}.yaml",
    f"bytes{NO_TEXT}.yaml": "bytes\N{REPLACEMENT CHARACTER}.yaml",
}


def test_odd_names_are_named_and_never_read(place: Path) -> None:
    """A name that cannot be shown is an error, for the root and for the file by itself."""
    for name in ODD_NAMES:
        (place / "policies" / name).write_text(task("other"))
    whole, *alone = run_all(
        place,
        ["lint", "--format", "concise"],
        *(["lint", "--format", "concise", f"policies/{name}"] for name in ODD_NAMES),
    )
    for shown, one in zip(ODD_NAMES.values(), alone, strict=True):
        line = f"policies/{shown}:1:1: error[unreadable-file]"
        assert line in whole.out
        assert one.out.startswith(line)
        assert one.code == 1


def test_plain_names_are_only_names(place: Path) -> None:
    """Names that look like options, templates, formats or places elsewhere are read."""
    names = ["-x.yaml", "--format.yaml", "sp ace.yaml", "%s.yaml", "{{x}}.yaml", "a:1:b.yaml"]
    for number, name in enumerate([*names, "x" * 250 + ".yaml", "C:\\y.yaml", "[red]é.yaml"]):
        (place / "policies" / name).write_text(task(f"task{number}"))
    for one in run_all(place, *COMMANDS, ["lint", "policies/a:1:b.yaml"]):
        assert one.code == 0, one


@pytest.fixture
def obstacles(place: Path) -> Path:
    """A policy root with everything in it that is no readable file."""
    root = place / "policies"
    (root / "folder.yaml").mkdir()
    (root / "folder.yaml/inner.yaml").write_text(task("inner"))
    os.mkfifo(root / "fifo.yaml")
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(root)  # the path of a socket may not be long
        try:
            listening.bind("socket.yaml")
        finally:
            os.chdir(here)
    for name, target in {
        "zero.yaml": "/dev/zero",
        "loop.yaml": "loop.yaml",
        "gone.yaml": "nowhere",
        "up": "..",
        "out": "/etc",
    }.items():
        (root / name).symlink_to(target)
    (root / "secret.yaml").write_text(task("secret"))
    (root / "secret.yaml").chmod(0)
    for name, mode in {"closed": 0, "unentered": 0o644, "unlisted": 0o311}.items():
        (root / name).mkdir()
        (root / name / "inside.yaml").write_text(task(name))
        (root / name).chmod(mode)
    for number, target in enumerate(("fifo.yaml", "zero.yaml", "folder.yaml", "loop.yaml", "up")):
        where = POLICY[POLICY.index("user:") : POLICY.index("\n    tiers")]
        for kind in ("file", "image", "document"):
            changed = task(f"{kind}{number}", **{where: f"user: [{{{kind}: {target}}}]"})
            (root / f"{kind}{number}.yaml").write_text(changed)
        (root / f"schema{number}.yaml").write_text(
            task(
                f"schema{number}", **{"    prompt:": f"    output: {{file: {target}}}\n    prompt:"}
            )
        )
        (root / f"parent{number}.yaml").write_text(f"version: 1\nextends: {target}\n")
        (root / f"calibrated{number}.yaml").write_text(
            task(f"cal{number}", **{"    prompt:": f"    calibration: {target}\n    prompt:"})
        )
    yield place
    for path in root.iterdir():
        if not path.is_symlink() and path.is_dir():
            path.chmod(0o755)


def test_what_is_no_readable_file_is_an_error_with_its_path(obstacles: Path) -> None:
    """FIFOs, sockets, devices, links and closed doors: nothing waits, nothing leads out."""
    linted, *_ = run_all(obstacles, ["lint", "--format", "concise"], *COMMANDS)
    assert linted.code == 1
    expected = {
        "fifo.yaml": "unreadable-file",
        "socket.yaml": "unreadable-file",
        "zero.yaml": "path-escape",
        "loop.yaml": "unreadable-file",
        "gone.yaml": "unreadable-file",
        "up": "path-escape",
        "out": "path-escape",
        "secret.yaml": "unreadable-file",
        "closed": "unreadable-file",
        "unentered/inside.yaml": "unreadable-file",
        "unlisted": "unreadable-file",
    }
    for name, rule in expected.items():
        assert re.search(
            rf"^policies/{re.escape(name)}:1:1: error\[{rule}\]", linted.out, re.MULTILINE
        ), name
    for kind in ("file", "image", "document", "schema", "parent", "calibrated"):
        for number in range(5):
            assert re.search(
                rf"^policies/{kind}{number}\.yaml:\d+:\d+: error", linted.out, re.MULTILINE
            ), (
                kind,
                number,
            )


def test_each_obstacle_by_itself_is_refused(obstacles: Path) -> None:
    """As the path to lint, as the policies, and as where a project is to begin."""
    names = sorted(path.name for path in (obstacles / "policies").iterdir())
    odd = [name for name in names if not re.search(r"\d\.yaml|^say", name)]
    paths = [f"policies/{name}" for name in odd]
    run_all(obstacles, *([*line, path] for path in paths for line in (["tasks", "-p"], ["init"])))
    for one in run_all(obstacles, *(["lint", path] for path in paths)):
        assert one.code in (1, 2) or one.line[-1].endswith("folder.yaml"), one


LARGE = {
    "empty": "",
    "deep": "a: " + "[" * 50_000,
    "deep-schema": task("d", **{"maxItems: 9": "items: " + "{items: " * 70 + "{}" + "}" * 70}),
    "bomb": "a0: &a0 [x, x, x, x, x, x, x, x]\n"
    + "".join(f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 12)),
    "merge": "a: &a {b: 1}\nc: {<<: *a}\n",
    "too-large": "a: 1\n" * 300_000,
    "huge-line": 'version: 1\ntasks: {t: {description: "' + "x" * 1_000_000 + '", foo: 1}}',
    "many-tasks": "version: 1\ntasks:\n" + "".join(f"  t{i}: {{foo: 1}}\n" for i in range(40_000)),
    "many-keys": "version: 1\n" + "".join(f"k{i}: 1\n" for i in range(60_000)),
    "long-key": "version: 1\n? " + "k" * 500_000 + "\n: 1\n",
    "huge-enum": task("e", **{"maxItems: 9": f"enum: [{', '.join(map(str, range(90_000)))}]"}),
    "long-pattern": task("p", **{"maxLength: 8000": f"pattern: '{'(a|aa)+' * 2_000}'"}),
    "counted-pattern": task("q", **{"maxLength: 8000": "pattern: '((a{1000}){1000}){1000}'"}),
    "long-when": task(
        "w", **{"    budget:": f"    start: [{{when: '{'(' * 999}', tier: x}}]\n    budget:"}
    ),
    "template": task("t", **{"{{ message": "{{ " + "(" * 5_000 + "message" + ")" * 5_000}),
    "many-aliases": "a: &a x\nb: [" + "*a, " * 100 + "]\n",
    "anchors": "".join(f"k{i}: &a{i} v\n" for i in range(40_000)),
}


def test_large_and_deep_files_are_refused_within_bounds(place: Path) -> None:
    """All at once, and each as a root of its own: a place, and neither time nor memory."""
    for name, text in LARGE.items():
        (place / name).mkdir()
        (place / name / f"{name}.yaml").write_text(text)
        (place / f"policies/{name}.yaml").write_text(text)
    (place / "policies/sparse.yaml").touch()
    os.truncate(place / "policies/sparse.yaml", 20 << 30)
    for one in run_all(place, *(["lint", "--format", "concise", name] for name in LARGE)):
        name = one.line[-1]
        assert re.match(rf"{name}/{name}\.yaml:\d+:\d+: error\[", one.out), one
        assert one.code == 1
    whole, *_ = run_all(place, ["lint", "--format", "concise"], *COMMANDS[6:8], ["test"], ["diff"])
    assert "policies/sparse.yaml:1:1: error[yaml-too-large]" in whole.out
    assert len(whole.out) < 200_000


def test_encodings_other_than_utf8_have_a_place(place: Path) -> None:
    """Line ends and a byte order mark are no fault; other encodings are, and lint says where."""
    fine = {
        "crlf": task("crlf").replace("\n", "\r\n").encode(),
        "cr": task("cr").replace("\n", "\r").encode(),
        "bom": b"\xef\xbb\xbf" + task("bom").encode(),
    }
    for name, data in fine.items():
        (place / f"policies/{name}.yaml").write_bytes(data)
    for one in run_all(place, *COMMANDS):
        assert one.code == 0, one
    wrong = {
        "latin": b"version: 1\na: caf\xe9",
        "utf16": task("u").encode("utf-16"),
        "utf32": task("u").encode("utf-32"),
        "nul": b"version: 1\na: \0",
        "escape": b"version: 1\na: \x1b[31m",
        "surrogate": b"version: 1\na: \xed\xa0\x80",
        "binary": bytes(range(256)) * 40,
    }
    for name, data in wrong.items():
        (place / f"policies/{name}.yaml").write_bytes(data)
    linted, *_ = run_all(place, ["lint", "--format", "concise"], *COMMANDS)
    for name in wrong:
        assert re.search(rf"^policies/{name}\.yaml:\d:\d: error", linted.out, re.MULTILINE), name


def test_size_limits_are_known_to_the_reader() -> None:
    assert len(LARGE["too-large"]) > MAX_BYTES > max(map(len, map(LARGE.get, ("deep", "anchors"))))


def test_odd_arguments_are_usage_errors(place: Path) -> None:
    """Names that are nothing, no text, or made to forge a line; endless and unfit files."""
    (place / "loop").symlink_to("loop")
    os.mkfifo(place / "fifo")
    null, zero, full = (device(place, name) for name in ("null", "zero", "full"))
    write = {
        "deep.json": "[" * 200_000,
        "deeper.json": '{"message":' * 50_000,
        "latin.json": b'{"message":"\xe9"}',
        "nan.json": '{"message":"x","more":[NaN]}',
        "digits.json": '{"message":"x","more":[' + "9" * 6_000 + "]}",
        "surrogate.json": '{"message":"\\ud800"}',
        "name.json": '{"\\u001b[31m":"x"}',
        "utf16.json": '{"message":"x"}'.encode("utf-16"),
        "huge.json": '{"message":"' + "x" * (40 << 20) + '"}',
        "values.json": '{"message":"x","more":[' + "[]," * 3_000_000 + "[]]}",
    }
    for name, data in write.items():
        (place / name).write_bytes(data.encode() if isinstance(data, str) else data)
    say = ["run", "say", "-i"]
    names = (ESCAPE, NO_TEXT, "x" * 300, "a\nb", "fifo", "loop", null, "/proc/self/mem")
    lines = [
        *(["lint", name] for name in names),
        *(["lint", f"--format={name}"] for name in (ESCAPE, NO_TEXT)),
        *([command, "-p", name] for command in ("tasks", "docs", "test") for name in names),
        *(
            [command, name]
            for command in ("show", "plan", "rule", "test")
            for name in (ESCAPE, NO_TEXT)
        ),
        *(["diff", name, "policies"] for name in (ESCAPE, NO_TEXT, "loop", "fifo", "--x")),
        *(["run", "say", "--json", name] for name in (*write, zero, "loop", "policies")),
        *(["run", "say", "--json", name] for name in (ESCAPE, NO_TEXT)),
        *([*say, f"message=@{name}"] for name in (zero, "latin.json", "policies", ESCAPE)),
        *([*say, pair] for pair in (ESCAPE, f"{ESCAPE}=1", f"message={NO_TEXT}", f"m{NO_TEXT}=1")),
        *([*say, f"message:={text}"] for text in ("[" * 20_000, "1e999", "9" * 5_000, "NaN")),
        *(
            [*say, "message=x", *more]
            for more in (["--tier", ESCAPE], ["--ledger", "k.db", "--key", NO_TEXT])
        ),
        [*say, "message=x", "--tag", "=x"],
        *([*say, "message=x", "--deadline", text] for text in ("nan", "-1")),
        *([*say, "message=x", "--ledger", name] for name in ("policies", zero, full)),
        *(["init", name] for name in ("fifo", "loop", null, "/proc/x", "x" * 300)),
        *(["map", "say", name, "--out", "o"] for name in ("fifo", zero, "policies", ESCAPE)),
        *(["map", "say", "rows.jsonl", "--out", name] for name in (full, "fifo", "policies")),
        ["map", "say", "rows.jsonl", "--out", "o", "--id", ESCAPE],
        ["map", "say", "rows.jsonl", "--out", "o", "--map", f"{ESCAPE}={ESCAPE}"],
        ["docs", "-o", "policies"],
        ["docs", "-o", full],
    ]
    for one in run_all(place, *lines):
        assert one.code in (1, 2), one


def test_odd_names_of_new_projects_are_no_danger(place: Path) -> None:
    """A directory may be called anything; what is printed of it is harmless."""
    for one in run_all(place, ["init", f"new{ESCAPE}"], ["init", f"new{NO_TEXT}"]):
        assert one.code == 0, one


def test_bad_rows_fail_alone(place: Path) -> None:
    """A row that is cut, endless, deep or no text leaves the rows beside it as they are."""
    rows = [
        b'{"message": "first"}',
        b'{"message": "\\ud800"}',
        b"[1]",
        b"nope\x1b[31m",
        b'{"message": "\xff"}',
        b"[" * 100_000,
        b'{"message": "x", "more": [1e999]}',
        b'{"message": "\\u0000"}',  # a text like any other
        b'{"a":' * 3_000,
        b'{"message": "x", "more": [' + b"9" * 5_000 + b"]}",
        b'{"message": "' + b"x" * (40 << 20) + b'"}',
        b'{"message": "last"}',
    ]
    (place / "rows.jsonl").write_bytes(b"\n".join(rows))
    (place / "rows.csv").write_bytes(
        b"message,mo\x1b[31mre,more\nfirst,,\nx,," + b"[" * 50_000 + b"\nx,,NaN\n\xff,,\nlast,,\n"
    )
    for name, answered in (("rows.jsonl", 3), ("rows.csv", 2)):
        (one,) = run_all(place, ["map", "say", name, "--out", f"{name}.out"])
        assert one.code == 1
        lines = [json.loads(line) for line in (place / f"{name}.out").read_text().splitlines()]
        assert sum("error" not in line for line in lines) == answered
        assert f"{answered} answered" in one.err


def test_naughty_strings_are_inputs_like_any_other(place: Path, collection) -> None:
    """Every one as a row of a map, in both formats; a tenth of them on the command line."""
    listed = json.loads(collection("strings/blns.json").read_text(encoding="utf-8"))
    strings = [text for text in dict.fromkeys(listed) if text]
    rows = "".join(json.dumps({"message": text}) + "\n" for text in strings)
    (place / "rows.jsonl").write_text(rows)
    with (place / "rows.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["message"], *([text] for text in strings)])
    maps = [["map", "say", f"rows.{kind}", "--out", f"{kind}.out"] for kind in ("jsonl", "csv")]
    for one in run_all(place, *maps):
        assert f"{len(strings)} rows: {len(strings)} answered, 0 failed" in one.err
    some = [text for text in strings[::10] if "\0" not in text and not text.startswith("@")]
    lines = [["plan", "say", "--format", "json", "-i", f"message={text}"] for text in some]
    for text, one in zip(some, run_all(place, *lines), strict=True):
        assert one.code == 0
        (block,) = json.loads(one.out)["tiers"][0]["request"]["messages"][0]["content"]
        assert block["text"] == f"<message>{text}</message>"
