"""Every rule has its file of cases, says truthfully what it needs, and has a page."""

from __future__ import annotations

import ast
import importlib.util
import re
from datetime import date
from pathlib import Path

import pytest

from router import compiler, policy
from router.catalog import load_catalog
from router.compiler.compile import compile_documents
from router.policy.loader import load_documents
from router.policy.sources import MemorySources
from router.resources import shipped
from router.rules import checks, linting, reading
from router.rules.base import Facts
from router.rules.prompts import forget
from router.rules.registry import all_rules, rule_names

TODAY = date(2026, 11, 22)
HERE = Path(__file__).parent
PACKAGES = {"checks": checks, "reading": reading, "linting": linting}


def case_modules():
    for path in sorted(HERE.glob("*/test_*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        yield path.stem.removeprefix("test_").replace("_", "-"), module


CASES = dict(case_modules())


@pytest.mark.parametrize("kind", PACKAGES)
def test_every_rule_has_a_file_of_cases_and_every_file_a_rule(kind):
    rules = {path.stem for path in Path(PACKAGES[kind].__path__[0]).glob("[a-z]*.py")}
    assert {path.stem.removeprefix("test_") for path in (HERE / kind).glob("test_*.py")} == rules


@pytest.mark.parametrize("name", rule_names())
def test_every_rule_is_shown_to_fail_and_to_pass(name):
    module = CASES[name]
    assert module.FAILING
    assert module.PASSING
    functions = [one for key, one in vars(module).items() if key.startswith("test_")]
    arguments = {one for made in functions for one in made.__code__.co_varnames}
    assert {"failing", "passing"} <= arguments


def test_the_policy_that_cases_differ_from_is_sound(judged, files_of):
    judgement = judged(files_of("")["policy.yaml"])
    assert judgement.policy_set is not None
    assert all(one.severity == "info" for one in judgement.findings)


def test_findings_of_checks_carry_help(judged, files_of):
    """Each rule ends with advice, except where the message is the advice."""
    silent = {"constant-condition"}
    for name, found in all_rules().items():
        if found.check or found.check_text or found.check_set:
            helped = [one.help for one in _findings(judged, files_of, name)]
            assert any(helped) or name in silent, name


def _findings(judged, files_of, name):
    for text in CASES[name].FAILING.values():
        files = _files(files_of(text))
        today = getattr(CASES[name], "TODAY", TODAY)
        judgement = judged(files.pop("policy.yaml"), files, today=today)
        yield from (one for one in judgement.findings if one.rule == name)


def _files(texts):
    return {
        name: re.sub("[«»]", "", text).encode(errors="surrogateescape")
        for name, text in texts.items()
    }


# --- what a rule needs ---------------------------------------------------------------------------


class Touched(Exception):
    pass


class Untouchable:
    """A catalog that nobody may look at."""

    def __getattr__(self, name):
        raise Touched(name)


def test_a_rule_looks_at_the_catalog_exactly_if_it_says_so(files_of):
    """Static rules never do; of the others each does on one of its own failing policies."""
    touching: set[str] = set()
    for cases in CASES.values():
        for text in (*cases.FAILING.values(), *cases.PASSING.values()):
            documents, tasks = _compiled(_files(files_of(text)))
            by_name = {one.task.name: one for one in tasks}
            models = {document.file: document.models for document in documents}
            facts = Facts(Untouchable(), TODAY, by_name, models, documents=documents)
            touching |= set(_touching(facts, tasks))
    said = {name for name, rule in all_rules().items() if rule.needs != "policy"}
    assert said - touching == {"unknown-model"}  # which the compiler finds
    assert touching <= said


def _compiled(files):
    sources = MemorySources(files)
    documents = load_documents(sources).documents
    return documents, compile_documents(documents, sources, load_catalog(), today=TODAY).tasks


def _touching(facts, tasks):
    for name, rule in all_rules().items():
        try:
            for one in tasks if rule.check else ():
                forget(one)
                list(rule.check(one, facts))
            if rule.check_set:
                list(rule.check_set(facts))
        except Touched:
            yield name


def test_rules_that_estimate_say_so():
    for name, found in all_rules().items():
        if found.check is not None:
            source = Path(found.check.__code__.co_filename).read_text(encoding="utf-8")
            estimates = "router.rules.sizes" in source or "import estimate_" in source
            assert estimates == (found.needs == "estimates"), name


# --- names of findings ---------------------------------------------------------------------------

NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)+")


def test_no_finding_has_a_name_without_a_page():
    """Every rule name that the reader or the compiler can say, read from their code and schema."""
    said: set[object] = set()
    for package in (policy, compiler):
        for path in Path(package.__path__[0]).rglob("*.py"):
            tree = ast.walk(ast.parse(path.read_text()))
            said |= {node.value for node in tree if isinstance(node, ast.Constant)}
    names = {name for name in said if isinstance(name, str) and NAME.fullmatch(name)}
    assert len(names) > 30
    schema = (shipped("schemas") / "policy.schema.json").read_text()
    names |= set(re.findall(r'"x-rule": "([a-z0-9-]+)"', schema))
    formats = {"date-time", "idn-email", "idn-hostname", "iri-reference", "json-pointer"}
    formats |= {"relative-json-pointer", "uri-reference", "uri-template"}
    keywords = {"utf-8", "x-refused", "x-beside", "x-rule"}
    assert names - formats - keywords <= set(rule_names())
