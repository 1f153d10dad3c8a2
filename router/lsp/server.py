"""The language server: the protocol's life cycle around one session."""

from __future__ import annotations

import logging
import os
import queue
import threading
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO, Final

from router.lsp import wire
from router.lsp.desk import Desk, path_of
from router.lsp.positions import agreed
from router.lsp.session import Session
from router.lsp.shown import FIX_ALL
from router.lsp.wire import Garbled, Refused, Wire

__all__ = ["serve"]

log = logging.getLogger("router.lsp")
_HUNG_UP: Final = object()
_WATCHED: Final = {"globPattern": "**/*"}  # policies refer to files of any name


def serve(incoming: BinaryIO, outgoing: BinaryIO) -> int:
    """Serve one client until it leaves; the exit code that the protocol asks for.

    0 after `shutdown` and `exit`, 1 where the client just went away. One thread reads, so that
    this one can tell a pause in typing; it judges and answers.
    """
    server = _Server(Wire(incoming, outgoing))
    messages: queue.SimpleQueue[object] = queue.SimpleQueue()
    reader = threading.Thread(target=_read, args=(server.wire, messages), daemon=True)
    reader.start()
    while not server.left:
        try:
            message = messages.get(timeout=server.patience())
        except queue.Empty:
            server.judge()
            continue
        if message is _HUNG_UP:
            break
        server.take(message)
    return 0 if server.shut_down else 1


def _read(wire: Wire, messages: queue.SimpleQueue[object]) -> None:
    """Every message, a fault in place of what is none, and at the end that there are no more."""
    reading = True
    while reading:
        try:
            message = wire.read()
        except Garbled as fault:
            messages.put(fault)
            reading = not fault.fatal
        except (OSError, ValueError):  # the stream is closed
            reading = False
        else:
            messages.put(_HUNG_UP if message is None else message)
            reading = message is not None
    messages.put(_HUNG_UP)


class _Server:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire
        self.left = False
        self.shut_down = False
        self._session: Session | None = None
        self._watches = False

    # --- judging ----------------------------------------------------------------------------

    def patience(self) -> float | None:
        return None if self._session is None else self._session.patience()

    def judge(self) -> None:
        if self._session is not None:
            self._guarded(self._session.judge)

    # --- messages ---------------------------------------------------------------------------

    def take(self, message: object) -> None:
        """One message, or the fault in its place."""
        if isinstance(message, Garbled):
            log.warning("%s", message)
            self.wire.refuse(None, wire.PARSE, str(message))
        elif isinstance(message, Mapping) and isinstance(message.get("method"), str):
            method, params = message["method"], message.get("params") or {}
            if "id" in message:
                self._answer(message["id"], method, params)
            else:
                self._note(method, params)
        # else an answer to what we asked: there is nothing to do with it

    def _answer(self, id: Any, method: str, params: Any) -> None:  # noqa: A002 - as in JSON-RPC
        try:
            result = self._request(method)(params)
        except Refused as refused:
            self.wire.refuse(id, refused.code, str(refused))
        except Exception as error:  # noqa: BLE001 - the author's session outlives our mistakes
            self.wire.refuse(id, wire.INTERNAL, self._told(error))
        else:
            self.wire.send(id=id, result=result)

    def _note(self, method: str, params: Any) -> None:
        if method == "exit":
            self.left = True
        handler = self._notification(method)
        if handler is not None:
            self._guarded(handler, params)

    def _request(self, method: str) -> Callable[[Any], Any]:
        if self._session is None:
            if method == "initialize":
                return self._initialize
            raise Refused(wire.NOT_INITIALIZED, "the first request is initialize")
        if self.shut_down:
            raise Refused(wire.INVALID, "after shutdown there is only exit")
        match method:
            case "shutdown":
                return self._shutdown
            case "textDocument/hover":
                return self._session.hover
            case "textDocument/codeAction":
                return self._session.actions
        raise Refused(wire.UNKNOWN_METHOD, f"there is no {method} here")

    def _notification(self, method: str) -> Callable[[Any], Any] | None:
        if self._session is None or self.shut_down:
            return None
        match method:
            case "initialized":
                return self._initialized
            case "textDocument/didOpen" | "textDocument/didChange":
                return self._session.put
            case "textDocument/didClose":
                return self._session.drop
            case "textDocument/didSave":
                return self._session.touch
            case "workspace/didChangeWatchedFiles":
                return self._session.files_changed
        return None

    def _guarded(self, handler: Callable[..., Any], *arguments: Any) -> None:
        """What fails in a handler is told, and the session goes on."""
        try:
            handler(*arguments)
        except Exception as error:  # noqa: BLE001 - as above
            self._told(error)

    def _told(self, error: Exception) -> str:
        log.error("in the language server", exc_info=error)
        said = f"{type(error).__name__}: {error}"
        self.wire.notify("window/logMessage", {"type": 1, "message": f"router lsp: {said}"})
        return said

    # --- the life cycle ---------------------------------------------------------------------

    def _initialize(self, params: Any) -> dict[str, Any]:
        folder = _folder(params)
        if folder is not None:
            os.chdir(folder)  # from here on as `router lint` in that directory
        capabilities = params.get("capabilities") or {}
        general = capabilities.get("general") or {}
        encoding = agreed(general.get("positionEncodings") or ())
        files = (capabilities.get("workspace") or {}).get("didChangeWatchedFiles") or {}
        self._watches = bool(files.get("dynamicRegistration"))
        usual = Path(os.environ.get("ROUTER_POLICIES") or "policies")
        self._session = Session(Desk(Path.cwd(), [usual]), encoding, self._publish, self._complain)
        return {
            "capabilities": {
                "positionEncoding": encoding,
                "textDocumentSync": {"openClose": True, "change": 1, "save": True},
                "hoverProvider": True,
                "codeActionProvider": {"codeActionKinds": ["quickfix", FIX_ALL]},
            },
            "serverInfo": {"name": "router lsp", "version": version("policy-router")},
        }

    def _initialized(self, _: Any) -> None:
        if self._watches:
            options = {"watchers": [_WATCHED]}
            method = "workspace/didChangeWatchedFiles"
            registration = {"id": "files", "method": method, "registerOptions": options}
            self.wire.send(
                id="files",
                method="client/registerCapability",
                params={"registrations": [registration]},
            )

    def _shutdown(self, _: Any) -> None:
        self.shut_down = True

    def _publish(self, params: dict[str, Any]) -> None:
        self.wire.notify("textDocument/publishDiagnostics", params)

    def _complain(self, said: str) -> None:
        self.wire.notify("window/showMessage", {"type": 2, "message": f"router lsp: {said}"})


def _folder(params: Any) -> Path | None:
    """The directory that the editor has open, the first of several."""
    folders = params.get("workspaceFolders") or ()
    uris = [one["uri"] for one in folders] or [params.get("rootUri")]
    path = path_of(uris[0]) if uris[0] else None
    return path if path is not None and path.is_dir() else None
