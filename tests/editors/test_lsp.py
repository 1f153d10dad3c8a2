"""`router lsp`: lint's findings while an author types, in a real process over stdio."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from router.lint.runner import lint_paths
from router.resources import shipped
from router.types import Severity

UTF8 = {"general": {"positionEncodings": ["utf-8", "utf-32"]}}
UTF32 = {"general": {"positionEncodings": ["utf-7", "utf-32", "utf-16"]}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A project with the starter library."""
    shutil.copytree(shipped("policies"), tmp_path / "mine" / "policies")
    return tmp_path / "mine"


@pytest.fixture
def editor(router_server: Any, folder: Path) -> Any:
    router_server.begin(folder)
    return router_server


def rules(diagnostics: list[dict[str, Any]]) -> list[str]:
    """The rules of all but infos, which the starter library has too."""
    return [one["code"] for one in diagnostics if one["severity"] < 3]


def start(diagnostic: dict[str, Any]) -> tuple[int, int]:
    place = diagnostic["range"]["start"]
    return place["line"], place["character"]


def actions(editor: Any, uri: str, diagnostic: dict[str, Any], **context: Any) -> Any:
    return editor.request(
        "textDocument/codeAction",
        {
            "textDocument": {"uri": uri},
            "range": diagnostic["range"],
            "context": {"diagnostics": [diagnostic], **context},
        },
    )


# --- findings ------------------------------------------------------------------------------------


def test_a_mistake_is_shown_before_it_is_saved_and_gone_when_it_is_mended(
    editor: Any, folder: Path
) -> None:
    path = folder / "policies" / "classify.yaml"
    uri = editor.open(path)
    assert rules(editor.diagnostics(uri)) == []
    text = path.read_text("utf-8")
    editor.change(uri, text.replace("max_tokens", "max_tokns", 1))
    (found,) = [one for one in editor.diagnostics(uri) if one["code"] == "unknown-key"]
    line = text.splitlines()[start(found)[0]]
    assert line[start(found)[1] :].startswith("max_tokens")
    assert found["range"]["end"]["character"] == start(found)[1] + len("max_tokns")
    assert (found["severity"], found["source"]) == (1, "router")
    assert "did you mean `max_tokens`?" in found["message"]
    editor.change(uri, text)
    assert rules(editor.diagnostics(uri)) == []


def test_it_says_what_lint_says(editor: Any, folder: Path, monkeypatch: Any) -> None:
    """Same rules, same places, whatever the file; open or only on disk."""
    policies = folder / "policies"
    for name, before, after in [
        ("classify.yaml", "max_tokens: 512", "max_tokens: 512\n        speed: quick"),
        ("extract.yaml", "tiers:", "tiesr:"),
        ("summarize.yaml", "version: 1", "version: 2"),
        ("_defaults.yaml", "claude-haiku-5-5", "claude-haiku-5-6"),
    ]:
        text = (policies / name).read_text("utf-8")
        assert before in text
        (policies / name).write_text(text.replace(before, after, 1), "utf-8")
    monkeypatch.chdir(folder)
    expected: dict[str, list[tuple[int, int, str]]] = {}
    for finding in lint_paths(["policies"]).findings:
        assert finding.severity is not Severity.INFO  # of files that are not open, none is shown
        place = (finding.span.line - 1, finding.span.column - 1, finding.rule)
        expected.setdefault((folder / finding.span.file).as_uri(), []).append(place)
    assert len(expected) >= 4
    editor.open(policies / "classify.yaml")
    for uri, places in expected.items():
        found = [(*start(one), one["code"]) for one in editor.diagnostics(uri)]
        assert found == places


def test_of_files_that_are_not_open_infos_are_not_shown(editor: Any, folder: Path) -> None:
    """The starter library is sound: nobody wants a hundred remarks on files they do not look at."""
    uri = editor.open(folder / "policies" / "classify.yaml")
    assert {one["severity"] for one in editor.diagnostics(uri)} == {3}
    assert editor.uris == {uri}


def test_a_template_shows_its_own_mistakes(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "prompts" / "classify" / "role.md.j2"
    uri = editor.open(path, "Be brief. {{ mesage }}\n", language="jinja")
    (found,) = editor.diagnostics(uri)
    assert (found["code"], start(found)) == ("undefined-variable", (0, 13))


def test_a_file_that_was_never_saved_is_a_part_of_the_set(editor: Any, folder: Path) -> None:
    text = (folder / "policies" / "classify.yaml").read_text("utf-8")
    new = editor.open(folder / "policies" / "new.yaml", text)
    assert rules(editor.diagnostics(new)) == ["duplicate-task"]


def test_a_change_of_a_parent_is_seen_in_its_children(editor: Any, folder: Path) -> None:
    parent = folder / "policies" / "_defaults.yaml"
    uri = editor.open(parent, parent.read_text("utf-8").replace("haiku:", "haikoo:"))
    child = (folder / "policies" / "classify.yaml").as_uri()
    assert "unknown-model" in rules(editor.diagnostics(child))
    editor.close(uri)
    assert editor.diagnostics(child) == []  # nothing is open any more


def test_what_is_closed_unsaved_is_forgotten(editor: Any, folder: Path) -> None:
    """The disk counts again; what was shown of files that nobody has open goes away."""
    path = folder / "policies" / "classify.yaml"
    other = editor.open(folder / "policies" / "extract.yaml")
    uri = editor.open(path, path.read_text("utf-8").replace("max_tokens", "max_tokns", 1))
    assert rules(editor.diagnostics(uri)) == ["unknown-key"]
    editor.close(uri)
    assert rules(editor.diagnostics(uri)) == []
    editor.close(other)
    assert editor.diagnostics(other) == []


def test_a_change_on_disk_is_seen_when_the_editor_tells(router_server: Any, folder: Path) -> None:
    router_server.begin(folder, workspace={"didChangeWatchedFiles": {"dynamicRegistration": True}})
    uri = router_server.open(folder / "policies" / "classify.yaml")
    assert rules(router_server.diagnostics(uri)) == []
    template = folder / "policies" / "prompts" / "classify" / "role.md.j2"
    template.write_text("{{ mesage }}")
    change = {"uri": template.as_uri(), "type": 2}
    router_server.notify("workspace/didChangeWatchedFiles", {"changes": [change]})
    assert rules(router_server.diagnostics(template.as_uri())) == ["undefined-variable"]
    assert "client/registerCapability" in router_server.asked


def test_typing_fast_is_judged_in_pauses(editor: Any, folder: Path) -> None:
    """Not every key stroke costs a judgement; the last text always has one."""
    path = folder / "policies" / "classify.yaml"
    text = path.read_text("utf-8")
    uri = editor.open(path)
    editor.diagnostics(uri)
    before = editor.published
    for length in range(200):
        editor.change(uri, f"{text}#{'x' * length}\n")
    editor.change(uri, text.replace("max_tokens", "max_tokns", 1))
    assert rules(editor.diagnostics(uri)) == ["unknown-key"]
    assert editor.published - before < 100


def test_comments_and_configuration_count_as_for_lint(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    text = path.read_text("utf-8")
    uri = editor.open(path)
    infos = [one["code"] for one in editor.diagnostics(uri)]
    assert infos
    (folder / "router.toml").write_text(f"[lint]\nignore = {json.dumps(infos)}\n")
    editor.change(uri, text)
    assert editor.diagnostics(uri) == []
    editor.change(uri, f"{text}# router: ignore[unknown-model] there was one\n")
    assert rules(editor.diagnostics(uri)) == ["unused-ignore"]


def test_a_configuration_that_cannot_be_read_is_told_once(editor: Any, folder: Path) -> None:
    (folder / "router.toml").write_text("[lint]\nignroe = []\n")
    uri = editor.open(folder / "policies" / "classify.yaml")
    assert editor.diagnostics(uri)
    editor.change(uri, "version: 1\n")
    assert editor.at("textDocument/hover", uri, 0, 0) is None  # it has judged once more
    (said,) = editor.messages
    assert "router.toml" in said
    assert "ignroe" in said


def test_the_tests_of_policies_are_read_too(editor: Any, folder: Path) -> None:
    """Shape, and names that the policies do not have; of the unsaved policies, too."""
    cases = """version: 1
cases:
  - name: a
    task: classify
    inputs: {message: hello}
    replies: {haiku: {label: billing, explanation: x, confidence: 1}}
    expect: {path: [haiku]}
"""
    path = folder / "policies" / "mine.test.yaml"
    uri = editor.open(path, cases)
    assert editor.diagnostics(uri) == []
    editor.change(uri, cases.replace("expect:", "expcet:"))
    assert "did you mean `expect`?" in str(editor.diagnostics(uri))
    editor.change(uri, cases.replace("task: classify", "task: clasify"))
    assert "classify" in editor.diagnostics(uri)[0]["message"]
    editor.change(uri, cases)
    assert editor.diagnostics(uri) == []
    policy = folder / "policies" / "classify.yaml"
    renamed = policy.read_text("utf-8").replace("\n  classify:", "\n  sort:")
    editor.open(policy, renamed)
    assert editor.diagnostics(uri) != []


def test_a_test_file_shows_its_own_mistakes_while_a_policy_has_one(
    editor: Any, folder: Path
) -> None:
    """As far as they can be told without the policies."""
    policy = folder / "policies" / "classify.yaml"
    editor.open(policy, policy.read_text("utf-8").replace("\ntasks:", "\ntaskz:"))
    live = 'live: {dataset: none.jsonl, gates: {accuracy: ">= 0.9"}}'
    text = f"version: 1\ntask: classify\n{live}\n"
    uri = editor.open(folder / "policies" / "mine.test.yaml", text)
    (found,) = editor.diagnostics(uri)
    assert found["message"].startswith("cannot be read: none.jsonl")


# --- which files ---------------------------------------------------------------------------------


def test_other_yaml_is_none_of_its_business(editor: Any, folder: Path) -> None:
    """Editors open every YAML file with every server that there is for YAML."""
    compose = editor.open(folder / "compose.yaml", "services: {}\n")
    editor.open(Path("/dev/null"), "")
    editor.notify(
        "textDocument/didOpen",
        {"textDocument": {"uri": "untitled:1", "languageId": "yaml", "version": 1, "text": "a"}},
    )
    editor.diagnostics(editor.open(folder / "policies" / "classify.yaml"))
    assert compose not in editor.uris


def test_a_modeline_makes_a_root_of_its_directory(editor: Any, folder: Path) -> None:
    """In a repository of several projects; templates are found from there."""
    nested = folder / "services" / "shop" / "policies"
    shutil.copytree(folder / "policies", nested)
    text = (nested / "classify.yaml").read_text("utf-8")
    assert rules(editor.diagnostics(editor.open(nested / "classify.yaml"))) == []
    lone = editor.open(folder / "lone.yaml", text.replace("version: 1", "version: 3"))
    assert rules(editor.diagnostics(lone)) == ["unknown-version"]


def test_a_single_file_can_be_opened_without_a_folder(router_server: Any, folder: Path) -> None:
    """Its modeline says that it is a policy; the server stays where it was started."""
    router_server.begin(None)
    path = folder / "policies" / "classify.yaml"
    uri = router_server.open(path, path.read_text("utf-8").replace("max_tokens", "max_tokns", 1))
    assert rules(router_server.diagnostics(uri)) == ["unknown-key"]


def test_the_environment_names_the_root_as_it_does_for_lint(
    start_router: Callable[..., Any], folder: Path
) -> None:
    (folder / "policies").rename(folder / "routing")
    server = start_router(ROUTER_POLICIES="routing")
    server.begin(folder)
    uri = server.open(folder / "routing" / "judge.yaml", "version: 1\ntaks: {}\n")
    assert rules(server.diagnostics(uri)) == ["unknown-key"]


# --- positions -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("capabilities", "encoding", "column"),
    [({}, "utf-16", 20), (UTF8, "utf-8", 24), (UTF32, "utf-32", 18)],
)
def test_columns_are_counted_as_the_client_does(
    capabilities: dict[str, Any], encoding: str, column: int, router_server: Any, folder: Path
) -> None:
    """Two characters beyond the basic plane stand before the mistake."""
    router_server.begin(folder, **capabilities)
    assert router_server.capabilities["positionEncoding"] == encoding
    uri = router_server.open(folder / "policies" / "judge.yaml", 'version: {a: "😀😀", b: 2}\n')
    role = folder / "policies" / "prompts" / "classify" / "role.md.j2"
    uri = router_server.open(role, "Hello 😀😀 there {{ mesage }}\r\n", language="jinja")
    (found,) = router_server.diagnostics(uri)
    assert start(found) == (0, column)


# --- hover and actions ---------------------------------------------------------------------------


def test_hovering_over_a_finding_explains_the_rule(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    uri = editor.open(path, path.read_text("utf-8").replace("max_tokens", "max_tokns", 1))
    line, column = start(editor.diagnostics(uri)[0])
    hover = editor.at("textDocument/hover", uri, line, column + 3)["contents"]["value"]
    assert "did you mean `max_tokens`?" in hover
    assert "# unknown-key" in hover
    assert "## Why" in hover
    assert editor.at("textDocument/hover", uri, 0, 0) is None


def apply(text: str, edits: list[dict[str, Any]]) -> str:
    """The text after edits, with columns in UTF-16 as an editor counts them."""
    for edit in sorted(edits, key=lambda one: -one["range"]["start"]["line"]):
        lines = [*text.splitlines(keepends=True), ""]
        (first, begin), (last, end) = (
            (edit["range"][key]["line"], 2 * edit["range"][key]["character"])
            for key in ("start", "end")
        )
        before = lines[first].encode("utf-16-le")[:begin].decode("utf-16-le")
        after = lines[last].encode("utf-16-le")[end:].decode("utf-16-le")
        text = "".join([*lines[:first], before + edit["newText"] + after, *lines[last + 1 :]])
    return text


@pytest.mark.parametrize("before", ["", "# 😀😀 how are you\n"])
def test_a_fix_is_offered_and_mends_the_finding(before: str, editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    good = path.read_text("utf-8").replace("max_tokens: ", "'max_tokens': ", 1)
    text = before + good.replace("max_tokens", "max_tokns", 1)
    uri = editor.open(path, text)
    (found,) = [one for one in editor.diagnostics(uri) if one["code"] == "unknown-key"]
    (action,) = actions(editor, uri, found)
    assert (action["kind"], action["isPreferred"]) == ("quickfix", True)
    assert "max_tokens" in action["title"]
    assert action["diagnostics"] == [found]
    mended = apply(text, action["edit"]["changes"][uri])
    editor.change(uri, mended)
    assert rules(editor.diagnostics(uri)) == []
    assert actions(editor, uri, found) == []


def test_a_warning_can_be_ignored_with_a_reason(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    text = path.read_text("utf-8")
    uri = editor.open(path)
    found = editor.diagnostics(uri)[0]
    (action,) = actions(editor, uri, found)
    assert action["title"] == f"Ignore {found['code']} here, with a reason"
    noted = apply(text, action["edit"]["changes"][uri])
    editor.change(uri, noted)
    assert "ignore-without-reason" in rules(editor.diagnostics(uri))
    editor.change(uri, noted.replace(f"ignore[{found['code']}]", f"ignore[{found['code']}] known"))
    assert found["message"] not in [one["message"] for one in editor.diagnostics(uri)]


def test_errors_cannot_be_ignored(editor: Any, folder: Path) -> None:
    uri = editor.open(folder / "policies" / "classify.yaml", "version: 3\n")
    (found,) = editor.diagnostics(uri)
    assert actions(editor, uri, found) == []


@pytest.mark.parametrize("kind", ["source", "source.fixAll", "source.fixAll.router"])
def test_all_safe_fixes_of_a_file_can_be_asked_for(kind: str, editor: Any, folder: Path) -> None:
    """As editors do on saving; other files stay as they are."""
    path = folder / "policies" / "classify.yaml"
    good = path.read_text("utf-8")
    text = good.replace("max_tokens:", "max_tokns:").replace("description:", "descripton:", 1)
    uri = editor.open(path, text)
    other = folder / "policies" / "extract.yaml"
    editor.open(other, other.read_text("utf-8").replace("max_tokens", "max_tokns", 1))
    (action,) = actions(editor, uri, editor.diagnostics(uri)[0], only=[kind])
    assert action["kind"] == "source.fixAll.router"
    assert action["edit"]["changes"].keys() == {uri}
    assert apply(text, action["edit"]["changes"][uri]) == good
    editor.change(uri, good)
    found = editor.diagnostics(uri)
    everywhere = {
        "range": {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 0}}
    }
    assert actions(editor, uri, found[0] if found else everywhere, only=[kind]) == []


def test_only_the_kinds_of_action_that_are_asked_for_are_given(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    uri = editor.open(path, path.read_text("utf-8").replace("max_tokens", "max_tokns", 1))
    (found,) = [one for one in editor.diagnostics(uri) if one["code"] == "unknown-key"]
    assert actions(editor, uri, found, only=["refactor"]) == []
    assert len(actions(editor, uri, found, only=["quickfix"])) == 1


def test_answers_are_about_the_text_as_it_is(editor: Any, folder: Path) -> None:
    """A question right after a key stroke does not wait for the pause."""
    path = folder / "policies" / "classify.yaml"
    uri = editor.open(path, "version: 1\ntaks: {}\n")
    assert "unknown-key" in editor.at("textDocument/hover", uri, 1, 1)["contents"]["value"]
    editor.change(uri, "\nversion: 1\ntaks: {}\n")
    assert editor.at("textDocument/hover", uri, 1, 1) is None
    assert "unknown-key" in editor.at("textDocument/hover", uri, 2, 1)["contents"]["value"]


# --- bad input -----------------------------------------------------------------------------------


def test_nothing_is_answered_before_it_has_begun(router_server: Any, folder: Path) -> None:
    router_server.send(id=7, method="textDocument/hover", params={})
    assert router_server.error()[0] == -32002
    router_server.begin(folder)


def test_what_is_no_message_is_refused_and_the_session_goes_on(editor: Any, folder: Path) -> None:
    path = folder / "policies" / "classify.yaml"
    for body in (b"{", b"[]", b"\xff\xfe", b"[" * 100_000, b"7"):
        editor.send_bytes(body)
        assert editor.error()[0] == -32700
    editor.send(id=1, result=None)  # an answer to nothing
    editor.send(id=2, method="workspace/symbol", params={"query": "x"})
    assert editor.error() == (-32601, "there is no workspace/symbol here")
    editor.notify("$/setTrace", {"value": "off"})
    editor.notify("textDocument/didOpen", {"textDocument": {}})
    editor.notify("textDocument/didChange", [1])
    editor.send(id=3, method="textDocument/hover", params={"position": 5})
    assert editor.error()[0] == -32603
    assert rules(editor.diagnostics(editor.open(path))) == []


@pytest.mark.parametrize(
    "text",
    ["\0", "\ud800", "a: &a [*a]", "- " * 5_000, "{" * 5_000, "x: !!python/object:os.system {}"],
    ids=["null", "surrogate", "loop", "deep", "open", "tag"],
)
def test_any_text_can_be_typed(text: str, editor: Any, folder: Path) -> None:
    uri = editor.open(folder / "policies" / "classify.yaml", text)
    found = editor.diagnostics(uri)
    assert found
    assert {one["severity"] for one in found} == {1}


def test_a_uri_that_no_file_can_have_disturbs_nobody(editor: Any, folder: Path) -> None:
    document = {"uri": f"{folder.as_uri()}/policies/%00.yaml", "languageId": "yaml", "version": 1}
    editor.notify("textDocument/didOpen", {"textDocument": {**document, "text": "version: 1\n"}})
    uri = editor.open(folder / "policies" / "classify.yaml", "versoin: 1\n")
    assert "unknown-key" in rules(editor.diagnostics(uri))


def test_a_change_of_nothing_leaves_the_text(editor: Any, folder: Path) -> None:
    uri = editor.open(folder / "policies" / "classify.yaml", "versoin: 1\n")
    document = {"uri": uri, "version": 2}
    editor.notify("textDocument/didChange", {"textDocument": document, "contentChanges": []})
    assert "unknown-key" in editor.at("textDocument/hover", uri, 0, 1)["contents"]["value"]
    assert editor.logged == []


def test_a_folder_that_is_deleted_and_made_again_goes_on(editor: Any, folder: Path) -> None:
    uri = editor.open(folder / "policies" / "classify.yaml")
    assert rules(editor.diagnostics(uri)) == []
    shutil.rmtree(folder)
    editor.change(uri, "versoin: 1\n")
    assert "unknown-key" in rules(editor.diagnostics(uri))
    shutil.copytree(shipped("policies"), folder / "policies")
    editor.change(uri, (folder / "policies" / "classify.yaml").read_text("utf-8"))
    assert rules(editor.diagnostics(uri)) == []


def test_a_header_that_cannot_be_read_is_the_end(editor: Any) -> None:
    editor.send_bytes(b"{}", head=b"Content-Length: many\r\n\r\n")
    assert editor.error()[0] == -32700
    assert editor.wait() == 1


def test_it_leaves_as_the_protocol_asks(editor: Any, folder: Path) -> None:
    editor.open(folder / "policies" / "classify.yaml")
    editor.request("shutdown", None)
    editor.send(id=99, method="textDocument/hover", params={})
    assert editor.error() == (-32600, "after shutdown there is only exit")
    editor.send(method="exit")
    assert editor.wait() == 0


def test_it_does_not_outlive_its_editor(editor: Any) -> None:
    assert editor.hang_up() == 1


def test_it_loads_nothing_that_speaks_to_the_api(folder: Path) -> None:
    """Not the SDK, nor what it brings, nor a database: it starts at once and stays small."""
    path = folder / "policies" / "classify.yaml"
    document = {"uri": path.as_uri(), "languageId": "yaml", "version": 1, "text": path.read_text()}
    messages: list[dict[str, Any]] = [
        {"id": 1, "method": "initialize", "params": {"rootUri": folder.as_uri()}},
        {"method": "textDocument/didOpen", "params": {"textDocument": document}},
        {
            "id": 2,
            "method": "textDocument/hover",
            "params": {
                "textDocument": {"uri": path.as_uri()},
                "position": {"line": 0, "character": 0},
            },
        },
        {"id": 3, "method": "shutdown"},
        {"method": "exit"},
    ]
    bodies = [json.dumps(message).encode() for message in messages]
    ran = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "router", "lsp"],
        input=b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies),
        capture_output=True,
        timeout=60,
    )
    assert ran.returncode == 0
    assert b'"id": 2, "result": null' in ran.stdout
    loaded = {line.rpartition(b"|")[2].strip().decode() for line in ran.stderr.splitlines()}
    assert "router.lsp.session" in loaded
    assert not loaded & {"anthropic", "httpx2", "aiohttp", "sqlite3"}
