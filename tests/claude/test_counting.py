"""Tokens are counted by the API: what is asked, and what is said where it does not count."""

from __future__ import annotations

import pytest

from router.claude.counting import count_tokens
from router.claude.settings import ClientSettings, transport
from router.claude.transport import TransportFault, WireReply
from router.emulator.transport import EmulatorTransport
from router.errors import RouterError, SettingsError

BODY = {
    "model": "claude-haiku-5-5",
    "system": [{"type": "text", "text": "You sort mail. " * 40}],
    "messages": [{"role": "user", "content": "x"}],
}


class Answering:
    emulated = False
    secrets = ("sk-secret-key",)

    def __init__(self, status: int = 200, body: bytes = b"") -> None:
        self._reply = WireReply(status, {}, body)
        self.asked = []

    def send(self, request):
        self.asked.append(request)
        return self._reply

    def stream(self, request):
        raise AssertionError(request)

    def close(self) -> None:
        pass


def test_the_emulator_counts_as_it_bills():
    asked = EmulatorTransport()
    short = count_tokens(asked, {**BODY, "system": []})
    assert count_tokens(asked, BODY) > short > 0


def test_the_counter_has_a_path_of_its_own_and_the_platforms_name_of_the_model():
    asked = Answering(body=b'{"input_tokens": 7}')
    asked.model_name = lambda model: f"platform.{model}"
    assert count_tokens(asked, BODY) == 7
    (request,) = asked.asked
    assert request.path == "/v1/messages/count_tokens"
    assert request.body == {**BODY, "model": "platform.claude-haiku-5-5"}


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"input_tokens": "7"}', b'{"input_tokens": -1}', b"\xff"]
)
def test_what_is_no_count_is_refused(body):
    with pytest.raises(RouterError, match="no number"):
        count_tokens(Answering(body=body), BODY)


def test_a_refusal_is_told_without_secrets():
    body = b'{"type": "error", "error": {"type": "not_found_error", "message": "no sk-secret-key"}}'
    with pytest.raises(RouterError, match="counts no tokens") as caught:
        count_tokens(Answering(404, body), BODY)
    assert "sk-secret-key" not in caught.value.message


def test_a_broken_connection_is_told():
    class Broken(Answering):
        def send(self, request):
            raise TransportFault("connection", "no route to the endpoint", maybe_billed=False)

    with pytest.raises(RouterError, match="no route"):
        count_tokens(Broken(), BODY)


def test_without_a_key_nothing_is_sent(monkeypatch):
    for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "ANTHROPIC_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(SettingsError, match="key"):
        count_tokens(transport(ClientSettings()), BODY)
