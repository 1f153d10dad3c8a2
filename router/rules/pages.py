"""A rule's page: what `router rule NAME` prints and `docs/rules/NAME.md` holds."""

from __future__ import annotations

from collections.abc import Mapping

from router.rules.base import Mends, Needs, Rule
from router.rules.registry import all_rules
from router.types import Severity

__all__ = ["index", "pages", "render"]

_WHERE = "Found by `router lint`, at start and at every reload."
_LINT_ALONE = "Found by `router lint` alone: a service does not look for what only informs."
_NEEDS: Mapping[Needs, str] = {
    "policy": "Needs nothing but the policy.",
    "catalog": "Needs the catalog of models that is shipped.",
    "estimates": (
        "Estimates tokens offline, with the catalog that is shipped: the bound is near, not exact. "
        "`router lint --count-tokens` asks the API for what is constant."
    ),
}
_MENDS: Mapping[Mends, tuple[str, ...]] = {
    "no": (),
    "safe": ("`router lint --fix` can mend it.", ""),
    "unsafe": ("`router lint --fix --unsafe` can mend it; look at what it does.", ""),
    "either": (
        "`router lint --fix` can mend some of it, `--fix --unsafe` the rest; look at what it does.",
        "",
    ),
}
_ERROR = (
    "An error can be neither suppressed nor switched off: a running service refuses it as lint "
    "does."
)
_LINT_ONLY = "Found by `router lint` only: start and reload do not read comments."


def render(rule: Rule) -> str:
    """The page in Markdown, which also reads well on a terminal."""
    return "\n".join(
        [
            f"# {rule.name}",
            "",
            f"{rule.severity.value.capitalize()}. {rule.summary}",
            "",
            "## Avoid",
            "",
            *_yaml(rule.avoid),
            "",
            "## Prefer",
            "",
            *_yaml(rule.prefer),
            "",
            "## Why",
            "",
            rule.why,
            "",
            "## Configure",
            "",
            *((rule.configure, "") if rule.configure else ()),
            _generic(rule),
            "",
            *_MENDS[rule.mends],
            f"{_NEEDS[rule.needs]} {_found(rule)}",
            "",
        ]
    )


def index() -> str:
    """The page that lists all rules."""
    lines = [
        "# Rules",
        "",
        "Every finding names its rule. An error keeps a policy set from being loaded, at start and",
        "at a reload as much as in `router lint`; warnings and infos do not. `router rule NAME`",
        "prints a rule's page. Rules need the policy alone, or the shipped catalog of models, or",
        "estimate tokens by it; `--count-tokens` asks the API instead.",
        "",
        "How findings are reported, suppressed and configured: [lint](../lint.md).",
        "",
        "| rule | severity | needs | fix | what it catches |",
        "| --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| [{name}]({name}.md) | {rule.severity.value} | {rule.needs} | {_fix(rule)} | "
        f"{rule.summary} |"
        for name, rule in all_rules().items()
    ]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every page by file name."""
    found = {f"{name}.md": render(rule) for name, rule in all_rules().items()}
    return {"README.md": index(), **found}


def _fix(rule: Rule) -> str:
    return "" if rule.mends == "no" else rule.mends


def _generic(rule: Rule) -> str:
    """What can be configured of any rule of this severity."""
    if rule.severity is Severity.ERROR:
        return _ERROR
    off = (
        f'configuration: `ignore = ["{rule.name}"]` under `[tool.router.lint]` in '
        "`pyproject.toml`, or under `[lint]` in `router.toml`."
    )
    if rule.lint_only:
        return f"Switch the rule off in the {off}"
    return (
        f"Suppress one finding by `# router: ignore[{rule.name}] reason` on its line or alone on "
        f"the line above it (in a template within `{{# #}}`), or switch the rule off in the {off}"
    )


def _found(rule: Rule) -> str:
    if rule.lint_only:
        return _LINT_ONLY
    return _LINT_ALONE if rule.severity is Severity.INFO else _WHERE


def _yaml(text: str) -> list[str]:
    return ["```yaml", *text.split("\n"), "```"]
