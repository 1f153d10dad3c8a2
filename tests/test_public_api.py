"""The public face: short, complete, importable, documented, and the same as the docs say."""

import ast
import dataclasses
import inspect
import pickle
from decimal import Decimal
from pathlib import Path

import pytest

import router
import router.testing
from router import errors

ROOT = Path(__file__).resolve().parent.parent

RUN = (
    "(task: 'str', inputs: 'Mapping[str, Any] | None' = None, *, "
    "tags: 'Mapping[str, str] | None' = None, deadline: 'float | None' = None, "
    "tier: 'str | None' = None"
)
KEY = ", key: 'str | None' = None)"
SIGNATURES = {
    "run": RUN + KEY + " -> 'Result'",
    "arun": RUN + KEY + " -> 'Result'",
    "stream": RUN + ") -> 'Generator[StreamEvent, None, None]'",
    "astream": RUN + ") -> 'AsyncGenerator[StreamEvent, None]'",
    "plan": (
        "(task: 'str', inputs: 'Mapping[str, Any] | None' = None, *, "
        "tier: 'str | None' = None) -> 'Plan'"
    ),
    "reload": "() -> 'RouterStatus'",
    "status": "() -> 'RouterStatus'",
    "close": "() -> 'None'",
}
MODULES = [router, router.testing]


def in_order(name):
    """Constants, classes, functions, each by the alphabet: the order that ruff keeps."""
    return (not name.isupper(), not name[0].isupper(), name)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_the_list_of_names_is_sorted_and_each_can_be_imported(module):
    assert list(module.__all__) == sorted(module.__all__, key=in_order)
    assert len(set(module.__all__)) == len(module.__all__)
    for name in module.__all__:
        assert getattr(module, name) is not None


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_type_checkers_see_what_can_be_imported(module):
    """Names are loaded late; what is imported for type checkers is the very same list."""
    tree = ast.parse(Path(module.__file__).read_text("utf-8"))
    seen = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
        for line in node.body
        if isinstance(line, ast.ImportFrom)
        for alias in line.names
    }
    assert seen == set(module.__all__)


@pytest.mark.parametrize("module", MODULES, ids=lambda module: module.__name__)
def test_nothing_else_can_be_had(module):
    with pytest.raises(AttributeError, match="nonsense"):
        module.nonsense  # noqa: B018
    assert set(module.__all__) <= set(dir(module))


def test_every_error_is_public():
    assert set(errors.__all__) <= set(router.__all__)
    drawn = errors.__doc__
    assert all(name in drawn for name in errors.__all__)


def test_the_version_is_the_installed_one():
    from importlib.metadata import version

    assert router.__version__ == version("policy-router")


@pytest.mark.parametrize("name", sorted(SIGNATURES))
def test_the_functions_have_the_documented_signatures(name):
    assert str(inspect.signature(getattr(router, name))) == SIGNATURES[name]


@pytest.mark.parametrize("name", ["run", "arun", "stream", "astream", "plan"])
def test_module_router_and_async_router_take_the_same_arguments(name):
    """What works on one face works on the others."""
    wanted = [
        (one.name, one.kind, one.default)
        for one in inspect.signature(getattr(router, name)).parameters.values()
    ]
    other = {"arun": "run", "astream": "stream"}.get(name, name)
    faces = [getattr(router.Router, name)]
    if name not in ("run", "stream"):
        faces.append(getattr(router.AsyncRouter, other))
    for face in faces:
        given = list(inspect.signature(face).parameters.values())[1:]
        assert [(one.name, one.kind, one.default) for one in given] == wanted


def documented():
    for module in MODULES:
        for name in module.__all__:
            value = getattr(module, name)
            if inspect.isclass(value) or inspect.isfunction(value):
                yield pytest.param(value, id=f"{module.__name__}.{name}")


@pytest.mark.parametrize("value", list(documented()))
def test_everything_public_says_what_it_is(value):
    """A docstring of its own, and one for each public method and property."""
    assert says_something(value), value
    if not inspect.isclass(value):
        return
    for name, member in vars(value).items():
        method = member.fget if isinstance(member, property) else member
        method = getattr(method, "__func__", method)
        if inspect.isfunction(method) and not name.startswith("_"):
            assert says_something(method), f"{value.__name__}.{name}"


def says_something(value):
    said = value.__doc__ or ""
    # A dataclass without a docstring is given its signature as one.
    return bool(said.strip()) and not said.startswith(f"{value.__name__}(")


@pytest.mark.parametrize(
    ("function", "raised"),
    [
        (router.Router, {"PolicyError", "SettingsError", "LedgerError"}),
        (router.Router.run, {"UsageError", "RunError", "LedgerError"}),
        (router.Router.stream, {"StreamInterrupted"}),
        (router.Router.plan, {"UnknownTask", "InputInvalid"}),
        (router.Router.reload, {"PolicyError"}),
        (router.Settings.from_environment, {"SettingsError"}),
    ],
)
def test_docstrings_name_the_errors(function, raised):
    _, _, said = function.__doc__.partition("Raises")
    assert {name for name in raised if name not in said} == set()


def attempt():
    return router.Attempt(
        run_id="run_1",
        number=1,
        task="t",
        tier="a",
        model="m",
        status=errors_status(),
        cost=Decimal("0.001"),
    )


def errors_status():
    from router.types import AttemptStatus

    return AttemptStatus.FAILED


def examples():
    from router.types import Severity, Span

    details = router.RunDetails(
        run_id="run_1", task="t", attempts=(attempt(),), cost=Decimal("0.001"), retry_after=3.0
    )
    finding = router.Finding("unknown-key", Severity.ERROR, "no", Span("a.yaml", 1, 2, 1, 5))
    for name in errors.__all__:
        kind = getattr(errors, name)
        if kind is router.RunDetails:
            continue
        if kind is router.StreamInterrupted:
            yield kind("said", details, "text so far")
        elif issubclass(kind, router.RunError):
            yield kind("said", details)
        elif kind is router.PolicyError:
            yield kind("said", [finding])
        elif kind is router.InputInvalid:
            yield kind("said", ["a: required"])
        else:
            yield kind("said")


@pytest.mark.parametrize("error", list(examples()), ids=lambda error: type(error).__name__)
def test_errors_survive_a_process_boundary(error):
    """A pool, a queue or a crash reporter gets the error with all it carries."""
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        copy = pickle.loads(pickle.dumps(error, protocol))
        assert type(copy) is type(error)
        assert (str(copy), vars(copy)) == (str(error), vars(error))
    assert isinstance(error, router.RouterError)


def test_values_are_frozen():
    usage = router.Usage(input_tokens=1)
    with pytest.raises((dataclasses.FrozenInstanceError, AttributeError)):
        usage.input_tokens = 2
    assert pickle.loads(pickle.dumps(attempt())) == attempt()
