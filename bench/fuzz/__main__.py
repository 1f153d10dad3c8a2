"""python -m bench.fuzz TARGET [--seconds N] [--corpus DIR]: fuzz one target, guided by coverage.

Stops at the first input that breaks the oracle, takes 5 s or makes the process larger than 500 MB,
and leaves that input in the corpus's folder: put what is worth keeping into tests/fuzz/cases.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random

import atheris

ROOT = Path(__file__).resolve().parent.parent.parent
_SECONDS, _MEGABYTES, _LONGEST = 5, 500, 8_000

with atheris.instrument_imports(include=["router", "yaml", "jinja2"]):
    from bench.fuzz.oracle import TARGETS


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.fuzz", description=__doc__)
    parser.add_argument("target", choices=TARGETS)
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--corpus", type=Path, default=ROOT / ".fuzz")
    chosen = parser.parse_args(arguments)
    corpus = chosen.corpus / chosen.target
    seeds = chosen.corpus / f"{chosen.target}-seeds"
    for folder in (corpus, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(_seeds(chosen.target)):
        (seeds / f"{number:04}").write_bytes(seed)
    words = chosen.corpus / f"{chosen.target}.dict"
    words.write_text("".join(f"{_quoted(word)}\n" for word in _words(chosen.target)))
    atheris.Setup(
        [
            sys.argv[0],
            f"-max_total_time={chosen.seconds}",
            f"-timeout={_SECONDS}",
            f"-rss_limit_mb={_MEGABYTES}",
            f"-max_len={_LONGEST}",
            f"-dict={words}",
            f"-artifact_prefix={chosen.corpus}/{chosen.target}-",
            "-print_final_stats=1",
            str(corpus),
            str(seeds),
        ],
        TARGETS[chosen.target],
        custom_mutator=_mutated if chosen.target == "policies" else None,
    )
    atheris.Fuzz()


_VALUES = [
    *(b"null", b"true", b"-1", b"0", b"0.5", b"1e300", b"99999999999999999999", b"'1'", b"''"),
    *(b"[]", b"{}", b"[[]]", b"{a: 1}", b"*a", b"&a x", b"30s", b"5%", b"200M", b"1h", b"|"),
    *(b"object", b"string", b"haiku", b"classify", b"_base", b"output.x", b"'{{ message }}'"),
]


def _mutated(data: bytes, limit: int, seed: int) -> bytes:
    """Bytes are changed half the time; else whole lines or values, to get past the YAML."""
    random = Random(seed)
    lines = data.split(b"\n")
    if random.random() < 0.5 or not data:
        changed: bytes = atheris.Mutate(data, limit)
        return changed
    at, other = random.randrange(len(lines)), random.randrange(len(lines))
    line = lines[at]
    match random.randrange(5):
        case 0:
            del lines[at]
        case 1:
            lines.insert(other, line)
        case 2:
            lines[at], lines[other] = lines[other], line
        case 3:
            lines[at] = b"  " + line if random.random() < 0.5 else line.removeprefix(b"  ")
        case _:
            lines[at] = line[: line.rfind(b":") + 1] + b" " + random.choice(_VALUES)
    return b"\n".join(lines)[:limit]


def _seeds(target: str) -> Iterator[bytes]:
    """What the repository, and the public collections where they are, have of this kind."""
    cases = ROOT / "tests" / "fuzz" / "cases" / target
    yield from (path.read_bytes() for path in sorted(cases.glob("*")))
    public = Path(os.environ.get("BAD_INPUT") or ROOT / ".venv" / "bad-input")
    if target == "policies":
        for folder in ("policies", "examples", "tests"):
            for path in sorted((ROOT / folder).rglob("*.yaml")):
                yield path.read_bytes()
        for path in sorted((public / "yaml").glob("????.js")):
            for found in re.finditer(r'"yaml": (".*"),?\n', path.read_text()):
                yield json.loads(found[1]).encode()
        return
    texts = [path.read_text() for path in sorted(ROOT.rglob("policies/**/*.j2"))]
    for path in sorted((ROOT / "tests" / "compiler").glob("test_*.py")):
        texts += re.findall(r'^    "(.*)",?$', path.read_text(), re.MULTILINE)
    for path in sorted((public / "templates").glob("*.txt")):
        texts += path.read_text().splitlines()
    for text in texts:
        code = re.search(r"\{[{%]-?\s*(?:if )?(.*?)\s*-?[%}]\}", text, re.DOTALL)
        if target == "templates":
            yield text.encode()
        elif code is not None:
            yield code[1].encode()


def _words(target: str) -> list[str]:
    """What a mutation may put in: keys of the format, or words of templates."""
    if target == "policies":
        schema = (ROOT / "schemas" / "policy.schema.json").read_text()
        keys = set(re.findall(r'"([A-Za-z_$]{2,24})":', schema))
        marks = ("\n  ", "- ", "&a ", "*a", "{", "[", "|\n", "!x ")
        return [*sorted(f"{key}: " for key in keys), *marks]
    from router.compiler.filters import FILTERS, TESTS

    words = "{{ }} {% %} {# #} {%- -%} for in if else elif endif endfor set include loop.index"
    names = [*FILTERS, *TESTS, "not", "and", "or", "is", "output.label", "message", "range(9)"]
    return [*words.split(), *(f"|{name}" for name in FILTERS), *names, "'i'", "[1:]", "~", "**"]


def _quoted(word: str) -> str:
    return json.dumps(word).replace("\\n", "\\x0A")


main(sys.argv[1:])
