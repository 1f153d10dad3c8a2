"""Did-you-mean finds what was meant, and is silent where nothing is alike."""

from __future__ import annotations

import pytest

from router.policy.suggest import did_you_mean, suggest

KNOWN = ["max_tokens", "model", "effort", "escalate", "escalate_on", "timeout"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("max_token", "max_tokens"),
        ("maxTokens", "max_tokens"),
        ("max-tokens", "max_tokens"),
        ("Model", "model"),
        ("modle", "model"),
        ("esclate", "escalate"),
        ("time_out", "timeout"),
        ("temperature", None),
        ("x", None),
        ("", None),
        ("m" * 1_000_000, None),
    ],
)
def test_a_typo_leads_to_the_word(word: str, meant: str | None) -> None:
    assert suggest(word, KNOWN) == meant


def test_the_help_line_names_it() -> None:
    assert did_you_mean("modle", KNOWN) == "did you mean `model`?"
    assert did_you_mean("modle", []) is None
