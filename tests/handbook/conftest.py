"""Sets of policies to make pages of, and a browser to look at them with.

The browser is spoken to through two pipes with as much of the DevTools protocol as looking at a
page needs; no port is opened.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
import select
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from router.catalog import load_catalog
from router.handbook import Edition
from router.policy.sources import MemorySources
from router.reloading.sources import DirectorySources
from router.resources import shipped
from router.rules.base import Facts
from router.rules.judge import judge

TODAY = date(2026, 11, 28)
EXAMPLES = Path(__file__).parents[2] / "examples"
ROOTS = {
    "starter": shipped("policies"),
    **{root.parent.name: root for root in sorted(EXAMPLES.glob("*/policies"))},
}

Editions = Callable[..., Edition]


@pytest.fixture(scope="session")
def edition_of() -> Editions:
    """An edition of the policies in a directory, or of policies by file name."""

    def run(policies: Path | dict[str, Any], title: str = "Policy handbook") -> Edition:
        if isinstance(policies, Path):
            sources: Any = DirectorySources(policies)
        else:
            texts = {
                name: text if isinstance(text, str) else yaml.safe_dump(text, allow_unicode=True)
                for name, text in policies.items()
            }
            sources = MemorySources(texts)
        catalog = load_catalog()
        judgement = judge(sources, catalog, today=TODAY)
        assert judgement.policy_set is not None, "\n".join(map(str, judgement.findings))
        tasks = {compiled.task.name: compiled for compiled in judgement.tasks}
        facts = Facts(catalog, TODAY, tasks)
        return Edition(title, judgement.policy_set.revision, facts, judgement.findings)

    return run


@pytest.fixture(scope="session")
def many(edition_of: Editions) -> Edition:
    """Sixty tasks of every shape: one to six tiers, long names, media, turns, tools, verifiers."""
    return edition_of({"_all.yaml": PARENT, "many.yaml": {**HEAD, "tasks": dict(_tasks(60))}})


HEAD = {"version": 1, "extends": "_all.yaml"}
PARENT = {
    "version": 1,
    "models": {
        "haiku": "claude-haiku-5-5",
        "sonnet": "claude-sonnet-5-5",
        "opus": "claude-opus-5-5",
        "older": "claude-opus-4-5-20251101",
        "mine": "local:qwen-of-our-own",
    },
    "tasks": {"_base": {"retry": {"retries": 2}}},
}
WORDS = "Sort what customers write, as the contract of each of them says. "


def _tasks(number: int) -> Iterator[tuple[str, dict[str, Any]]]:
    for index in range(number):
        name = (
            f"task_{index:02}"
            if index % 7
            else f"a-very-long-name-of-a-task-that-nobody-cut_{index}"
        )
        yield name, _task(index)
    yield "check", _checker()
    yield "outlandish", _outlandish()


def _task(index: int) -> dict[str, Any]:
    size = 1 + index % 6
    system: list[dict[str, Any]] = [{"text": WORDS * (1 + 20 * (index % 5)), "cache": "1h"}]
    system += [{"text": WORDS * 30}, {"text": WORDS, "cache": "5m"}] if index % 3 else []
    task: dict[str, Any] = {
        "extends": "_base",
        "description": WORDS * (index % 4),
        "owner": ("", "support", "a-team-with-a-name-of-great-length-and-no-blanks")[index % 3],
        "tags": {f"tag-{one}": "value" * one for one in range(index % 5)},
        "input": {
            "type": "object",
            "required": ["message"],
            "additionalProperties": False,
            "properties": {
                "message": {"type": "string", **({"maxLength": 4000} if index % 4 else {})},
                "plan": {"enum": ["free", "team"], "default": "free"},
                **({"turns": {"type": "array"}} if index % 8 == 5 else {}),
                **({"photo": {"type": "object"}} if index % 8 == 6 else {}),
            },
        },
        "trusted": ["plan"],
        "output": {
            "type": "object",
            "required": ["label", "confidence"],
            "additionalProperties": False,
            "properties": {
                "label": {"enum": [f"label_{one}" for one in range(3 + index)]},
                "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            },
        },
        "prompt": {
            "system": system,
            "user": [{"text": '{{ plan }} {{ message | tag("message") }}'}],
        },
        "tiers": [_tier(one, size) for one in range(size)],
        "confidence": (
            {"field": "output.confidence"},
            {"agreement": {"samples": 3, "of": "output.label"}},
            {"verifier": "check"},
        )[index % 3],
        "budget": {"run": {"usd": 50, "deadline": "600s"}},
    }
    if index % 8 == 5:
        task["prompt"]["messages"] = {"input": "turns", "cache": "5m"}
    if index % 8 == 6:
        task["prompt"]["user"].append({"image": {"input": "photo"}})
    if index % 9 == 4:
        schema = {"type": "object", "properties": {"q": {"type": "string"}}}
        task["tools"] = [{"name": "search", "description": WORDS, "input_schema": schema}]
    if size > 2:
        task["start"] = [{"when": 'plan == "team"', "tier": f"tier{size - 1}", "reason": WORDS}]
    if size > 3:
        task["fallback"] = [f"tier{size - 1}", "tier0"]
    return task


def _tier(index: int, size: int) -> dict[str, Any]:
    rules: list[dict[str, Any]] = [{"below": 0.5 + index / 20}]
    if index + 3 < size:
        condition = 'output.label == "label_1" and message | length > 1000 and plan != "free"'
        rules.append({"when": condition, "to": f"tier{size - 1}", "reason": WORDS})
    return {
        "name": f"tier{index}",
        "model": ("haiku", "sonnet", "opus", "mine", "older", "opus")[index],
        "max_tokens": 1000 * (index + 1),
        **({"escalate": rules} if index + 1 < size else {}),
    }


def _outlandish() -> dict[str, Any]:
    """Words without an end and scripts whose width no one knows beforehand."""
    endless, scripts = "endless_" * 14, "分類して 𒐫 ﷽ नमस्ते 👩‍👩‍👧‍👦 مرحبا " * 3
    properties = {endless: {"enum": [endless, scripts]}, "confidence": {"type": "number"}}
    rules = [{"when": f'output.{endless} == "{endless}"', "reason": scripts}, {"below": 0.5}]
    return {
        "description": endless,
        "owner": scripts,
        "tags": {endless: scripts},
        "output": {"type": "object", "required": [endless], "properties": properties},
        "prompt": {"system": [{"text": WORDS}], "user": "Sort."},
        "tiers": [
            {"model": "haiku", "name": endless, "max_tokens": 3000, "escalate": rules},
            {"model": "opus", "name": "分類" * 20, "max_tokens": 3000, "stop_sequences": [endless]},
        ],
        "confidence": {"field": "output.confidence"},
    }


def _checker() -> dict[str, Any]:
    number = {"type": "number"}
    return {
        "input": {
            "type": "object",
            "properties": {"answer": {"type": "string", "maxLength": 9000}},
            "required": ["answer"],
            "additionalProperties": False,
        },
        "output": {
            "type": "object",
            "properties": {"confidence": number},
            "required": ["confidence"],
            "additionalProperties": False,
        },
        "prompt": {"user": '{{ answer | tag("answer") }}'},
        "tiers": [{"model": "haiku", "max_tokens": 300}],
    }


# --- the browser -------------------------------------------------------------------------

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
QUIET = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
    *("--disable-dev-shm-usage", "--hide-scrollbars", "--remote-debugging-pipe"),
)
PATIENCE = 60.0  # seconds for one answer on a busy machine


def browser_here() -> str | None:
    """The browser of this machine, if it has one."""
    return next(filter(None, map(shutil.which, NAMES)), None)


class Browser:
    """One page. `requests` are the addresses it asked for, `complaints` what its console says."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading, self._writing = reading, writing
        self._number = 0
        self._waiting = b""
        self._session: str | None = None
        self.requests: list[str] = []
        self.complaints: list[str] = []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def show(self, page: Path, *, width: int, height: int = 900, dark: bool = False) -> None:
        """Load a page as a screen of this width shows it."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.call("Emulation.setEmulatedMedia", features=[scheme])
        self.resize(width, height)
        self._loaded = False
        self.call("Page.navigate", url=page.as_uri())
        while not self._loaded:
            self._read()

    def resize(self, width: int, height: int = 900) -> None:
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)

    def ask(self, expression: str) -> Any:
        """What a JavaScript expression gives; run by the tester, not by the page."""
        given = self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in given, given["exceptionDetails"]
        return given["result"].get("value")

    def picture(self, *, width: int, height: int = 2000) -> bytes:
        """The top of the page as PNG."""
        clip = {"x": 0, "y": 0, "width": width, "height": height, "scale": 1}
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True, clip=clip)
        return base64.b64decode(shot["data"])

    def print(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        self._number += 1
        message = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            message["sessionId"] = self._session
        os.write(self._writing, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                assert "error" not in answer, answer["error"]
                return answer["result"]

    def _read(self) -> dict[str, Any]:
        until = time.monotonic() + PATIENCE
        while b"\0" not in self._waiting:
            ready, _, _ = select.select([self._reading], [], [], until - time.monotonic())
            assert ready, "the browser does not answer"
            data = os.read(self._reading, 1 << 20)
            assert data, "the browser has gone"
            self._waiting += data
        line, _, self._waiting = self._waiting.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        self._note(message.get("method"), message.get("params", {}))
        return message

    def _note(self, method: str | None, params: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self._loaded = True
        elif method == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])
        elif method == "Log.entryAdded":
            self.complaints.append(params["entry"]["text"])
        elif method in ("Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            self.complaints.append(json.dumps(params))


@contextmanager
def opened(executable: str, home: Path) -> Iterator[Browser]:
    """A browser with a new profile under `home`, ended on the way out."""
    to_browser, from_us = map(_high, os.pipe())
    to_us, from_browser = map(_high, os.pipe())
    null = os.open(os.devnull, os.O_RDWR)
    # The protocol wants its pipes as descriptors 3 and 4.
    places = ((null, 0), (null, 1), (null, 2), (to_browser, 3), (from_browser, 4))
    process = os.posix_spawn(
        executable,
        [executable, *QUIET, f"--user-data-dir={home}"],
        os.environ,
        file_actions=[(os.POSIX_SPAWN_DUP2, ours, theirs) for ours, theirs in places],
    )
    for descriptor in (null, to_browser, from_browser):
        os.close(descriptor)
    try:
        yield Browser(to_us, from_us)
    finally:
        os.close(from_us)  # the browser ends when nobody can speak to it any more
        os.close(to_us)
        os.waitpid(process, 0)


def _high(descriptor: int) -> int:
    """The same pipe under a number that is out of the way."""
    moved = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, 10)
    os.close(descriptor)
    return moved
