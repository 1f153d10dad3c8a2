"""A language client over stdio: what an editor does, without the editor."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol.converters import get_converter
from lsprotocol.types import METHOD_TO_TYPES

SPEC = get_converter()
ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0  # seconds; only ever waited for in full by a server that is broken


class Refused(Exception):
    """The server's answer is an error."""


class Client:
    """Speaks to one server process; every text it opens is its own, whatever the disk says."""

    def __init__(self, command: list[str], settings: dict[str, Any], **where: Any) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # its log
            **where,
        )
        self._settings = settings
        self._received: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._published: dict[str, list[dict[str, Any]]] = {}
        self._last_id = 0
        self._versions: dict[str, int] = {}
        self.capabilities: dict[str, Any] = {}
        self.published = 0
        self.uris: set[str] = set()  # that diagnostics were published for
        self.messages: list[str] = []  # that were shown to the author
        self.logged: list[str] = []
        self.asked: set[str] = set()  # methods that the server asked the client for
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    # --- messages --------------------------------------------------------------------------

    def send_bytes(self, body: bytes, head: bytes | None = None) -> None:
        assert self._process.stdin is not None
        head = b"Content-Length: %d\r\n\r\n" % len(body) if head is None else head
        self._process.stdin.write(head + body)
        self._process.stdin.flush()

    def send(self, **message: Any) -> None:
        self.send_bytes(json.dumps({"jsonrpc": "2.0", **message}).encode())

    def notify(self, method: str, params: Any) -> None:
        self.send(method=method, params=params)

    def request(self, method: str, params: Any) -> Any:
        """The result of a request, which has the form that the protocol gives it."""
        self._last_id += 1
        self.send(id=self._last_id, method=method, params=params)
        while True:
            message = self._next()
            if "method" not in message and message["id"] == self._last_id:
                if "error" in message:
                    raise Refused(message["error"]["code"], message["error"]["message"])
                SPEC.structure(message, METHOD_TO_TYPES[method][1])
                return message["result"]

    def _read(self) -> None:
        assert self._process.stdout is not None
        while line := self._process.stdout.readline():
            length = 0
            while line.strip():
                name, _, value = line.partition(b":")
                assert name in (b"Content-Length", b"Content-Type"), line
                length = int(value) if name == b"Content-Length" else length
                line = self._process.stdout.readline()
            body = self._process.stdout.read(length)
            if len(body) == length:  # else it was killed meanwhile
                self._received.put(json.loads(body))
        self._received.put(None)

    def _next(self) -> dict[str, Any]:
        message = self._received.get(timeout=PATIENCE)
        assert message is not None, "the server has left"
        if "method" in message:
            SPEC.structure(message, METHOD_TO_TYPES[message["method"]][0])
        if message.get("method") == "textDocument/publishDiagnostics":
            self.published += 1
            self.uris.add(message["params"]["uri"])
            self._published.setdefault(message["params"]["uri"], []).append(message["params"])
        elif message.get("method") == "window/logMessage":
            self.logged.append(message["params"]["message"])
        elif message.get("method") == "window/showMessage":
            self.messages.append(message["params"]["message"])
        elif "method" in message and "id" in message:
            self.send(id=message["id"], result=self._answer(message))
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        self.asked.add(message["method"])
        if message["method"] != "workspace/configuration":
            return None
        return [self._settings.get(item["section"]) for item in message["params"]["items"]]

    def error(self) -> tuple[int, str]:
        """Code and words of the error that comes next."""
        while "error" not in (message := self._next()):
            pass
        return message["error"]["code"], message["error"]["message"]

    # --- what an editor does ---------------------------------------------------------------

    def begin(self, folder: Path | None, **capabilities: Any) -> None:
        uri = None if folder is None else folder.as_uri()
        result = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": uri,
                "workspaceFolders": None if uri is None else [{"uri": uri, "name": "mine"}],
                "capabilities": {
                    "workspace": {"configuration": True, "workspaceFolders": True},
                    "textDocument": {
                        "hover": {"contentFormat": ["markdown", "plaintext"]},
                        "publishDiagnostics": {"versionSupport": True},
                        "completion": {"completionItem": {"documentationFormat": ["markdown"]}},
                        "codeAction": {
                            "codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}
                        },
                    },
                    **capabilities,
                },
            },
        )
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})

    def open(self, path: Path, text: str | None = None, language: str = "yaml") -> str:
        uri = path.as_uri()
        self._versions[uri] = 1
        text = path.read_text("utf-8") if text is None else text
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})
        return uri

    def change(self, uri: str, text: str) -> None:
        self._versions[uri] += 1
        document = {"uri": uri, "version": self._versions[uri]}
        changes = [{"text": text}]
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": changes})

    def close(self, uri: str) -> None:
        del self._versions[uri]
        self.notify("textDocument/didClose", {"textDocument": {"uri": uri}})

    def diagnostics(self, uri: str) -> list[dict[str, Any]]:
        """What the server says of the text that was given last."""
        while True:
            for said in self._published.pop(uri, []):
                if said.get("version", self._versions.get(uri)) == self._versions.get(uri):
                    found: list[dict[str, Any]] = said["diagnostics"]
                    return found
            self._next()

    def at(self, method: str, uri: str, line: int, character: int) -> Any:
        where = {"line": line, "character": character}
        return self.request(method, {"textDocument": {"uri": uri}, "position": where})

    # --- the end ---------------------------------------------------------------------------

    def leave(self) -> int:
        """Shuts the server down as the protocol asks; its exit code."""
        self.request("shutdown", None)
        self.send(method="exit")
        return self.wait()

    def hang_up(self) -> int:
        assert self._process.stdin is not None
        self._process.stdin.close()
        return self.wait()

    def wait(self) -> int:
        return self._process.wait(PATIENCE)

    def stop(self) -> None:
        self._process.kill()
        self._reader.join(PATIENCE)
        for stream in (self._process.stdin, self._process.stdout):
            assert stream is not None
            with contextlib.suppress(OSError):
                stream.close()
        self.wait()


@pytest.fixture(scope="module")
def yaml_server() -> Iterator[Client]:
    """The YAML language server that editors use, reading what modelines name."""
    home = os.environ.get("YAML_LANGUAGE_SERVER", str(ROOT / ".venv" / "yaml-language-server"))
    script = Path(home) / "node_modules" / "yaml-language-server" / "bin" / "yaml-language-server"
    node = shutil.which("node")
    if node is None or not script.exists():
        pytest.skip("the YAML language server is not installed: `make tests` does, if npm is there")
    settings = {
        "yaml": {
            "validate": True,
            "hover": True,
            "completion": True,
            "schemaStore": {"enable": False},  # no network
            "kubernetesCRDStore": {"enable": False},
        }
    }
    client = Client([node, str(script), "--stdio"], settings)
    yield client
    client.stop()


@pytest.fixture
def start_router(tmp_path: Path) -> Iterator[Callable[..., Client]]:
    """Starts `router lsp` as an editor does: somewhere, told later what is open."""
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    started: list[Client] = []

    def start(**environment: str) -> Client:
        kept = {name: value for name, value in os.environ.items() if name[:7] != "ROUTER_"}
        command = [sys.executable, "-m", "router", "lsp"]
        started.append(Client(command, {}, cwd=elsewhere, env={**kept, **environment}))
        return started[-1]

    yield start
    for client in started:
        client.stop()


@pytest.fixture
def router_server(start_router: Callable[..., Client]) -> Client:
    return start_router()
