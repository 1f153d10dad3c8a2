"""The shortest program: which of these messages need an answer today?

Without ANTHROPIC_API_KEY the answers are emulated and say so; with it, Claude gives them.
"""

import json
import os
from pathlib import Path

import router

HERE = Path(__file__).parent


def main() -> None:
    offline = not os.environ.get("ANTHROPIC_API_KEY")
    with router.Router(HERE / "policies", offline=offline) as claude:
        for line in (HERE / "inputs.jsonl").read_text(encoding="utf-8").splitlines():
            inputs = json.loads(line)
            result = claude.run("urgent", inputs)
            print(f"{inputs['message'][:60]} …")
            print(
                f"  urgent: {result.output['urgent']}, by {result.model}, "
                f"{result.cost:f} USD{' (emulated)' if result.emulated else ''}"
            )


if __name__ == "__main__":
    main()
