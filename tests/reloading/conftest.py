"""A small policy that the tests of this folder write, change and break."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

POLICY = """
version: 1
tasks:
  {name}:
    input:
      {{type: object, properties: {{text: {{type: string, maxLength: 100}}}}, required: [text]}}
    prompt:
      user: |
        {words} {{{{ text | tag("text") }}}}
    tiers:
      - {{name: only, model: claude-haiku-5-5, max_tokens: {ceiling}}}
"""

Write = Callable[..., Path]


@pytest.fixture
def write() -> Write:
    """Writes the policy file of a task into a folder."""

    def to(folder: Path, name: str = "one", words: str = "Say:", ceiling: int = 256) -> Path:
        path = folder / f"{name}.yaml"
        path.write_text(POLICY.format(name=name, words=words, ceiling=ceiling))
        return path

    return to
