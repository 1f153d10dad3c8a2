"""The emulator's core: a request in, a reply out. It opens no socket and sleeps for nobody."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from email.utils import formatdate
from itertools import chain
from random import Random
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import msgspec

from router.catalog import load_catalog
from router.catalog.models import Catalog, Model
from router.emulator.breakpoints import breakpoint_problems
from router.emulator.cache import PromptCache
from router.emulator.capability import Asked, capability_problems
from router.emulator.clock import Clock, SystemClock
from router.emulator.limits import RateLimiter, RateLimits
from router.emulator.message import build_message
from router.emulator.models import model_info, model_page
from router.emulator.prompt import Prompt, read_prompt
from router.emulator.replies import Answer, Fault
from router.emulator.request import MessageRequest
from router.emulator.respond import answer_reply, error_reply, fault_reply, json_reply
from router.emulator.script import Replies, Script
from router.emulator.structure import structure_problems
from router.emulator.wire import EmulatedReply

__all__ = ["Emulator"]

_LARGEST = 32 * 1024 * 1024
_REMEMBERED = 1_000
_VERSION = "anthropic-version"


class _Refused(Exception):
    """The API refuses the request."""

    def __init__(self, status: int, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class Emulator:
    """An in-process Claude: same wire format, same refusals, scripted or recorded replies.

    Replies come from `script`, then from each of `replies` (recordings, for example), and else
    are made up in the shape that the request asks for, the same for the same `seed` and request.
    Every id it gives begins with `…_emulated_`. Safe to use from several threads.

    Attributes:
        script: the rules; add to them with `emulator.script.on(…).reply(…)`.
        requests: the last 1,000 message requests that were accepted, oldest first.
        calls: how many requests have come in, refused ones included.
    """

    def __init__(
        self,
        script: Script | None = None,
        *replies: Replies,
        catalog: Catalog | None = None,
        clock: Clock | None = None,
        seed: int = 0,
        limits: RateLimits | None = None,
        api_key: str | None = None,
    ) -> None:
        """`api_key`: when given, requests with another key or none are answered with a 401.

        Raises:
            CatalogError: a broken installation.
        """
        self.script = script or Script()
        self.clock: Clock = clock or SystemClock()
        self.requests: deque[MessageRequest] = deque(maxlen=_REMEMBERED)
        self.calls = 0
        self._replies = replies
        self._catalog = catalog or load_catalog()
        self._seed = seed
        self._api_key = api_key
        self._rate_limits = limits or RateLimits()
        self._limiter = RateLimiter(self._rate_limits)
        self._cache = PromptCache()
        self._accepted = 0
        self._lock = threading.RLock()

    def reset(self) -> None:
        """Forgets the script, the requests, the cache and the state of the rate limits."""
        with self._lock:
            self.script.clear()
            self.requests.clear()
            self.calls = self._accepted = 0
            self._cache.clear()
            self._limiter = RateLimiter(self._rate_limits)

    def handle(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes = b""
    ) -> EmulatedReply:
        """Answers one HTTP request. `path` may carry a query; header names in any case."""
        lowered = {name.lower(): value for name, value in headers.items()}
        now = self.clock.time()
        with self._lock:
            self.calls += 1
            number = self.calls
        answer_headers = self._headers(number, now)
        try:
            self._check_access(lowered)
            return self._route(method, path, lowered, body, answer_headers, now)
        except _Refused as refused:
            reply = error_reply(refused.status, refused.message, answer_headers)
            if refused.retry_after is not None:
                reply.headers["retry-after"] = str(max(1, round(refused.retry_after)))
            return reply

    def _headers(self, number: int, now: float) -> dict[str, str]:
        token = self._random(number).getrandbits(64)
        return {
            "date": formatdate(now, usegmt=True),
            "request-id": f"req_emulated_{number:06d}_{token:016x}",
            "anthropic-organization-id": "00000000-0000-4000-8000-0000000e1a7e",
            "x-emulated": "true",
        }

    def _random(self, *parts: object) -> Random:
        """The same numbers for the same seed and parts."""
        return Random(":".join(map(str, (self._seed, *parts))))  # noqa: S311 - no secret in it

    def _check_access(self, headers: Mapping[str, str]) -> None:
        version = headers.get(_VERSION)
        if version is not None and not _is_date(version):
            raise _Refused(400, f"{_VERSION}: {version!r} is not a valid version")
        if self._api_key is None:
            return
        bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
        given = headers.get("x-api-key") or bearer
        if not given:
            raise _Refused(401, "x-api-key header is required")
        if given != self._api_key:
            raise _Refused(401, "invalid x-api-key")

    def _route(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        answer_headers: dict[str, str],
        now: float,
    ) -> EmulatedReply:
        url = urlsplit(path)
        route = url.path.rstrip("/")
        day = datetime.fromtimestamp(now, UTC).date()
        if route == "/v1/messages":
            _only(method, "POST")
            return self._messages(_parsed(body), headers, answer_headers, now, day)
        if route == "/v1/messages/count_tokens":
            _only(method, "POST")
            _, prompt = self._accept(_parsed(body), headers, day, counting=True)
            return json_reply({"input_tokens": prompt.tokens}, answer_headers)
        if route == "/v1/models":
            _only(method, "GET")
            return json_reply(self._models(parse_qs(url.query), day), answer_headers)
        if route.startswith("/v1/models/"):
            _only(method, "GET")
            model = self._resolve(unquote(route.removeprefix("/v1/models/")))
            return json_reply(model_info(model, day), answer_headers)
        raise _Refused(
            404, f"Not found: {url.path}; the emulator has messages, count_tokens, models"
        )

    def _models(self, query: Mapping[str, list[str]], day: date) -> dict[str, Any]:
        try:
            return model_page(self._catalog, query, day)
        except ValueError as error:
            raise _Refused(400, str(error)) from None

    def _messages(
        self,
        body: dict[str, Any],
        headers: Mapping[str, str],
        answer_headers: dict[str, str],
        now: float,
        day: date,
    ) -> EmulatedReply:
        model, prompt = self._accept(body, headers, day)
        with self._lock:
            wait = self._limiter.wait(model, prompt.tokens, now)
            if wait is not None:
                answer_headers.update(self._limiter.headers(model, now))
                raise _Refused(429, "This request would exceed the rate limit", retry_after=wait)
            self._accepted += 1
            request = MessageRequest(body, headers, model.id, self._accepted)
            self.requests.append(request)
        item = self._reply_to(request)
        if isinstance(item, Fault):
            with self._lock:
                answer_headers.update(self._limiter.headers(model, now))
            return fault_reply(item, answer_headers, now)
        return self._answer(item, request, model, prompt, answer_headers, now)

    def _answer(
        self,
        answer: Answer,
        request: MessageRequest,
        model: Model,
        prompt: Prompt,
        answer_headers: dict[str, str],
        now: float,
    ) -> EmulatedReply:
        minimum = model.limits.min_cacheable_tokens if model.limits else None
        with self._lock:
            used = self._cache.use(model.id, minimum, prompt.blocks, now)
        used = used.plus_input(prompt.beside)
        random = self._random(request.number, prompt.key)
        # What is made up depends on the request alone: the same question, the same answer.
        content_random = self._random(prompt.key)
        message = build_message(answer, request, model, used, content_random, random)
        with self._lock:
            output = message["usage"].get("output_tokens")
            spent = output if isinstance(output, int) else 0
            self._limiter.spend(model, used.total - used.read, spent, now)
            answer_headers.update(self._limiter.headers(model, now))
        stream = bool(request.body.get("stream"))
        reply = answer_reply(answer, message, answer_headers, stream=stream)

        def begin() -> None:
            with self._lock:
                used.commit()

        reply.on_begin = begin
        return reply

    def _reply_to(self, request: MessageRequest) -> Answer | Fault:
        for source in (self.script, *self._replies):
            if (item := source.reply_to(request)) is not None:
                return item
        if self.script.strict:
            where = f"task {request.task}, tier {request.tier}, model {request.model}"
            raise _Refused(400, f"[emulated] no reply is scripted for this request ({where})")
        return Answer()

    def _accept(
        self, body: dict[str, Any], headers: Mapping[str, str], day: date, *, counting: bool = False
    ) -> tuple[Model, Prompt]:
        """The model and the prompt of a request that the API would take.

        Raises:
            _Refused: the API would not.
        """
        betas = frozenset(b.strip() for b in headers.get("anthropic-beta", "").split(",") if b)
        _refuse_first(structure_problems(body, counting=counting, beta=bool(betas)))
        model = self._resolve(body["model"])
        if model.lifecycle.status_on(day) == "retired":
            raise _Refused(404, f"model: {body['model']} (retired)")
        problems: Iterator[str] = breakpoint_problems(body)
        if model.capabilities is not None:
            asked = Asked(body, model, model.capabilities, day, headers.get(_VERSION, ""), betas)
            problems = chain(capability_problems(asked), problems)
        _refuse_first(problems)
        prompt = read_prompt(body, model)
        window = model.limits.context_window if model.limits else None
        if window is not None and prompt.tokens > window:
            raise _Refused(400, f"prompt is too long: {prompt.tokens} tokens > {window} maximum")
        return model, prompt

    def _resolve(self, name: str) -> Model:
        model = self._catalog.get(self._catalog.aliases.get(name, name))
        if model is None:
            raise _Refused(404, f"model: {name}")
        return model


def _only(method: str, allowed: str) -> None:
    if method.upper() != allowed:
        raise _Refused(405, "Method Not Allowed")


def _parsed(body: bytes) -> dict[str, Any]:
    if len(body) > _LARGEST:
        raise _Refused(413, "Request exceeds the maximum allowed number of bytes (32 MB)")
    try:
        parsed = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        raise _Refused(400, "The request body is not valid JSON") from None
    if not isinstance(parsed, dict):
        raise _Refused(400, "The request body is not a JSON object")
    return parsed


def _refuse_first(problems: Iterator[str]) -> None:
    for problem in problems:
        raise _Refused(400, problem)


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True
