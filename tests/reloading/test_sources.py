"""Reading a policy root: only its own regular files, each once, and every change is noticed."""

from __future__ import annotations

import os
import socket
import stat
import time
from pathlib import Path

import pytest

from router.policy.loader import load_documents
from router.policy.sources import SourceError
from router.reloading.sources import DirectorySources, Touched

GOOD = "version: 1\ntasks: {one: {prompt: {user: hi}, tiers: [{model: m, max_tokens: 1}]}}\n"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A root with a neighbour that nothing may reach."""
    (tmp_path / "secret.yaml").write_text("secret: 1")
    root = tmp_path / "policies"
    root.mkdir()
    (root / "a.yaml").write_text(GOOD)
    return root


def reason(sources: DirectorySources, path: str) -> str:
    with pytest.raises(SourceError) as caught:
        sources.read(path)
    assert caught.value.detail
    return caught.value.reason


# --- listing -------------------------------------------------------------------------------------


def test_policies_are_found_at_any_depth_in_order(root: Path) -> None:
    for name in ("z.yml", "team/b.yaml", "team/x/c.yaml", "_p.yaml", "a.test.yaml", "x.json",
                 ".hidden.yaml", ".git/d.yaml", "_old/e.yaml", "team/_q.yaml"):  # fmt: skip
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("")
    expected = ("a.yaml", "team/b.yaml", "team/x/c.yaml", "z.yml")
    assert DirectorySources(root).policy_files() == expected


def test_a_single_file_is_a_root_of_one_policy(root: Path) -> None:
    """Its directory is the root, so that its parents and templates are found."""
    (root / "b.yaml").write_text(GOOD)
    (root / "_p.yaml").write_text("version: 1")
    sources = DirectorySources(root / "a.yaml")
    assert sources.policy_files() == ("a.yaml",)
    assert sources.read("_p.yaml") == b"version: 1"
    assert reason(sources, "../secret.yaml") == "outside_root"


def test_a_root_that_is_not_there_holds_nothing(tmp_path: Path) -> None:
    sources = DirectorySources(tmp_path / "gone")
    assert sources.policy_files() == ()
    assert reason(sources, "a.yaml") == "missing"


def test_the_layout_of_a_mounted_config_map_works(root: Path) -> None:
    """Links to files and to directories through `..data`, which itself is a link."""
    (root / "a.yaml").unlink()
    for number in ("1", "2"):
        (root / f"..{number}" / "team").mkdir(parents=True)
        (root / f"..{number}" / "a.yaml").write_text(GOOD + f"# {number}")
        (root / f"..{number}" / "team" / "b.yaml").write_text(number)
    (root / "..data").symlink_to("..1")
    (root / "a.yaml").symlink_to("..data/a.yaml")
    (root / "team").symlink_to("..data/team")
    sources = DirectorySources(root)
    assert sources.policy_files() == ("a.yaml", "team/b.yaml")
    assert sources.read("a.yaml").endswith(b"# 1")
    assert sources.read("team/b.yaml") == b"1"
    # the swap: a new link is renamed over the old one
    (root / "..tmp").symlink_to("..2")
    (root / "..tmp").rename(root / "..data")
    assert sources.read("a.yaml").endswith(b"# 1")
    assert sources.signature() != DirectorySources.signature_of(root, sources.touched)
    assert DirectorySources(root).read("a.yaml").endswith(b"# 2")


def test_links_in_a_circle_come_to_an_end(root: Path) -> None:
    (root / "team").mkdir()
    (root / "team" / "b.yaml").write_text("")
    (root / "team" / "up").symlink_to("..")
    (root / "again").symlink_to("team")
    (root / "self.yaml").symlink_to("self.yaml")
    sources = DirectorySources(root)
    assert sources.policy_files() == ("a.yaml", "self.yaml", "team/b.yaml")
    assert reason(sources, "self.yaml") == "unreadable"


def test_a_directory_that_leads_out_is_refused_aloud(root: Path) -> None:
    """It is listed, so that loading says so; what is in it is neither listed nor read."""
    (root / "shared").symlink_to("..")
    sources = DirectorySources(root)
    assert sources.policy_files() == ("a.yaml", "shared")
    assert reason(sources, "shared") == "outside_root"
    assert reason(sources, "shared/secret.yaml") == "outside_root"
    loaded = load_documents(DirectorySources(root))
    assert [f"{f.span} {f.rule}" for f in loaded.findings] == ["shared:1:1 path-escape"]


def test_names_that_cannot_be_shown_are_refused_aloud(root: Path) -> None:
    """A line break in a name would forge a line of a log, a broken one could not be printed."""
    (root / "x\nerror.yaml").write_text(GOOD)
    (root / "\udcff").mkdir()
    (root / "note\n.txt").write_text("no policy")
    loaded = load_documents(DirectorySources(root))
    assert [f.rule for f in loaded.findings] == ["unreadable-file"] * 2
    assert all(str(f).isprintable() for f in loaded.findings)
    assert [d.file for d in loaded.documents] == ["a.yaml"]


@pytest.mark.skipif(os.geteuid() == 0, reason="the superuser may read everything")
def test_what_may_not_be_read_is_refused_aloud(root: Path) -> None:
    (root / "team").mkdir()
    (root / "team" / "b.yaml").write_text("")
    (root / "team").chmod(0)
    (root / "a.yaml").chmod(0)
    sources = DirectorySources(root)
    try:
        assert sources.policy_files() == ("a.yaml", "team")
        assert reason(sources, "team") == "unreadable"
        assert reason(sources, "a.yaml") == "unreadable"
    finally:
        (root / "team").chmod(0o700)


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["../secret.yaml", "x/../../secret.yaml", "/etc/passwd", "", "a\0b", "..", "a/.."]
)
def test_no_path_leads_out_of_the_root(root: Path, path: str) -> None:
    assert reason(DirectorySources(root), path) == "outside_root"


def test_no_link_leads_out_of_the_root(root: Path) -> None:
    """Neither a link nor a chain of links, to a file or to a directory, there or not."""
    (root / "abs.yaml").symlink_to(root.parent / "secret.yaml")
    (root / "rel.yaml").symlink_to("../secret.yaml")
    (root / "chain.yaml").symlink_to("rel.yaml")
    (root / "dir").symlink_to("..")
    (root / "environ").symlink_to("/proc/self/environ")
    sources = DirectorySources(root)
    for path in ("abs.yaml", "rel.yaml", "chain.yaml", "dir/secret.yaml", "environ"):
        assert reason(sources, path) == "outside_root"


def test_a_neighbour_whose_name_begins_like_the_root_is_outside(root: Path) -> None:
    other = root.parent / "policies-old"
    other.mkdir()
    (other / "x.yaml").write_text("")
    (root / "x.yaml").symlink_to(other / "x.yaml")
    assert reason(DirectorySources(root), "x.yaml") == "outside_root"


def test_links_inside_of_the_root_are_followed(root: Path) -> None:
    (root / "b.yaml").symlink_to("a.yaml")
    assert DirectorySources(root).read("b.yaml") == GOOD.encode()
    link = root.parent / "link"
    link.symlink_to(root)
    assert DirectorySources(link).read("a.yaml") == GOOD.encode()


def test_what_is_no_regular_file_is_refused_at_once(root: Path) -> None:
    """A FIFO without a writer would be waited for, a device never ends."""
    os.mkfifo(root / "fifo.yaml")
    (root / "dir.yaml").mkdir()
    with socket.socket(socket.AF_UNIX) as server:
        previous = Path.cwd()
        os.chdir(root)  # the names of sockets are short
        try:
            server.bind("socket.yaml")
        finally:
            os.chdir(previous)
        started = time.monotonic()
        sources = DirectorySources(root)
        for path in ("fifo.yaml", "dir.yaml", "socket.yaml"):
            assert reason(sources, path) == "not_a_file"
        assert time.monotonic() - started < 5


def test_files_that_are_too_large_are_refused(root: Path) -> None:
    (root / "large").write_bytes(b"x" * 101)
    (root / "fits").write_bytes(b"x" * 100)
    sources = DirectorySources(root, max_bytes=100)
    assert reason(sources, "large") == "too_large"
    assert sources.read("fits") == b"x" * 100


def test_missing_files_and_odd_names_are_missing(root: Path) -> None:
    sources = DirectorySources(root)
    assert reason(sources, "nope.yaml") == "missing"
    assert reason(sources, "no/such/folder.yaml") == "missing"
    assert reason(sources, "a.yaml/b.yaml") == "missing"
    assert reason(sources, "x" * 5_000) == "missing"


def test_a_file_is_read_once(root: Path) -> None:
    """What was checked is what is used, whatever happens on disk meanwhile."""
    sources = DirectorySources(root)
    assert sources.policy_files() == ("a.yaml",)
    first = sources.read("a.yaml")
    assert reason(sources, "b.yaml") == "missing"
    (root / "a.yaml").write_text("other")
    (root / "b.yaml").write_text("new")
    assert sources.read("a.yaml") is first
    assert reason(sources, "b.yaml") == "missing"
    assert sources.policy_files() == ("a.yaml",)


# --- what has changed ----------------------------------------------------------------------------


def test_everything_asked_for_is_watched_even_if_it_is_missing(root: Path) -> None:
    sources = DirectorySources(root)
    sources.read("a.yaml")
    reason(sources, "gone.j2")
    touched = sources.touched
    assert set(touched) == {"a.yaml", "gone.j2"}
    assert touched["gone.j2"] == Touched(None)
    assert touched["a.yaml"].real == os.path.realpath(root / "a.yaml")
    assert touched["a.yaml"].size == len(GOOD)
    assert stat.S_ISREG(touched["a.yaml"].mode or 0)


def changes(root: Path, sources: DirectorySources) -> bool:
    return DirectorySources.signature_of(root, sources.touched) != sources.signature()


def test_no_change_is_no_change(root: Path) -> None:
    (root / "link.yaml").symlink_to("a.yaml")
    sources = DirectorySources(root)
    load_documents(sources)
    reason(sources, "gone.j2")
    reason(sources, "../x")
    assert not changes(root, sources)


@pytest.mark.parametrize(
    "change",
    ["written", "same size", "replaced", "deleted", "appeared", "new policy", "mode",
     "root swapped", "root deleted"],
)  # fmt: skip
def test_every_change_is_noticed(root: Path, change: str) -> None:
    """In a file, in place of a file, beside the files, and of the root as a whole."""
    link = root.parent / "current"
    link.symlink_to("policies")
    (root / "_p.yaml").write_text("version: 1")
    sources = DirectorySources(link)
    load_documents(sources)
    reason(sources, "gone.j2")
    a = root / "a.yaml"
    match change:
        case "written":
            a.write_text(GOOD + "# more")
        case "same size":
            before = a.stat()
            a.write_text(GOOD.replace("hi", "ho"))
            os.utime(a, ns=(before.st_atime_ns, before.st_mtime_ns + 1))
        case "replaced":  # by rename, as editors do, with the same size and time
            before = a.stat()
            (root / "tmp").write_text(GOOD.replace("hi", "ho"))
            os.utime(root / "tmp", ns=(before.st_atime_ns, before.st_mtime_ns))
            (root / "tmp").rename(a)
        case "deleted":
            a.unlink()
        case "appeared":
            (root / "gone.j2").write_text("")
        case "new policy":
            (root / "b.yaml").write_text("")
        case "mode":
            a.chmod(0o640)
        case "root swapped":
            other = root.parent / "next"
            other.mkdir()
            os.link(a, other / "a.yaml")  # the very same file under another root
            link.unlink()
            link.symlink_to("next")
        case "root deleted":
            link.unlink()
    assert changes(link, sources)


def test_an_earlier_readings_bytes_serve_only_for_files_at_rest(tmp_path: Path) -> None:
    """A file that looks the same is not read again, unless it changed just before it was read."""
    old, young = tmp_path / "old.yaml", tmp_path / "young.yaml"
    for path in (old, young):
        path.write_text("one")
    os.utime(old, ns=(10**18, 10**18))
    first = DirectorySources(tmp_path)
    assert (first.read("old.yaml"), first.read("young.yaml")) == (b"one", b"one")
    stamp = young.stat().st_mtime_ns
    for path, at in ((old, 10**18), (young, stamp)):
        path.write_text("two")
        os.utime(path, ns=(at, at))
    second = DirectorySources(tmp_path, before=first)
    assert (second.read("old.yaml"), second.read("young.yaml")) == (b"one", b"two")
    old.write_text("three")
    assert DirectorySources(tmp_path, before=second).read("old.yaml") == b"three"
