"""Invoices out of e-mails: the tidy ones on the small model, exceptions upward, the rest to people.

Without ANTHROPIC_API_KEY the replies come from replies.jsonl, which was written for this example.
"""

import json
import os
from pathlib import Path

from router import Result, Router, RunError
from router.testing import Answer, Emulator, MessageRequest, Script, reply

HERE = Path(__file__).parent


def read(name: str) -> list[dict]:
    return [json.loads(line) for line in (HERE / name).read_text(encoding="utf-8").splitlines()]


def recorded() -> Emulator:
    answers = {line["id"]: line for line in read("replies.jsonl")}
    documents = {d["text"].splitlines()[-1]: d["id"] for d in read("documents.jsonl")}

    def answer(request: MessageRequest) -> Answer:
        document = next(name for last, name in documents.items() if last in request.text)
        return reply(answers[document][request.tier])

    script = Script()
    script.reply(answer)
    return Emulator(script)


def way(result: Result) -> str:
    """The tiers a document went through, and why it left each."""
    return " ".join(f"[{left.tier}: {left.reason}]" for left in result.left)


def main() -> None:
    emulator = None if os.environ.get("ANTHROPIC_API_KEY") else recorded()
    review, spent = [], 0
    with Router(HERE / "policies", emulator=emulator) as router:
        for document in read("documents.jsonl"):
            inputs = {"text": document["text"], "received": document["received"]}
            try:
                result = router.run("invoice", inputs)
            except RunError as error:
                print(f"{document['id']} failed: {error}")
                review.append(document["id"])
                continue
            spent += result.cost
            record = result.output
            total = f"{record['gross']} {record['currency']}"
            print(
                f"{document['id']} {record['number']:>18} {total:>14}  {result.tier} {way(result)}"
            )
            if record["status"] == "needs_review" or not result.accepted:
                review.append(document["id"])
    print(f"for a person: {', '.join(review)}; {spent:.4f} USD{' (emulated)' if emulator else ''}")


if __name__ == "__main__":
    main()
