"""Real answers on this machine, no key: SmolLM2-135M behind llama.cpp, routed by a policy.

`make demo-local` installs both and runs this; --base-url takes another Claude-compatible endpoint.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from router import Result, Router

HERE = Path(__file__).parent
MESSAGES = HERE.parent / "support_triage" / "messages.jsonl"


@contextmanager
def endpoint(given: str | None) -> Iterator[str]:
    """The address of a running server: the one given, or one of our own for as long as needed."""
    if given:
        yield given
        return
    command = [sys.executable, str(HERE / "serve.py"), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:  # noqa: S603 - ours
        try:
            address = server.stdout.readline().strip()  # printed once the model is loaded
            if not address:
                raise SystemExit("the server did not start")
            yield address
        finally:
            server.terminate()


def probe(url: str) -> list[str]:
    """Fields of the Messages API that this endpoint takes without a word and does not obey."""

    def ask(**fields: object) -> dict:
        question = {"role": "user", "content": "Say a word of greeting."}
        body = {"model": "smollm2", "max_tokens": 24, "messages": [question], **fields}
        headers = {"content-type": "application/json", "anthropic-version": "2023-06-01"}
        request = urllib.request.Request(  # noqa: S310 - an address the user gave
            f"{url}/v1/messages", json.dumps(body).encode(), headers
        )
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310 - the same
            return json.load(answer)

    schema = {"type": "object", "properties": {"n": {"type": "integer"}}, "required": ["n"]}
    tool = {"name": "greet", "description": "Greets.", "input_schema": schema}
    ignored = []
    formatted = ask(output_config={"format": {"type": "json_schema", "schema": schema}})
    if not "".join(block.get("text", "") for block in formatted["content"]).startswith("{"):
        ignored.append("structured output (output_config.format)")
    forced = ask(tools=[tool], tool_choice={"type": "tool", "name": "greet"})
    if all(block["type"] != "tool_use" for block in forced["content"]):
        ignored.append("forced tool choice (tool_choice)")
    stopped = ask(stop_sequences=["e", "a", "i", "o", " "])
    if stopped["stop_reason"] != "stop_sequence":
        ignored.append("the stop reason of stop sequences (stop_reason says otherwise)")
    return ignored


def show(message: dict, result: Result) -> None:
    tokens = f"{result.usage.prompt_tokens} in, {result.usage.output_tokens} out"
    print(f"{message['message'][:70]:<72}{result.output['label']:<10}{result.tier}")
    print(f"    {tokens}, {result.latency:.1f} s, {len(result.attempts)} attempt(s)")
    for left in result.left:
        print(f"    left {left.tier}: {left.reason}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--base-url", help="an endpoint that runs already")
    parser.add_argument("--messages", type=int, default=12)
    given = parser.parse_args()
    os.environ["ANTHROPIC_API_KEY"] = "local"  # the SDK wants one; a real one stays at home

    lines = MESSAGES.read_text(encoding="utf-8").splitlines()
    short = [
        m for m in map(json.loads, lines) if len(m["message"]) < 100 and m["message"].isascii()
    ]
    results = []
    with endpoint(given.base_url) as url, Router(HERE / "policies", base_url=url) as router:
        print(f"A real model at {url}: weak, but every answer, token and second below is true.\n")
        print("Asked for, and ignored by it:", "; ".join(probe(url)) or "nothing", "\n")
        for message in short[: given.messages]:
            results.append(router.run("queues", {"message": message["message"]}))
            show(message, results[-1])

    valid = sum(result.accepted for result in results)
    seconds = statistics.median(result.latency for result in results)
    up = sum(bool(result.left) for result in results)
    print(
        f"\n{valid} of {len(results)} answers hold against the schema, which the router enforces; "
        f"{up} needed another try. Median {seconds:.1f} s, {sum(r.cost for r in results)} USD."
    )


if __name__ == "__main__":
    main()
