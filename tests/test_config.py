"""The configuration file: found upward, read strictly, every mistake at its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from router.config import find_config, read_config
from router.errors import SettingsError
from router.lint.config import LintConfig
from router.types import Finding, Severity, Span


def lint_config(folder: Path, text: str) -> LintConfig:
    (folder / "router.toml").write_text(text)
    return LintConfig.of(find_config(folder))


def warning(rule: str, severity: Severity = Severity.WARNING) -> Finding:
    return Finding(rule, severity, "", Span("a.yaml", 1, 1, 1, 2))


def test_the_nearest_file_upward_is_in_force(tmp_path):
    below = tmp_path / "a" / "b"
    below.mkdir(parents=True)
    (tmp_path / "router.toml").write_text('[lint]\nformat = "json"\n')
    assert find_config(below).file == tmp_path / "router.toml"
    (tmp_path / "a" / "pyproject.toml").write_text("[tool.ruff]\nline-length = 100  # router\n")
    assert find_config(below).file == tmp_path / "router.toml"
    (tmp_path / "a" / "pyproject.toml").write_text('[tool.router.lint]\nformat = "junit"\n')
    config = find_config(below)
    assert (config.file, config.directory) == (tmp_path / "a" / "pyproject.toml", tmp_path / "a")
    assert LintConfig.of(config).form == "junit"
    (tmp_path / "a" / "router.toml").write_text("")
    assert find_config(below).file == tmp_path / "a" / "router.toml"


def test_without_a_file_everything_is_as_it_is_without_configuration(tmp_path):
    config = LintConfig.of(find_config(tmp_path))
    assert config == LintConfig(directory=config.directory)


def test_everything_that_lint_knows_is_read(tmp_path):
    config = lint_config(
        tmp_path,
        """[lint]
ignore = ["unused-input"]
fail-level = "warning"
format = "github"
baseline = "ci/known.json"
severity = {"unbounded-input" = "info"}

[lint.per-path]
"legacy/**" = {ignore = ["open-object"]}
""",
    )
    assert config.fail_level is Severity.WARNING
    assert config.form == "github"
    assert config.baseline == tmp_path / "ci" / "known.json"
    assert config.lowered(warning("unbounded-input")).severity is Severity.INFO
    assert config.ignores(warning("unused-input"), str(tmp_path / "a.yaml"))
    assert config.ignores(warning("open-object"), str(tmp_path / "legacy" / "x" / "a.yaml"))
    assert not config.ignores(warning("open-object"), str(tmp_path / "new" / "a.yaml"))


def test_errors_stay_errors_and_are_never_ignored(tmp_path):
    config = lint_config(
        tmp_path, '[lint]\nignore = ["open-object"]\nseverity = {"open-object" = "info"}\n'
    )
    error = warning("open-object", Severity.ERROR)
    assert config.lowered(error) is error
    assert config.ignores(error, str(tmp_path / "a.yaml")) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[lint]\nignroe = []\n", "2:1: unknown key `ignroe`; did you mean `ignore`?"),
        ("\n[lnt]\n", "2:2: unknown key `lnt`; did you mean `lint`?"),
        (
            '[lint]\n\nignore = ["cache-bustr"]\n',
            "3:1: there is no rule `cache-bustr`; did you mean",
        ),
        (
            '[lint]\nignore = ["cache-buster"]\n',
            "2:1: `cache-buster` is an error: start and reload",
        ),
        ("[lint]\nignore = [1]\n", "2:1: `ignore` is a list of texts"),
        ("lint = 3\n", "1:1: `lint` is a table"),
        ("[lint]\nfail-level = 'wrning'\n", "2:1: `fail-level` cannot be 'wrning'; did you mean"),
        ("[lint]\nformat = 'xml'\n", "2:1: `format` cannot be 'xml'"),
        ("[lint]\nseverity = {open-object = 'error'}\n", "2:1: a severity can only be lowered"),
        ("[lint.severity]\ncache-buster = 'info'\n", "2:1: `cache-buster` is an error"),
        ('[lint.per-path]\n"a/*" = {ignor = []}\n', "2:1: unknown key `ignor`"),
        ("[lint]\nignore = [\n", "not TOML"),
        ("[lint]\nignore = = 1\n", "2:10: not TOML"),
    ],
)
def test_a_mistake_is_refused_at_its_place(tmp_path, text, said):
    with pytest.raises(SettingsError) as caught:
        lint_config(tmp_path, text)
    assert str(tmp_path / "router.toml") in caught.value.message
    assert said in caught.value.message


def test_a_file_that_is_named_has_to_be_one(tmp_path):
    other = tmp_path / "pyproject.toml"
    with pytest.raises(SettingsError, match="cannot read"):
        read_config(other)
    other.write_text("[tool.ruff]\n")
    with pytest.raises(SettingsError, match=r"no table \[tool.router\]"):
        read_config(other)
    other.write_bytes(b"\xff")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_config(other)


def test_places_are_found_in_a_shared_file_too(tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        '[project]\nname = "router"\n\n[tool.router]\nlint.fail-lvel = "error"\n'
    )
    with pytest.raises(SettingsError, match=r"pyproject.toml:5:1: unknown key `fail-lvel`"):
        LintConfig.of(find_config(tmp_path))


@pytest.mark.parametrize(
    ("glob", "inside", "outside"),
    [
        ("*.yaml", "a.yaml", "x/a.yaml"),
        ("**/*.yaml", "x/y/a.yaml", "a.yml"),
        ("**/*.yaml", "a.yaml", "a.yaml.bak"),
        ("**/a.yaml", "x/a.yaml", "xa.yaml"),
        ("x/**", "x/y/a.yaml", "xy/a.yaml"),
        ("x/?.yaml", "x/a.yaml", "x/ab.yaml"),
        ("a[1].yaml", "a[1].yaml", "a1.yaml"),
    ],
)
def test_globs_are_those_of_paths(tmp_path, glob, inside, outside):
    config = lint_config(tmp_path, f'[lint.per-path]\n"{glob}" = {{ignore = ["open-object"]}}\n')
    assert config.ignores(warning("open-object"), str(tmp_path / inside))
    assert not config.ignores(warning("open-object"), str(tmp_path / outside))
