"""Whatever a client sends: each request gets one answer, and the server goes on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from router.lsp.server import serve
from router.resources import shipped

METHODS = [
    *("textDocument/didOpen", "textDocument/didChange", "textDocument/didClose"),
    *("textDocument/hover", "textDocument/codeAction", "textDocument/didSave"),
    *("initialize", "initialized", "workspace/didChangeWatchedFiles", "made/up", ""),
]
KEYS = ["textDocument", "uri", "text", "version", "contentChanges", "position", "range", "context"]
URI = "file:///policies/a.yaml"

scalars = st.none() | st.booleans() | st.integers() | st.sampled_from(["", URI, "file://[", "{{"])
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from(KEYS), inner),
    max_leaves=8,
)
documents = st.fixed_dictionaries({"uri": st.just(URI), "version": st.just(1), "text": st.text()})
params = values | st.fixed_dictionaries({"textDocument": documents | values})
messages = st.lists(
    st.fixed_dictionaries(
        {"method": st.sampled_from(METHODS), "params": params}, optional={"id": st.integers(1, 9)}
    )
    | values,
    max_size=6,
)


def session(sent: list[Any]) -> tuple[int, list[dict[str, Any]]]:
    """The exit code and everything that comes back."""
    bodies = [json.dumps(message).encode() for message in sent]
    incoming = b"".join(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) for body in bodies)
    outgoing = io.BytesIO()
    code = serve(io.BytesIO(incoming), outgoing)
    received, rest = [], outgoing.getvalue()
    while rest:
        head, _, rest = rest.partition(b"\r\n\r\n")
        length = int(head.removeprefix(b"Content-Length: "))
        received.append(json.loads(rest[:length]))
        rest = rest[length:]
    return code, received


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(sent=messages)
def test_each_request_has_one_answer_whatever_it_is(
    sent: list[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    start = {"id": 100, "method": "initialize", "params": {"rootUri": tmp_path.as_uri()}}
    stop = [{"id": 101, "method": "shutdown"}, {"method": "exit"}]
    code, received = session([start, *sent, *stop])
    assert code == 0
    asked = [one["id"] for one in sent if isinstance(one, dict) and "method" in one and "id" in one]
    answered = [one["id"] for one in received if "method" not in one and one["id"] is not None]
    assert answered == [100, *asked, 101]


def test_a_client_that_goes_away_in_the_middle_of_a_message_is_gone() -> None:
    for cut in (b"Content-Le", b"Content-Length: 10\r\n", b"Content-Length: 10\r\n\r\n{"):
        assert serve(io.BytesIO(cut), io.BytesIO()) == 1


def test_what_is_typed_last_before_leaving_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An editor that closes does not want to be told."""
    monkeypatch.chdir(tmp_path)  # as the server itself does, so that it is undone
    (tmp_path / "policies").mkdir()
    path = tmp_path / "policies" / "classify.yaml"
    text = (shipped("policies") / "classify.yaml").read_text("utf-8")
    document = {"uri": path.as_uri(), "version": 1, "text": text}
    code, received = session(
        [
            {"id": 1, "method": "initialize", "params": {"rootUri": tmp_path.as_uri()}},
            {"method": "textDocument/didOpen", "params": {"textDocument": document}},
            {"id": 2, "method": "shutdown"},
            {"method": "exit"},
        ]
    )
    assert code == 0
    assert [one.get("id") for one in received] == [1, 2]
