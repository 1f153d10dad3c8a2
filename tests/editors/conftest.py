"""A language client over stdio: what an editor does, without the editor."""

from __future__ import annotations

import json
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
PATIENCE = 30.0  # seconds; only ever waited for in full by a server that is broken


class Client:
    """Speaks to one server process; every text it opens is its own, whatever the disk says."""

    def __init__(self, command: list[str], settings: dict[str, Any], **where: Any) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            **where,
        )
        self._settings = settings
        self._received: queue.Queue[dict[str, Any] | None] = queue.Queue()
        self._published: dict[str, list[dict[str, Any]]] = {}
        self._last_id = 0
        self._versions: dict[str, int] = {}
        self.capabilities: dict[str, Any] = {}
        threading.Thread(target=self._read, daemon=True).start()

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
        """The result of a request; a KeyError with the answer in it where that is an error."""
        self._last_id += 1
        self.send(id=self._last_id, method=method, params=params)
        while True:
            message = self._next()
            if "method" not in message and message["id"] == self._last_id:
                if "error" in message:
                    raise KeyError(message["error"])
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
            self._received.put(json.loads(self._process.stdout.read(length)))
        self._received.put(None)

    def _next(self) -> dict[str, Any]:
        message = self._received.get(timeout=PATIENCE)
        assert message is not None, "the server has left"
        if message.get("method") == "textDocument/publishDiagnostics":
            self._published.setdefault(message["params"]["uri"], []).append(message["params"])
        elif "method" in message and "id" in message:
            self.send(id=message["id"], result=self._answer(message))
        return message

    def _answer(self, message: dict[str, Any]) -> Any:
        if message["method"] != "workspace/configuration":
            return None
        return [self._settings.get(item["section"]) for item in message["params"]["items"]]

    # --- what an editor does ---------------------------------------------------------------

    def begin(self, folder: Path, **capabilities: Any) -> None:
        result = self.request(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": folder.as_uri(),
                "workspaceFolders": [{"uri": folder.as_uri(), "name": folder.name}],
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
        self._process.communicate()


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
