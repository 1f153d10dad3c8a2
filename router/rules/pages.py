"""A rule's page: what `router rule NAME` prints and `docs/rules/NAME.md` holds."""

from __future__ import annotations

from router.rules.base import Rule
from router.rules.registry import all_rules

__all__ = ["index", "pages", "render"]

_WHERE = (
    "Found when policies are read and compiled: by `router lint`, at start and at every reload."
)


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
            rule.configure,
            "",
            _WHERE,
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
        "prints a rule's page.",
        "",
        "| rule | severity | what it catches |",
        "| --- | --- | --- |",
    ]
    lines += [
        f"| [{name}]({name}.md) | {rule.severity.value} | {rule.summary} |"
        for name, rule in all_rules().items()
    ]
    return "\n".join(lines) + "\n"


def pages() -> dict[str, str]:
    """Every page by file name."""
    found = {f"{name}.md": render(rule) for name, rule in all_rules().items()}
    return {"README.md": index(), **found}


def _yaml(text: str) -> list[str]:
    return ["```yaml", *text.split("\n"), "```"]
