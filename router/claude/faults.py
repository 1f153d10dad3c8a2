"""Error answers, classed by status, error type and error code into what can be done about them.

Statuses, types and codes as in the SDK's `_error_classes.py` and `types/shared/error_type.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Any

import msgspec

from router.claude.redact import clean, preview, token
from router.engine.effects import Fault, FaultKind

__all__ = [
    "classify",
    "classify_type",
    "error_event_fault",
    "error_fault",
    "is_emulated",
    "request_id",
    "retry_after",
    "should_retry",
]

_BY_STATUS = {
    401: FaultKind.AUTH,
    402: FaultKind.BILLING,
    403: FaultKind.PERMISSION,
    404: FaultKind.NOT_FOUND,
    408: FaultKind.REQUEST_TIMEOUT,
    409: FaultKind.CONFLICT,
    413: FaultKind.TOO_LARGE,
    429: FaultKind.RATE_LIMITED,
    529: FaultKind.OVERLOADED,
}

# The status each type goes with, for error bodies and events under 200. The lower half is
# what Bedrock names the same things in its event streams.
_STATUS_OF_TYPE = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "conflict_error": 409,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "api_error": 500,
    "timeout_error": 504,
    "overloaded_error": 529,
    "validationexception": 400,
    "accessdeniedexception": 403,
    "resourcenotfoundexception": 404,
    "throttlingexception": 429,
    "internalserverexception": 500,
    "modelstreamerrorexception": 500,
    "serviceunavailableexception": 503,
    "modeltimeoutexception": 504,
}

_GATEWAY_TIMEOUT = 504
_BAD_GATEWAY = 502


def classify(
    status: int, error_type: str | None = None, error_code: str | None = None
) -> FaultKind:
    """The kind of an error answer.

    The status decides; a code for a spend limit and the types `overloaded_error` and
    `billing_error` say more than the status they came with.
    """
    if error_code is not None and error_code.endswith("spend_limit_reached"):
        return FaultKind.SPEND_LIMIT
    if error_type == "overloaded_error":
        return FaultKind.OVERLOADED
    if error_type == "billing_error":
        return FaultKind.BILLING
    kind = _BY_STATUS.get(status)
    if kind is not None:
        return kind
    if 400 <= status < 500:
        return FaultKind.INVALID_REQUEST
    if status >= 500:
        return FaultKind.SERVER_ERROR
    return FaultKind.BAD_RESPONSE


def classify_type(error_type: str | None, error_code: str | None = None) -> FaultKind:
    """The kind of an error that came under status 200, by its type alone."""
    status = _STATUS_OF_TYPE.get((error_type or "").lower(), 500)
    return classify(status, error_type, error_code)


def error_fault(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    secrets: Iterable[str] = (),
    latency: float = 0.0,
    emulated: bool = False,
    wall: Callable[[], float] = time.time,
) -> Fault:
    """The fault that an answer with an error status, or an error body under 200, stands for."""
    answer = _json_object(body)
    error = _member(answer, "error")
    error_type = token(error.get("type"), secrets)
    error_code = token(_member(error, "details").get("error_code"), secrets)
    kind = (
        classify_type(error_type, error_code)
        if 200 <= status < 300
        else classify(status, error_type, error_code)
    )
    return Fault(
        kind=kind,
        message=_message(status, headers, body, answer, secrets),
        status=status,
        error_type=error_type,
        error_code=error_code,
        request_id=request_id(headers, secrets) or token(answer.get("request_id"), secrets),
        retry_after=retry_after(headers, wall),
        should_retry=should_retry(headers),
        # The API does not bill its own errors. A gateway that gave up waiting cannot know.
        maybe_billed=status == _GATEWAY_TIMEOUT or (status == _BAD_GATEWAY and error_type is None),
        latency=latency,
        emulated=emulated or is_emulated(headers),
    )


def error_event_fault(
    error: Mapping[str, Any],
    headers: Mapping[str, str],
    *,
    status: int,
    secrets: Iterable[str] = (),
) -> Fault:
    """The fault that an `error` event inside a stream stands for; `error` is its inner object."""
    error_type = token(error.get("type"), secrets)
    error_code = token(_member(error, "details").get("error_code"), secrets)
    message = error.get("message")
    return Fault(
        kind=classify_type(error_type, error_code),
        message=clean(message, secrets) if isinstance(message, str) else "an error event",
        status=status,
        error_type=error_type,
        error_code=error_code,
        request_id=request_id(headers, secrets),
        retry_after=retry_after(headers),
        should_retry=should_retry(headers),
    )


def request_id(headers: Mapping[str, str], secrets: Iterable[str] = ()) -> str | None:
    """The id the API, or the platform it runs on, gave the request."""
    value = headers.get("request-id") or headers.get("x-amzn-requestid")
    return token(value, secrets) if value else None


def is_emulated(headers: Mapping[str, str]) -> bool:
    """Whether the answer says of itself that it is the emulator's, whichever way it came."""
    return headers.get("request-id", "").startswith("req_emulated_")


def should_retry(headers: Mapping[str, str]) -> bool | None:
    """What `x-should-retry` says, None where it says nothing."""
    return {"true": True, "false": False}.get(headers.get("x-should-retry", "").strip().lower())


def retry_after(headers: Mapping[str, str], wall: Callable[[], float] = time.time) -> float | None:
    """Seconds to wait by `retry-after-ms` or `retry-after`, in either of its two forms.

    A date is taken against the answer's own `date` header, so that a wrong clock on either side
    does no harm; `wall` (seconds since the epoch) stands in where there is none. None for
    nothing, for garbage, and for what is negative, past or not finite.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    if value is None:
        return None
    seconds = _seconds(value)
    if seconds is not None:
        return seconds
    until = _instant(value)
    if until is None:
        return None
    asked_at = _instant(headers.get("date"))
    wait = until - (wall() if asked_at is None else asked_at)
    return wait if wait >= 0 else None


def _seconds(value: str | None) -> float | None:
    if value is None or len(value) > 40:
        return None
    try:
        seconds = float(value)
    except ValueError:
        return None
    return seconds if 0 <= seconds < float("inf") else None


def _instant(value: str | None) -> float | None:
    if value is None or len(value) > 80:
        return None
    try:
        moment = parsedate_to_datetime(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError, IndexError):
        return None


def _json_object(body: bytes) -> Mapping[str, Any]:
    try:
        answer = msgspec.json.decode(body)
    except (ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, dict) else {}


def _member(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    member = value.get(name)
    return member if isinstance(member, dict) else {}


def _message(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    answer: Mapping[str, Any],
    secrets: Iterable[str],
) -> str:
    for said in (
        _member(answer, "error").get("message"),
        answer.get("message"),
        answer.get("Message"),
        answer.get("error"),
    ):
        if isinstance(said, str) and said.strip():
            return clean(said, secrets)
    if 300 <= status < 400:
        return "the endpoint answered with a redirect, which is never followed"
    shown = preview(body, secrets)
    kind = clean(headers.get("content-type", "").partition(";")[0], secrets, limit=60)
    what = f"status {status} with a body that is no API error"
    if kind:
        what += f" ({kind})"
    return f"{what}: {shown}" if shown else f"status {status} without a message"
