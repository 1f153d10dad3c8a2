"""The Router as a caller sees it: runs, streams, keys, plans, threads, tasks; on the emulator."""

from __future__ import annotations

import asyncio
import pickle
import sqlite3
import threading
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import router as package
from router.errors import (
    Exhausted,
    InputInvalid,
    KeyConflict,
    PolicyError,
    SettingsError,
    StreamInterrupted,
    Unavailable,
    UnknownTask,
    UsageError,
)
from router.ledger.base import NullLedger
from router.router import AsyncRouter, Router
from router.settings import Settings
from router.testing import Emulator, fault, refuse, reply
from router.types import Discard, Restart, Result, TextDelta

POLICY = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5}
tasks:
  classify:
    description: Sort a message.
    tags: {product: support}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string, maxLength: 500}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, fraud, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: |
        Sort this. {{ message | tag("message") }}
    tiers:
      - {model: haiku, max_tokens: 256, escalate: [{below: 0.8}]}
      - {model: sonnet, max_tokens: 512}
    confidence: {field: output.confidence}
  write:
    input:
      type: object
      required: [topic]
      additionalProperties: false
      properties: {topic: {type: string, maxLength: 100}}
    prompt:
      user: |
        Write about {{ topic | tag("topic") }}
    tiers:
      - {model: haiku, max_tokens: 256}
"""
SURE = {"label": "billing", "confidence": 0.95}
UNSURE = {"label": "other", "confidence": 0.2}

Make = Callable[..., Router]


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "support.yaml").write_text(POLICY)
    return folder


def texts(events: Any) -> Iterator[str]:
    for event in events:
        if isinstance(event, TextDelta):
            yield event.text


def rows(path: Path, sql: str = "SELECT * FROM attempts") -> list[tuple[Any, ...]]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def test_a_run_gives_a_validated_answer_and_its_account(
    claude: Emulator, router_factory: Make, policies: Path, tmp_path: Path
) -> None:
    """One call in, one accounted answer out."""
    claude.script.on(task="classify").reply(SURE)
    result = router_factory(policies).run("classify", {"message": "charged twice"})
    assert (result.output, result.accepted, result.tier) == (SURE, True, "haiku")
    assert result.emulated
    assert result.tags == {"product": "support"}
    assert result.cost == sum(a.cost for a in result.attempts) > 0
    assert len(rows(tmp_path / "router.ledger.db")) == 1


def test_tags_of_the_call_join_those_of_the_policy(router_factory: Make, policies: Path) -> None:
    """A caller's tags are added, and win."""
    result = router_factory(policies).run("classify", {"message": "x"}, tags={"team": "a"})
    assert result.tags == {"product": "support", "team": "a"}


@pytest.mark.parametrize(
    ("task", "inputs", "options", "error", "words"),
    [
        ("clasify", {"message": "x"}, {}, UnknownTask, "classify"),
        ("classify", {}, {}, InputInvalid, "message"),
        ("classify", {"message": 5}, {}, InputInvalid, "message"),
        ("classify", {"message": "x", "more": 1}, {}, InputInvalid, "more"),
        ("classify", {"message": "x" * 501}, {}, InputInvalid, "message"),
        ("classify", {"message": "x"}, {"tier": "opus"}, UsageError, "haiku, sonnet"),
        ("classify", {"message": "x"}, {"deadline": 0}, UsageError, "deadline"),
        ("classify", {"message": "x"}, {"deadline": "5s"}, UsageError, "number of seconds"),
        ("classify", {"message": "x"}, {"deadline": True}, UsageError, "number of seconds"),
        ("classify", {"message": "x"}, {"tags": ["a"]}, UsageError, "tags"),
        ("classify", {"message": "x"}, {"tags": []}, UsageError, "tags"),
        ("classify", ["message"], {}, UsageError, "inputs"),
        ("classify", "", {}, UsageError, "inputs"),
        (5, {"message": "x"}, {}, UsageError, "task"),
        (["classify"], {"message": "x"}, {}, UsageError, "task"),
        ("classify", {"message": "x"}, {"tags": {"a": 1}}, UsageError, "tags"),
    ],
)
def test_a_bad_call_is_refused_before_anything_is_sent(
    claude: Emulator,
    router_factory: Make,
    policies: Path,
    task: str,
    inputs: dict[str, Any],
    options: dict[str, Any],
    error: type[Exception],
    words: str,
) -> None:
    """It says what is wrong, and costs nothing."""
    with pytest.raises(error, match=words):
        router_factory(policies).run(task, inputs, **options)
    assert claude.calls == 0


def test_faults_are_retried_without_waiting_in_tests(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """Overload is met with a wait on the given clock, then the answer."""
    claude.script.on(task="classify").reply(fault("overloaded"), fault("overloaded"), SURE)
    before = claude.clock.monotonic()
    result = router_factory(policies).run("classify", {"message": "x"})
    assert [a.error for a in result.attempts] == ["overloaded", "overloaded", None]
    assert claude.clock.monotonic() > before
    assert result.attempts[1].waited > 0


def test_an_error_tells_what_was_tried_and_spent_and_pickles(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """What a queue worker or a process pool gets is whole."""
    claude.script.reply(fault("overloaded"))
    with pytest.raises(Unavailable) as caught:
        router_factory(policies).run("classify", {"message": "x"}, deadline=5.0)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.details == caught.value.details
    assert len(again.details.attempts) >= 2
    assert again.details.cost == Decimal(0)


def test_an_exhausted_ladder_says_so(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """Refused everywhere: no answer is made up."""
    claude.script.reply(refuse())
    with pytest.raises(Exhausted, match="refus"):
        router_factory(policies).run("classify", {"message": "x"})


# --- async -------------------------------------------------------------------------------


def test_arun_gives_what_run_gives(claude: Emulator, router_factory: Make, policies: Path) -> None:
    """The sync and the async door lead to the same place."""
    claude.script.on(tier="haiku").reply(UNSURE)
    claude.script.on(tier="sonnet").reply(SURE)
    router = router_factory(policies)
    one = router.run("classify", {"message": "x"})
    two = asyncio.run(router.arun("classify", {"message": "x"}))
    for result in (one, two):
        assert (result.output, result.tier, [a.tier for a in result.attempts]) == (
            SURE,
            "sonnet",
            ["haiku", "sonnet"],
        )
    assert one.cost == two.cost


def test_many_tasks_do_not_mix_their_answers(
    claude: Emulator, router_factory: Make, policies: Path, tmp_path: Path
) -> None:
    """Two hundred concurrent runs each get their own text back, and each has its row."""
    claude.script.on(task="write").reply(lambda request: request.text.split("<topic>")[1][:40])
    router = router_factory(policies)

    async def all_of_them() -> list[Result]:
        return await asyncio.gather(
            *(router.arun("write", {"topic": f"topic-{n:03}"}) for n in range(200))
        )

    results = asyncio.run(all_of_them())
    assert [f"topic-{n:03}" in r.text for n, r in enumerate(results)] == [True] * 200
    assert rows(tmp_path / "router.ledger.db", "SELECT count(*) FROM runs") == [(200,)]


def test_threads_do_not_mix_their_answers(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """One router, eight threads."""
    claude.script.on(task="write").reply(lambda request: request.text.split("<topic>")[1][:40])
    router = router_factory(policies)
    wrong: list[str] = []

    def work(k: int) -> None:
        for n in range(20):
            text = router.run("write", {"topic": f"t-{k}-{n}-"}).text
            if f"t-{k}-{n}-" not in text:
                wrong.append(text)

    threads = [threading.Thread(target=work, args=(k,)) for k in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_a_cancelled_task_leaves_a_cancelled_row(policies: Path, tmp_path: Path) -> None:
    """CancelledError comes out, and the attempt is accounted for at its reservation."""
    ledger = tmp_path / "l.db"
    sent = asyncio.Event()

    class Never:
        emulated = False

        async def send(self, request: Any) -> Any:
            sent.set()
            await asyncio.Event().wait()

        async def close(self) -> None:
            return

    async def go() -> None:
        async with AsyncRouter(policies, ledger=ledger, async_transport=Never()) as router:
            task = asyncio.create_task(router.run("classify", {"message": "x"}))
            await sent.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(go())
    ((status, cost),) = rows(ledger, "SELECT status, cost FROM attempts")
    assert status == "cancelled"
    assert rows(ledger, "SELECT status, cost FROM runs") == [("cancelled", cost)]


# --- keys --------------------------------------------------------------------------------


def test_the_same_key_is_paid_once(claude: Emulator, router_factory: Make, policies: Path) -> None:
    """The stored answer comes back whole, marked as replayed, from another router too."""
    claude.script.on(task="classify").reply(SURE)
    first = router_factory(policies).run("classify", {"message": "x"}, key="k1")
    second = router_factory(policies).run("classify", {"message": "x"}, key="k1")
    third = asyncio.run(router_factory(policies).arun("classify", {"message": "x"}, key="k1"))
    assert claude.calls == 1
    assert (first.replayed, second.replayed, third.replayed) == (False, True, True)
    assert (second.output, second.cost, second.run_id) == (first.output, first.cost, first.run_id)


def test_one_key_with_other_inputs_is_an_error(router_factory: Make, policies: Path) -> None:
    """A reused key is a bug in the caller, not a cache hit."""
    router = router_factory(policies)
    router.run("classify", {"message": "x"}, key="k1")
    with pytest.raises(KeyConflict):
        router.run("classify", {"message": "y"}, key="k1")
    with pytest.raises(KeyConflict):
        router.run("write", {"topic": "x"}, key="k1")


def test_a_key_expires_after_a_day(claude: Emulator, router_factory: Make, policies: Path) -> None:
    """Then the answer is paid for again."""
    router = router_factory(policies)
    router.run("classify", {"message": "x"}, key="k1")
    claude.clock.advance(24 * 3600 + 1)
    assert not router.run("classify", {"message": "x"}, key="k1").replayed


def test_a_failed_run_frees_its_key(claude: Emulator, router_factory: Make, policies: Path) -> None:
    """A failure is not kept."""
    claude.script.on(nth=1).reply(fault("invalid_request"))
    router = router_factory(policies)
    with pytest.raises(package.RequestRefused):
        router.run("classify", {"message": "x"}, key="k1")
    assert not router.run("classify", {"message": "x"}, key="k1").replayed


def test_a_key_needs_somewhere_to_keep_the_answer(router_factory: Make, policies: Path) -> None:
    """Without a ledger file there is no store."""
    with pytest.raises(UsageError, match="ledger"):
        router_factory(policies, ledger=NullLedger()).run("classify", {"message": "x"}, key="k")


# --- streams -----------------------------------------------------------------------------


def test_a_stream_passes_text_on_and_ends_with_the_result(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """The deltas are the answer's text, in order."""
    said = "one two three four five " * 20
    claude.script.on(task="write").reply(said)
    events = list(router_factory(policies).stream("write", {"topic": "x"}))
    assert isinstance(events[-1], Result)
    deltas = [event.text for event in events if isinstance(event, TextDelta)]
    assert len(deltas) > 1
    assert "".join(deltas) == events[-1].text == said


def test_an_async_stream_is_the_same(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """Same events, awaited."""
    claude.script.on(task="write").reply("one two three four five")
    router = router_factory(policies)

    async def collect() -> list[Any]:
        return [event async for event in router.astream("write", {"topic": "x"})]

    assert [type(e) for e in asyncio.run(collect())] == [
        type(e) for e in router.stream("write", {"topic": "x"})
    ]


def test_a_held_stream_never_shows_text_that_is_replaced(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """The first tier's answer is not seen; that it was left is said."""
    claude.script.on(tier="haiku").reply(UNSURE)
    claude.script.on(tier="sonnet").reply(SURE)
    events = list(router_factory(policies).stream("classify", {"message": "x"}))
    assert isinstance(events[0], Restart)
    assert "0.2" not in "".join(e.text for e in events if isinstance(e, TextDelta))
    assert not any(isinstance(e, Discard) for e in events)


def test_an_eager_stream_says_when_to_discard(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """What was passed on is taken back by an event."""
    text = (policies / "support.yaml").read_text()
    eager = text.replace("    description: Sort", "    stream: eager\n    description: Sort")
    (policies / "support.yaml").write_text(eager)
    claude.script.on(tier="haiku").reply(UNSURE)
    claude.script.on(tier="sonnet").reply(SURE)
    events = list(router_factory(policies).stream("classify", {"message": "x"}))
    cut = next(n for n, event in enumerate(events) if isinstance(event, Discard))
    assert any(isinstance(event, TextDelta) for event in events[:cut])
    shown = "".join(e.text for e in events[cut:] if isinstance(e, TextDelta))
    assert shown == events[-1].text


def test_a_stream_cut_after_text_is_an_error_with_the_text_so_far(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """Nothing is retried behind the reader's back."""
    answer = reply("one two three four five " * 20)
    claude.script.on(task="write").reply(fault("truncated_body", answer=answer, after_events=6))
    seen: list[str] = []
    with pytest.raises(StreamInterrupted) as caught:
        seen.extend(texts(router_factory(policies).stream("write", {"topic": "x"})))
    assert caught.value.text
    assert claude.calls == 1


def test_a_reader_who_leaves_early_cancels_the_run(
    claude: Emulator, router_factory: Make, policies: Path, tmp_path: Path
) -> None:
    """Closing the stream settles the attempt as cancelled."""
    claude.script.on(task="write").reply("one two three four five six seven")
    stream = router_factory(policies).stream("write", {"topic": "x"})
    assert isinstance(next(stream), TextDelta)
    stream.close()
    assert rows(tmp_path / "router.ledger.db", "SELECT status FROM attempts") == [("cancelled",)]
    assert rows(tmp_path / "router.ledger.db", "SELECT status FROM runs") == [("cancelled",)]


# --- set-up ------------------------------------------------------------------------------


def test_policies_that_cannot_be_used_are_refused_with_their_findings(tmp_path: Path) -> None:
    """Where, what, and the rule's name."""
    (tmp_path / "bad.yaml").write_text(POLICY.replace("max_tokens: 512", "max_tokns: 512"))
    with pytest.raises(PolicyError) as caught:
        Router(tmp_path, offline=True, ledger=NullLedger())
    (finding,) = [f for f in caught.value.findings if f.severity == "error"]
    assert (finding.rule, finding.span.file, finding.span.line) == ("unknown-key", "bad.yaml", 25)


def test_missing_policies_are_a_settings_error(tmp_path: Path) -> None:
    """It says what to do."""
    with pytest.raises(SettingsError, match="ROUTER_POLICIES"):
        Router(tmp_path / "nowhere", offline=True)


def test_without_a_key_nothing_is_sent_and_nothing_is_charged(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error names the variable; the ledger has no cost for a call that was never made."""
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    with (
        Router(policies, ledger=tmp_path / "l.db") as router,
        pytest.raises(SettingsError, match="ANTHROPIC_API_KEY"),
    ):
        router.run("classify", {"message": "x"})
    assert sum(Decimal(str(c)) for (c,) in rows(tmp_path / "l.db", "SELECT cost FROM runs")) == 0


def test_a_closed_router_says_so(router_factory: Make, policies: Path) -> None:
    """Closing twice is fine; running after is not."""
    router = router_factory(policies)
    router.close()
    router.close()
    with pytest.raises(UsageError, match="closed"):
        router.run("classify", {"message": "x"})


def test_a_plan_shows_the_request_that_a_run_sends(
    claude: Emulator, router_factory: Make, policies: Path
) -> None:
    """What is planned is what goes over the wire, and its bound holds."""
    router = router_factory(policies)
    plan = router.plan("classify", {"message": "hello"})
    result = router.run("classify", {"message": "hello"})
    sent = claude.requests[0].body
    assert dict(plan.tiers[0].request) == {k: v for k, v in sent.items() if k != "stream"}
    assert plan.cost_worst >= result.cost


def test_the_default_router_is_made_from_the_environment(
    policies: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`import router; router.run(...)` works with nothing but variables."""
    monkeypatch.setenv("ROUTER_POLICIES", str(policies))
    monkeypatch.setenv("ROUTER_LEDGER", str(tmp_path / "d.db"))
    monkeypatch.setenv("ROUTER_OFFLINE", "1")
    try:
        assert package.run("classify", {"message": "x"}).emulated
        assert asyncio.run(package.arun("classify", {"message": "x"})).emulated
        assert package.status().tasks == ("classify", "write")
        assert package.plan("classify", {"message": "x"}).task == "classify"
        assert package.reload().revision == package.status().revision
    finally:
        package.close()
    assert rows(tmp_path / "d.db", "SELECT count(*) FROM runs") == [(2,)]


@pytest.mark.parametrize("asked", [False, True])
def test_texts_are_in_the_ledger_only_where_the_deployment_asks(
    router_factory: Make, policies: Path, tmp_path: Path, asked: bool
) -> None:
    """No byte of prompt or answer reaches the ledger's files by default."""
    settings = Settings.from_environment({"ROUTER_LEDGER_TEXT": "1"} if asked else {})
    router = router_factory(policies, settings=settings)
    router.run("write", {"topic": "canary-in-the-prompt"})
    router.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("router.ledger.db*"))
    assert (b"canary-in-the-prompt" in kept) is asked
