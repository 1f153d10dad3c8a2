"""What OLD and NEW may be: directories, git refs, revisions; and what is said of anything else."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.diffing.git import Repository
from router.diffing.tree import TreeSources
from router.errors import UsageError
from router.policy.sources import SourceError, Sources
from router.reloading.sources import DirectorySources
from router.rules.judge import judge

from .conftest import CATALOG, FILES, POLICY, TODAY, Repo


def told(repo: Repo, *sides: str) -> list[str]:
    return [change.what for task in repo.diff(*sides).tasks for change in task.changes]


def test_without_arguments_the_last_commit_is_compared_with_the_working_tree(repo: Repo) -> None:
    """As `git diff HEAD` does."""
    assert repo.diff().exit_code == 0
    repo.replace("max_tokens: 512", "max_tokens: 600")
    found = repo.diff()
    assert (found.exit_code, found.new) == (1, "working tree")
    assert found.old.startswith("HEAD (")


@pytest.mark.parametrize("ref", ["main~1", "v1", "refs/tags/v1", "HEAD~1"])
def test_a_ref_names_the_policies_of_its_commit(repo: Repo, ref: str) -> None:
    """Branches, tags and what git makes of them."""
    repo.git("tag", "v1")
    repo.replace("max_tokens: 512", "max_tokens: 600")
    repo.commit()
    assert told(repo, ref) == ["max_tokens 512 → 600"]
    assert told(repo, "HEAD", ref) == ["max_tokens 600 → 512"]


def test_a_commit_id_names_its_commit(repo: Repo) -> None:
    """In full or cut."""
    first = repo.git("rev-parse", "HEAD")
    repo.replace("max_tokens: 512", "max_tokens: 600")
    repo.commit()
    assert told(repo, first) == told(repo, first[:9]) == ["max_tokens 512 → 600"]


def test_three_dots_name_the_commit_where_the_branch_was_left(repo: Repo) -> None:
    """What others did on main since is not told as if this branch took it back."""
    repo.git("checkout", "-q", "-b", "work")
    repo.replace("effort: low", "effort: medium")
    repo.commit()
    repo.git("checkout", "-q", "main")
    repo.replace("max_tokens: 512", "max_tokens: 600")
    repo.commit()
    repo.git("checkout", "-q", "work")
    assert len(told(repo, "main")) == 2
    assert told(repo, "main...") == ["effort low → medium"]
    assert told(repo, "main...", "work") == ["effort low → medium"]


def test_a_shallow_clone_is_told_to_fetch_its_history(repo: Repo, tmp_path: Path) -> None:
    """The usual checkout of a CI system has one commit and no other branch."""
    repo.commit("second")
    repo.git("clone", "-q", "--depth", "1", f"file://{repo.top}", str(tmp_path / "shallow"))
    clone = Repo(tmp_path / "shallow")
    assert clone.diff().exit_code == 0
    for name in ("HEAD~1", "origin/other..."):
        with pytest.raises(UsageError, match="this clone is shallow"):
            clone.diff(name)


def test_a_path_behind_a_ref_is_another_root(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the top of the repository, or from here with `./`."""
    repo.git("mv", "policies", "old-place")
    repo.commit()
    repo.write(FILES)
    repo.replace("max_tokens: 512", "max_tokens: 600")
    assert told(repo, "HEAD:old-place") == ["max_tokens 512 → 600"]
    monkeypatch.chdir(repo.top / "old-place")
    assert told(repo, "HEAD:./") == ["max_tokens 512 → 600"]
    with pytest.raises(UsageError, match="has no `nowhere`"):
        repo.diff("HEAD:nowhere")
    with pytest.raises(UsageError, match="no policy files under `old-place/prompts`"):
        repo.diff("HEAD:old-place/prompts")
    with pytest.raises(UsageError, match="leads out of the repository"):
        repo.diff("HEAD:../..")


def test_one_file_may_be_the_root(repo: Repo) -> None:
    """Its directory is then the root, as everywhere."""
    repo.write({"other.yaml": POLICY.replace("classify:", "other:")})
    repo.commit()
    assert [task.name for task in repo.diff("HEAD:policies/classify.yaml").tasks] == ["other"]


def test_directories_are_compared_outside_git_too(tmp_path: Path) -> None:
    """Nothing asks for a repository as long as both sides are directories."""
    one, other = Repo(tmp_path / "a"), Repo(tmp_path / "b")
    one.write(FILES)
    other.write({**FILES, "classify.yaml": POLICY.replace("512", "600")})
    nowhere = Repo(tmp_path / "nowhere")
    assert told(nowhere, str(one.root), str(other.root)) == ["max_tokens 512 → 600"]
    with pytest.raises(UsageError, match="in no git repository"):
        nowhere.diff("main", str(one.root))


def test_a_revision_is_looked_for_in_history(repo: Repo) -> None:
    """The set's compares everything, a task's only that task; a prefix is enough."""
    whole, tasks = revisions(repo.root)
    repo.write({"other.yaml": POLICY.replace("classify:", "other:")})
    repo.replace("max_tokens: 512", "max_tokens: 600")
    repo.commit()
    found = repo.diff(whole[:12])
    assert [task.name for task in found.tasks] == ["classify", "other"]
    assert "is that of commit" in found.notes[0]
    found = repo.diff(tasks["classify"][:12])
    assert [task.name for task in found.tasks] == ["classify"]
    assert "task `classify`" in found.notes[0]


def test_a_revision_that_no_commit_has_is_said_with_what_to_do(repo: Repo) -> None:
    """And why: it may have been printed under another catalog."""
    with pytest.raises(UsageError, match=r"no commit has policies of revision abcdef012345.*name"):
        repo.diff("abcdef012345")


def test_nothing_that_can_be_found_is_an_error_with_its_name(repo: Repo) -> None:
    """Options of git are no refs either."""
    for name in ("nothing", "--output=x", "-h", "a\nb", "", "HEAD:policies:x"):
        with pytest.raises(UsageError):
            repo.diff(name)
    assert not (repo.top / "x").exists()


@pytest.mark.parametrize(
    ("given", "write"),
    [("main..side", "main side"), ("main...side", "main... side"), ("main..", "main HEAD")],
)
def test_a_range_of_git_is_told_how_to_be_written(repo: Repo, given: str, write: str) -> None:
    """Two arguments here, where git takes one."""
    with pytest.raises(UsageError, match=re.escape(f"for a range write `{write}`")):
        repo.diff(given)


def test_a_name_of_both_kinds_has_to_be_spelt_out(
    repo: Repo, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Guessing would compare with the wrong thing in silence."""
    (repo.top / "main").mkdir()
    monkeypatch.chdir(repo.top)
    with pytest.raises(UsageError, match=r"`main` is a path and a git ref"):
        repo.diff("main")
    assert repo.diff("refs/heads/main").exit_code == 0


def test_a_root_that_a_ref_does_not_have_yet_makes_everything_new(tmp_path: Path) -> None:
    """The first pull request with policies is compared too."""
    repo = Repo(tmp_path / "fresh")
    repo.top.mkdir()
    repo.git("init", "-q", "-b", "main")
    who = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    repo.git(*who, "commit", "-q", "--allow-empty", "-m", "empty")
    repo.write(FILES)
    found = repo.diff()
    assert [task.status for task in found.tasks] == ["added"]
    assert "has no policies" in found.notes[0]


def test_a_hook_does_not_send_git_elsewhere(repo: Repo, monkeypatch: pytest.MonkeyPatch) -> None:
    """Hooks run with GIT_DIR and GIT_INDEX_FILE set."""
    monkeypatch.setenv("GIT_COMMON_DIR", "/nowhere")
    monkeypatch.setenv("GIT_DIR", "/nowhere")
    monkeypatch.setenv("GIT_INDEX_FILE", "/nowhere/index")
    repo_diff = repo.diff()
    assert repo_diff.exit_code == 0


# --- trees -----------------------------------------------------------------------------------


@pytest.fixture
def tree(repo: Repo) -> Iterator[Callable[[], TreeSources]]:
    """Gives the policy root of the last commit."""
    with Repository.around(repo.top) as repository:

        def of_head() -> TreeSources:
            found = repository.at("HEAD", "policies")
            assert found is not None
            return TreeSources(repository, repository.tree(found[1]))

        yield of_head


Tree = Callable[[], TreeSources]


def outcome(sources: Sources, path: str) -> bytes | str:
    """A file's bytes, or why there are none."""
    try:
        return sources.read(path)
    except SourceError as error:
        return error.reason


def test_odd_names_survive(repo: Repo, tree: Tree) -> None:
    """Blanks, quotes, other scripts: a tree gives what the directory gives."""
    names = ["with blank.yaml", 'it\'s "quoted".yaml', "größe.yaml", "tab\tname.yaml", "-dash.yaml"]
    repo.write({f"odd/{name}": "version: 1\n" for name in names})
    (repo.root / "odd" / "dangling.yaml").symlink_to("nowhere")
    repo.commit()
    sources, disk = tree(), DirectorySources(repo.root)
    for path in disk.policy_files():
        if "\N{REPLACEMENT CHARACTER}" in path:
            continue  # named by what may be shown of it
        assert path in sources.policy_files()
        assert outcome(sources, path) == outcome(disk, path)
    with pytest.raises(SourceError) as refused:
        sources.read("odd/tab\tname.yaml")
    assert refused.value.reason == "unreadable"


def test_links_inside_the_root_are_followed_and_others_refused(repo: Repo, tree: Tree) -> None:
    """As in a directory, without anything being checked out."""
    repo.write({"shared/text.md": "hello", "..data/late.yaml": "version: 1\n"})
    (repo.top / "secret.txt").write_text("secret")
    (repo.root / "alias").symlink_to("shared")
    (repo.root / "out.txt").symlink_to("../secret.txt")
    (repo.root / "away.txt").symlink_to("/etc/passwd")
    (repo.root / "a.txt").symlink_to("b.txt")
    (repo.root / "b.txt").symlink_to("a.txt")
    (repo.root / "current").symlink_to("..data")
    repo.commit()
    sources = tree()
    assert "current/late.yaml" in sources.policy_files()
    assert sources.read("alias/text.md") == b"hello"
    assert sources.read("current/late.yaml") == b"version: 1\n"
    for path, reason in {
        "out.txt": "outside_root",
        "away.txt": "outside_root",
        "a.txt": "unreadable",
        "alias": "not_a_file",
        "../secret.txt": "outside_root",
        "no.txt": "missing",
    }.items():
        with pytest.raises(SourceError) as refused:
            sources.read(path)
        assert refused.value.reason == reason, path


def test_a_file_that_is_too_large_is_not_read(tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its size is known before its bytes are asked for."""
    monkeypatch.setattr("router.diffing.tree.MAX_FILE_BYTES", 10)
    with pytest.raises(SourceError) as refused:
        tree().read("classify.yaml")
    assert refused.value.reason == "too_large"


def revisions(root: Path) -> tuple[str, dict[str, str]]:
    """The set's revision and each task's, as `router tasks --json` prints them."""
    found = judge(DirectorySources(root), CATALOG, today=TODAY).policy_set
    assert found is not None
    return found.revision, {name: task.revision for name, task in found.tasks.items()}
