"""`router emulate`: the loopback server until it is told to stop."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from types import FrameType

from router.emulator.core import Emulator
from router.emulator.scriptfile import load_replies
from router.emulator.server import serve
from router.errors import SettingsError

__all__ = ["serve_forever"]


def serve_forever(
    *,
    port: int = 0,
    host: str = "127.0.0.1",
    script: Path | None = None,
    seed: int = 0,
    say: Callable[[str], object] = print,
) -> None:
    """Serves until SIGINT or SIGTERM. `say` is given the address once, with a line feed.

    Raises:
        SettingsError: the script cannot be read, the port is taken, the host is not loopback.
    """
    try:
        rules, others = (None, ()) if script is None else load_replies(script)
        emulator = Emulator(rules, *others, seed=seed)
        with serve(emulator, port, host) as server:
            say(f"emulating Claude on {server.url} (replies are not real); stop with Ctrl-C\n")
            _wait_for_signal()
    except (OSError, ValueError) as error:
        raise SettingsError(f"cannot emulate: {error}") from None


def _wait_for_signal() -> None:
    stop = threading.Event()

    def asked(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    before = {number: signal.signal(number, asked) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        stop.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
