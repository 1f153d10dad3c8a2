"""A conversation about one cached document: each turn reads what came before, and says so.

Without ANTHROPIC_API_KEY the replies come from turns.jsonl, which was written for this example.
"""

import json
import os
from pathlib import Path

from router import Discard, Result, Router, TextDelta
from router.testing import Emulator, Script

HERE = Path(__file__).parent


def main() -> None:
    lines = (HERE / "turns.jsonl").read_text(encoding="utf-8").splitlines()
    turns = [json.loads(line) for line in lines]
    emulator = None
    if not os.environ.get("ANTHROPIC_API_KEY"):
        emulator = Emulator(Script())
        emulator.script.reply(*(turn["reply"] for turn in turns))

    history: list[dict] = []
    with Router(HERE / "policies", emulator=emulator) as router:
        for turn in turns:
            inputs = {"question": turn["question"], "history": history}
            print(f"\n> {turn['question']}")
            for event in router.stream("ask_handbook", inputs):
                match event:
                    case TextDelta(text=text):
                        print(text, end="", flush=True)
                    case Discard(reason=reason):
                        print(f"\n(forget that: {reason})")
                    case Result() as result:
                        usage = result.usage
            print(
                f"\n  [{usage.cache_read_tokens} tokens read from the cache, "
                f"{usage.cache_write_5m_tokens + usage.cache_write_1h_tokens} written, "
                f"{usage.input_tokens} neither; {result.cost:f} USD]"
            )
            history.append({"role": "user", "content": turn["question"]})
            history.append({"role": "assistant", "content": result.text})
    if emulator:
        print("\nThe replies were emulated; the prices are real.")


if __name__ == "__main__":
    main()
