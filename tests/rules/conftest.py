"""Helpers for rule tests: text in, findings out, through the real reader and compiler.

Each rule has a file of cases: `FAILING` and `PASSING` texts by what they show, perhaps the day
`TODAY` on which they are judged. A text gives the
keys of a task in which it differs from `SOUND`, or a whole policy file. In it

- «…» marks where findings of the rule belong, and that there are no others;
- `LONG` stands for a text that every model caches;
- a line `# without: KEY` leaves a key of `SOUND` out;
- a line `# file: NAME` begins another file;
- a surrogate such as \\udcff stands for a byte that is no text.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import date

import pytest

from router.catalog import load_catalog
from router.lint.suppressions import suppress
from router.policy.sources import MemorySources
from router.rules.judge import Judgement, judge

TODAY = date(2026, 11, 22)
MARKS = re.compile("[«»]")
LONG = "All mail is sorted by what its sender wants. " * 60
SOUND = """
version: 1
models: {haiku: claude-haiku-5-5, sonnet: claude-sonnet-5-5, opus: claude-opus-5-5}
tasks:
  sort:
    input:
      type: object
      required: [message]
      additionalProperties: false
      properties:
        message: {type: string, maxLength: 2000}
    output:
      type: object
      required: [label, confidence]
      additionalProperties: false
      properties:
        label: {enum: [billing, abuse, other]}
        confidence: {type: number, minimum: 0, maximum: 1}
    prompt:
      user: '{{ message | tag("message") }}'
    tiers:
      - {model: haiku, max_tokens: 2048, escalate: [{below: 0.8}]}
      - {model: opus, max_tokens: 4096}
    confidence: {field: output.confidence}
""".lstrip()
_KEY = re.compile(r"^«?(\w+)»?:", re.MULTILINE)

Judge = Callable[..., Judgement]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Each case of the module becomes a test of every function that takes one."""
    for argument, name in (("failing", "FAILING"), ("passing", "PASSING")):
        if argument in metafunc.fixturenames:
            cases = getattr(metafunc.module, name)
            metafunc.parametrize(argument, list(cases.values()), ids=list(cases))


@pytest.fixture
def judged(request) -> Judge:
    """Judges `policy.yaml` with this text, and other files by path, on the module's day."""
    today = getattr(request.module, "TODAY", TODAY)

    def run(text: str | bytes, files: dict[str, str | bytes] | None = None, **options) -> Judgement:
        sources = MemorySources({"policy.yaml": text, **(files or {})})
        return judge(sources, load_catalog(), **{"today": today, "infos": True, **options})

    return run


@pytest.fixture
def files_of():
    """The files of a case by name, marks included."""
    return _files_of


@pytest.fixture
def checked(judged, request):
    """Judges a case of a rule; asserts that the rule's findings are where its marks are.

    The rule is the one that the test's file is named after. Errors of other rules are follow-up
    noise and fail the test. Rules of linting speak of comments, which only the linter reads.
    """

    def run(text: str, **options) -> Judgement:
        rule = request.path.stem.removeprefix("test_").replace("_", "-")
        texts = _files_of(text)
        files = {
            name: MARKS.sub("", content).encode(errors="surrogateescape")
            for name, content in texts.items()
        }
        judgement = judged(files["policy.yaml"], files, **options)
        if request.path.parent.name == "linting":
            complete = judgement.policy_set is not None
            suppressed = suppress(judgement.findings, files.items(), complete=complete)
            judgement = judgement._replace(findings=suppressed.findings)
        expected = sorted(span for name, content in texts.items() for span in _spans(name, content))
        found = sorted(
            (one.span.file, one.span.line, one.span.column, one.span.end_line, one.span.end_column)
            for one in judgement.findings
            if one.rule == rule
        )
        assert found == expected, "\n".join(map(str, judgement.findings)) or "no findings"
        noise = [one for one in judgement.findings if one.severity == "error" and one.rule != rule]
        assert not noise, "\n".join(map(str, noise))
        refused = any(one.severity == "error" for one in judgement.findings)
        assert (judgement.policy_set is None) == refused
        return judgement

    return run


def _files_of(text: str) -> dict[str, str]:
    texts = dict(_files(text.replace("LONG", LONG)))
    texts["policy.yaml"] = _whole(texts["policy.yaml"])
    return texts


def _whole(text: str) -> str:
    if not text:
        return SOUND
    if "version" in _KEY.findall(text) or not _KEY.search(text):
        return text
    without = set(re.findall(r"^# without: (\w+)\n", text, re.MULTILINE))
    given = _sections(re.sub(r"^# without: .*\n", "", text, flags=re.MULTILINE))
    if "tiers" in given:
        without.add("confidence")  # what a ladder's rules compare with belongs to the ladder
    head, _, task = SOUND.partition("  sort:\n")
    heads, tasks = _sections(head), _sections(re.sub(r"^    ", "", task, flags=re.MULTILINE))
    heads |= {key: part for key, part in given.items() if key in heads}
    tasks = {key: part for key, part in tasks.items() if key not in without or key in given}
    tasks |= {key: part for key, part in given.items() if key not in heads}
    inside = re.sub(r"^(?=.)", "    ", "".join(tasks.values()), flags=re.MULTILINE)
    return f"{''.join(heads.values())}  sort:\n{inside}"


def _sections(text: str) -> dict[str, str]:
    """The text of each key at the left margin, by key."""
    starts = [(found[1], found.start()) for found in _KEY.finditer(text)]
    text = text if text.endswith("\n") else f"{text}\n"
    starts[0] = (starts[0][0], 0)  # comments above the first key belong to it
    ends = [start for _, start in starts[1:]] + [len(text)]
    return {key: text[start:end] for (key, start), end in zip(starts, ends, strict=True)}


def _files(text: str) -> Iterator[tuple[str, str]]:
    name, lines = "policy.yaml", []
    for line in text.removeprefix("\n").splitlines(keepends=True):
        if line.startswith("# file: "):
            yield name, "".join(lines)
            name, lines = line.removeprefix("# file: ").strip(), []
        else:
            lines.append(line)
    yield name, "".join(lines)


def _spans(name: str, text: str) -> Iterator[tuple[str, int, int, int, int]]:
    line = column = 1
    start = None
    for character in text:
        if character == "«":
            start = (line, column)
        elif character == "»":
            assert start is not None
            yield (name, *start, line, column)
        elif character == "\n":
            line, column = line + 1, 1
        else:
            column += 1
