"""Route a bank's support messages, then say what it cost and how often it was right.

Without ANTHROPIC_API_KEY the replies come from replies.jsonl, which was written for this example.
"""

import asyncio
import html
import json
import os
from collections import Counter
from pathlib import Path

from router import Result, Router
from router.testing import Answer, Emulator, MessageRequest, Script, by_tag, reply

HERE = Path(__file__).parent


def read(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def recorded() -> Emulator:
    """A Claude that gives each tier's recorded answer to the message it is asked about."""
    answers = {line["id"]: line for line in read("replies.jsonl")}
    by_message = {m["message"].strip(): answers[m["id"]] for m in read("messages.jsonl")}
    asked_about = by_tag("message")

    def answer(request: MessageRequest) -> Answer:
        return reply(by_message[html.unescape(asked_about(request))][request.tier])

    script = Script()
    script.reply(answer)
    return Emulator(script)


async def main() -> None:
    emulator = None if os.environ.get("ANTHROPIC_API_KEY") else recorded()
    messages = read("messages.jsonl")
    router = Router(HERE / "policies", emulator=emulator)
    gate = asyncio.Semaphore(8)

    async def triage(message: dict) -> Result:
        async with gate:
            inputs = {"message": message["message"], "plan": message["plan"]}
            return await router.arun("triage", inputs, tags={"plan": message["plan"]})

    results = await asyncio.gather(*map(triage, messages))
    await router.aclose()

    right = sum(r.output["label"] == m["label"] for r, m in zip(results, messages, strict=True))
    tiers = Counter(result.tier for result in results)
    print(f"{right} of {len(results)} in the right queue; answered by {dict(tiers)}")
    print(f"{sum(result.cost for result in results):.4f} USD")
    if emulator:
        print("The replies were emulated; the prices are real.")
    print("`router report --by tag:plan` shows where the money went.")


if __name__ == "__main__":
    asyncio.run(main())
