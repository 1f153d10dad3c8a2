"""Policies in real git repositories."""

import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.diffing.changes import Report, TaskDiff
from router.diffing.compare import compare, report_of
from router.diffing.judging import judged
from router.diffing.sides import Side
from router.policy.sources import MemorySources

TODAY = date(2026, 11, 28)
CATALOG = load_catalog()

POLICY = """\
version: 1
models: {haiku: claude-haiku-5-5, opus: claude-opus-5-5}
tasks:
  classify:
    description: Sort a message.
    owner: support
    tags: {product: support}
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 8000}
        plan: {enum: [free, pro], default: free}
    trusted: [plan]
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, card, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      system:
        - {file: prompts/role.md.j2}
        - {file: prompts/taxonomy.md.j2, cache: 1h}
      user: |
        Plan: {{ plan }}
        {{ message | tag("message") }}
    start: [{when: plan == "pro", tier: opus, reason: paid for}]
    tiers:
      - model: haiku
        max_tokens: 512
        effort: low
        timeout: 8s
        escalate: [{below: 0.82}]
      - model: opus
        max_tokens: 1024
    confidence: {field: output.confidence}
    retry: {retries: 4, base: 1s, factor: 2, cap: 15s}
    budget: {run: {usd: 0.05, deadline: 60s}}
"""

FILES: Mapping[str, str] = {
    "classify.yaml": POLICY,
    "prompts/role.md.j2": "You sort messages.\n",
    "prompts/taxonomy.md.j2": "Billing is about invoices. " * 200 + "\n",
}


@dataclass
class Repo:
    """A repository with a policy root in it; what is not committed is the working tree."""

    top: Path

    @property
    def root(self) -> Path:
        return self.top / "policies"

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    def write(self, files: Mapping[str, str | bytes]) -> None:
        for name, text in files.items():
            path = self.root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode() if isinstance(text, str) else text)

    def commit(self, message: str = "change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message)
        return self.git("rev-parse", "HEAD")

    def replace(self, old: str, new: str, name: str = "classify.yaml") -> None:
        text = (self.root / name).read_text()
        assert text.count(old) == 1
        (self.root / name).write_text(text.replace(old, new))

    def diff(self, old: str | None = None, new: str | None = None) -> Report:
        return compare(old, new, root=self.root, catalog=CATALOG, today=TODAY)


@pytest.fixture
def repo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Repo:
    """A fresh repository with one commit, and nothing of the machine's git settings."""
    for name in [name for name in os.environ if name.startswith("GIT_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", os.devnull)
    for who in ("AUTHOR", "COMMITTER"):
        monkeypatch.setenv(f"GIT_{who}_NAME", "someone")
        monkeypatch.setenv(f"GIT_{who}_EMAIL", "someone@example.org")
    made = Repo(tmp_path / "repo")
    made.top.mkdir()
    made.git("init", "-q", "-b", "main")
    made.write(FILES)
    made.commit("first")
    return made


def report(old: Mapping[str, str | bytes], new: Mapping[str, str | bytes]) -> Report:
    """What is told of two roots held in memory."""
    return report_of(
        *(
            judged(Side(name, MemorySources(files)), CATALOG, TODAY)
            for name, files in (("old", old), ("new", new))
        )
    )


Edit = Callable[..., TaskDiff]


@pytest.fixture
def edited() -> Edit:
    """What is told of the one task after an edit of its policy."""

    def edit(*changes: tuple[str, str], files: Mapping[str, str] | None = None) -> TaskDiff:
        text = POLICY
        for old, new in changes:
            assert text.count(old) == 1, old
            text = text.replace(old, new)
        found = report(FILES, {**FILES, "classify.yaml": text, **(files or {})})
        assert not found.broken, found.broken
        assert len(found.tasks) == 1
        return found.tasks[0]

    return edit
