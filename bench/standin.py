"""A loopback stand-in for the API, in a process of its own: it answers every POST with the ticket's
answer, at about a tenth of what any client here needs, so that it is never what is measured.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from bench.workload import ANSWER

__all__ = ["standin"]

_REPLY = (
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nrequest-id: req_011BenchTicket\r\n"
    b"content-length: %d\r\n\r\n%s" % (len(ANSWER), ANSWER)
)


class _Answering(asyncio.Protocol):
    """Reads requests by their content-length and looks at nothing else."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head = self._buffer.find(b"\r\n\r\n")
            if head < 0:
                return
            length = self._buffer[:head].lower().partition(b"content-length:")[2]
            end = head + 4 + int(length.partition(b"\r\n")[0] or 0)
            if len(self._buffer) < end:
                return
            self._buffer = self._buffer[end:]
            self._transport.write(_REPLY)


@contextmanager
def standin() -> Iterator[str]:
    """The base URL of a stand-in that lives as long as the block."""
    process = subprocess.Popen([sys.executable, "-m", "bench.standin"], stdout=subprocess.PIPE)
    assert process.stdout is not None
    try:
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.terminate()
        process.wait()
        process.stdout.close()


async def _serve() -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Answering, "127.0.0.1", 0, backlog=256)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve())
