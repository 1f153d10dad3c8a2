"""How a diff reads: in a terminal, for a program, and in a pull request where policies are text
of others."""

import json
import re

import pytest
from markdown_it import MarkdownIt

from router.diffing.formats import Form, render
from router.diffing.formats.markdown import MOST_CHARACTERS

from .conftest import FILES, POLICY, Edit, report

UPGRADE = POLICY.replace("max_tokens: 512", "max_tokens: 600").replace(
    "[billing, card, other]", "[billing, card, abuse, other]"
)
HOSTILE = (
    "</details><script>alert(1)</script> <img src=x onerror=y> | a | b |\n"
    "```\n@everyone and @org/team, see #12, GH-3 and https://evil.example/x\n````\n"
    "[click](javascript:alert(1)) ![x](http://evil.example/y.png) **bold** `tick`\n"
    "<!-- hidden --> &lt;b&gt; www.evil.example \x1b[2J\u202egnp.exe\n"
)


def lines(old: dict[str, str], new: dict[str, str]) -> list[str]:
    return render(report(old, new), Form.TEXT).splitlines()


def test_text_leads_with_a_line_for_the_set_and_one_for_each_task() -> None:
    """A reader who stops there knows what happens."""
    shown = lines(dict(FILES), {**FILES, "classify.yaml": UPGRADE})
    assert shown[0] == (
        "old → new: 1 of 1 task behaves differently; callers or consumers break: classify"
    )
    assert shown[2].startswith("classify: breaks consumers: output: label now also allows `abuse`")
    assert "max_tokens 512 → 600 on tier haiku" in shown[2]


def test_a_threshold_moves_no_bound_but_what_runs_cost_within_them() -> None:
    """Who reads only of unchanged bounds would take the change for a free one."""
    for value, said in (("0.9", "more runs escalate and cost more"), ("0.7", "fewer runs esc")):
        changed = {**FILES, "classify.yaml": POLICY.replace("below: 0.82", f"below: {value}")}
        shown = "\n".join(lines(dict(FILES), changed))
        assert "the bounds of a run are as before" in shown
        assert f"within these bounds {said}" in shown
        assert "--ledger says what that comes to" in shown
        assert "| as before |" in render(report(FILES, changed), Form.MARKDOWN)


def test_no_word_of_a_summary_is_cut() -> None:
    """It ends where a difference ends, or at least a word."""
    names = [f"property{number}" for number in range(9)]
    properties = "".join(f"\n        {name}: {{type: string}}" for name in names)
    plan = "        plan: {enum: [free, pro], default: free}"
    changed = {**FILES, "classify.yaml": POLICY.replace(plan, plan + properties)}
    (verdict,) = [line for line in lines(dict(FILES), changed) if line.startswith("classify: ")]
    (cut,) = re.findall(r"[^ ;]+…", verdict)
    assert cut.removesuffix("…") in {*names, "added"}


@pytest.mark.parametrize(("tasks", "times"), [(2, 2), (3, 1), (30, 1)])
def test_what_many_tasks_share_is_told_once(tasks: int, times: int) -> None:
    """One pin in a parent: the line stands once with the names of those who have it."""
    names = [f"sort{number:02}" for number in range(tasks)]
    parent = POLICY.replace("classify:", "_sort:")
    children = "".join(f"  {name}: {{extends: _sort}}\n" for name in names)
    rest = {name: text for name, text in FILES.items() if name != "classify.yaml"}
    old = {**rest, "_all.yaml": parent}
    old["tasks.yaml"] = f"version: 1\nextends: _all.yaml\ntasks:\n{children}"
    new = {**old, "_all.yaml": parent.replace("opus: claude-opus-5-5", "opus: claude-opus-5")}
    found = report(old, new)
    change = "model claude-opus-5-5 → claude-opus-5"
    for form in (Form.TEXT, Form.MARKDOWN):
        shown = render(found, form)
        assert len(re.findall(rf"model:? +tier opus: {change}", shown)) == times
        assert (f"n {tasks} tasks ({', '.join(names[:20])}" in shown) is (times == 1)
    whole = json.loads(render(found, Form.JSON))
    assert all(change in str(task["changes"]) for task in whole["tasks"])


def test_nothing_is_said_to_be_nothing() -> None:
    """And comments to be comments."""
    assert lines(dict(FILES), dict(FILES)) == ["old → new: nothing differs"]
    commented = {**FILES, "classify.yaml": POLICY + "# more\n"}
    assert lines(dict(FILES), commented) == [
        "old → new: nothing behaves differently: only comments, layout or files of no task differ",
        "  classify.yaml",
    ]


def test_json_has_every_change_with_money_as_text() -> None:
    """For programs: nothing to parse out of sentences."""
    found = json.loads(render(report(FILES, {**FILES, "classify.yaml": UPGRADE}), Form.JSON))
    task = found["tasks"][0]
    assert (found["behaves_differently"], task["name"], task["status"]) == (
        True,
        "classify",
        "changed",
    )
    assert {change["kind"] for change in task["changes"]} == {"output", "ceiling"}
    assert isinstance(task["bounds"]["worst_after"], str)


def test_the_same_sides_print_the_same_bytes() -> None:
    """In every form, whatever order files are listed in."""
    new = {**FILES, "classify.yaml": UPGRADE}
    for form in Form:
        one = render(report(FILES, new), form)
        assert one == render(report(dict(reversed(FILES.items())), new), form)


def test_a_terminal_is_told_no_control_characters() -> None:
    """A prompt may hold an escape sequence; it moves nothing here."""
    shown = render(report(FILES, {**FILES, "prompts/role.md.j2": HOSTILE}), Form.TEXT, color=False)
    assert "\x1b" not in shown
    assert "\u202e" not in shown


# --- Markdown ----------------------------------------------------------------------------------


def html(markdown: str) -> str:
    """As a code host renders it: with tables, raw HTML let through."""
    return MarkdownIt("commonmark", {"html": True}).enable("table").render(markdown)


def hostile_report() -> str:
    policy = POLICY.replace("Sort a message.", "x").replace(
        "product: support", f"product: {json.dumps('@everyone <b>|`x` #1 https://a.example')}"
    )
    files = {**FILES, "prompts/role.md.j2": HOSTILE, "classify.yaml": policy}
    return render(report(FILES, files), Form.MARKDOWN)


def test_policies_cannot_write_html_into_a_comment() -> None:
    """The only tags are the report's own and those of its Markdown."""
    tags = set(re.findall(r"<(/?[a-z0-9]+)", html(hostile_report())))
    own = {"h3", "p", "strong", "table", "thead", "tbody", "tr", "th", "td", "details", "summary"}
    own |= {"ul", "li", "pre", "code"}
    assert {tag.removeprefix("/") for tag in tags} <= own
    assert html(hostile_report()).count("<details>") == 1


def test_policies_cannot_mention_or_link() -> None:
    """Outside code nobody is mentioned, nothing is linked or referred to."""
    outside = re.sub(r"<pre>.*?</pre>", "", html(hostile_report()), flags=re.DOTALL)
    assert "@everyone" not in outside
    assert "#1 " not in outside
    assert "https://" not in outside
    assert "everyone" in outside


def test_a_diff_cannot_close_its_fence(edited: Edit) -> None:
    """Backticks in a prompt are text, however many."""
    shown = hostile_report()
    assert "`````diff" in shown


def test_the_table_has_a_row_for_each_task_and_keeps_its_columns() -> None:
    """A pipe in a policy is no column."""
    rows = [line for line in hostile_report().splitlines() if line.startswith("|")]
    assert len(rows) == 3
    assert {row.count("|") for row in rows} == {4}


def test_a_comment_stays_within_what_a_code_host_takes() -> None:
    """Details that do not fit are counted."""
    many = {f"p{i:03}.yaml": POLICY.replace("classify:", f"task_{i:03}:") for i in range(150)}
    rest = {name: text for name, text in FILES.items() if name != "classify.yaml"}
    changed = {
        name: text.replace("max_tokens: 512", "max_tokens: 600") for name, text in many.items()
    }
    changed_rest = {**rest, "prompts/role.md.j2": "Something else entirely. " * 20}
    shown = render(report({**many, **rest}, {**changed, **changed_rest}), Form.MARKDOWN)
    assert len(shown) <= MOST_CHARACTERS
    assert re.search(r"Details of \d+ more are left out", shown)


@pytest.mark.parametrize("form", list(Form))
def test_a_broken_side_is_told_in_every_form(form: Form) -> None:
    """With the finding and its place."""
    broken = {**FILES, "classify.yaml": POLICY.replace("max_tokens: 512", "max_tokens: many")}
    shown = render(report(FILES, broken), form)
    assert "wrong" in shown
    assert "classify.yaml" in shown
