"""A web handler, as an ASGI application: POST /triage with the inputs as JSON.

    uvicorn app:app           # or hypercorn, granian; ROUTER_OFFLINE=1 needs no key

An `idempotency-key` header makes a repeated request free. Run by itself it asks itself once.
"""

import json
import logging
from http import HTTPStatus
from pathlib import Path

import router
from router import AsyncRouter

POLICIES = Path(__file__).parent.parent / "support_triage" / "policies"
MAX_BODY = 64 * 1024
log = logging.getLogger("triage")

# Whose fault decides the status; the first that fits counts.
STATUSES = (
    (router.InputInvalid, HTTPStatus.UNPROCESSABLE_ENTITY),
    ((router.KeyConflict, router.RunInProgress), HTTPStatus.CONFLICT),
    (router.DeadlineExceeded, HTTPStatus.GATEWAY_TIMEOUT),
    ((router.Unavailable, router.LedgerError), HTTPStatus.SERVICE_UNAVAILABLE),
    (router.RunError, HTTPStatus.BAD_GATEWAY),
    (router.RouterError, HTTPStatus.INTERNAL_SERVER_ERROR),
)
service: AsyncRouter


async def app(scope, receive, send):
    global service
    if scope["type"] == "lifespan":
        await receive()
        service = AsyncRouter(POLICIES, watch=True)  # edits go live without a restart
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await service.close()
        await send({"type": "lifespan.shutdown.complete"})
        return
    status, headers, answer = await handle(scope, receive)
    headers = {"content-type": "application/json", **headers}
    lines = [(name.encode(), value.encode()) for name, value in headers.items()]
    await send({"type": "http.response.start", "status": status, "headers": lines})
    await send({"type": "http.response.body", "body": json.dumps(answer).encode()})


async def handle(scope, receive):
    if (scope["method"], scope["path"]) != ("POST", "/triage"):
        return HTTPStatus.NOT_FOUND, {}, {"error": "POST /triage"}
    try:
        inputs = json.loads(await read_body(receive))
        key = dict(scope["headers"]).get(b"idempotency-key", b"").decode("ascii") or None
        result = await service.run("triage", inputs, key=key)
    except ValueError as error:
        return HTTPStatus.BAD_REQUEST, {}, {"error": f"the body is not JSON: {error}"}
    except router.RouterError as error:
        return failure(error)
    log.info("run %s: %s, %s USD", result.run_id, result.tier, result.cost)
    return HTTPStatus.OK, {}, {**result.output, "accepted": result.accepted, "run": result.run_id}


def failure(error):
    status = next(status for kind, status in STATUSES if isinstance(error, kind))
    details = getattr(error, "details", None)
    log.warning("%s: %s", type(error).__name__, error)  # errors never hold keys or headers
    after = details.retry_after if details is not None else None
    headers = {} if after is None else {"retry-after": str(max(1, round(after)))}
    # A caller learns what it did wrong, not what went wrong inside.
    said = error.message if status < 500 else status.phrase
    return status, headers, {"error": said, "run": details.run_id if details else None}


async def read_body(receive):
    body, more = b"", True
    while more and len(body) <= MAX_BODY:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    if len(body) > MAX_BODY:
        raise ValueError(f"more than {MAX_BODY} bytes")
    return body


async def ask_itself(inputs):
    global service
    sent = []

    async def receive():
        return {"body": json.dumps(inputs).encode()}

    async def send(message):
        sent.append(message)

    async with AsyncRouter(POLICIES, offline=True) as service:
        scope = {"type": "http", "method": "POST", "path": "/triage", "headers": []}
        await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


if __name__ == "__main__":
    import asyncio

    for inputs in ({"message": "My card is gone"}, {"message": ""}, {"text": "no such input"}):
        print(*asyncio.run(ask_itself(inputs)))
