"""The pytest plugin and the public face of the emulator."""

import subprocess
import sys

import pytest

import router.testing
from router.testing import Emulator, ManualClock, fault

POLICY = """
version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
tasks:
  classify:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties: {message: {type: string}}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, card, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: "Which queue? {{ message | tag('message') }}"
    tiers:
      - {model: haiku, max_tokens: 256, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 512}
    confidence: {field: output.confidence}
"""


def test_every_public_name_is_there():
    for name in router.testing.__all__:
        assert getattr(router.testing, name) is not None
    assert set(router.testing.__all__) <= set(dir(router.testing))
    with pytest.raises(AttributeError):
        _ = router.testing.nothing


def test_the_fixtures_share_one_clock(claude, manual_clock):
    assert isinstance(claude, Emulator)
    assert isinstance(manual_clock, ManualClock)
    assert claude.clock is manual_clock


def test_loading_the_plugin_loads_nothing_of_the_emulator():
    """It is loaded in every pytest run of the environment, used or not."""
    program = (
        "import sys, pytest; before = set(sys.modules); import router.testing.plugin; "
        "print(*sorted(m for m in set(sys.modules) - before if not m.startswith('router')), "
        "*sorted(m for m in sys.modules if m.startswith('router')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["router", "router.testing", "router.testing.plugin"]


@pytest.fixture
def policies(tmp_path):
    root = tmp_path / "policies"
    root.mkdir()
    (root / "classify.yaml").write_text(POLICY)
    return root


def test_a_router_of_the_factory_runs_on_the_scripted_claude(claude, router_factory, policies):
    claude.script.on(tier="haiku").reply({"label": "other", "confidence": 0.4})
    claude.script.on(task="classify", tier="opus").reply({"label": "card", "confidence": 0.9})
    result = router_factory(policies).run("classify", {"message": "It is lost."})
    assert (result.output["label"], result.tier) == ("card", "opus")
    assert result.emulated
    assert [request.tier for request in claude.requests] == ["haiku", "opus"]


def test_waits_between_retries_take_no_time(claude, router_factory, manual_clock, policies):
    claude.script.reply(fault("overloaded"), fault("timeout"), {"label": "card", "confidence": 0.9})
    result = router_factory(policies).run("classify", {"message": "It is lost."})
    assert [attempt.error for attempt in result.attempts] == ["overloaded", "timeout", None]
    assert manual_clock.monotonic() > 1


def test_routers_of_one_test_do_not_share_a_retry_budget(claude, router_factory, policies):
    first, second = router_factory(policies), router_factory(policies)
    assert first._engine.limits is not second._engine.limits
