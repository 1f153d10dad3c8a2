"""Watching: edits go live by themselves, broken and half-written ones never do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.reloading.holder import PolicyHolder
from router.reloading.watcher import Watcher

Write = Callable[..., Path]

PATIENCE = 10.0  # seconds; only a failing test waits so long


class Watched:
    """A holder with a watcher, and a way to wait for its next decision."""

    def __init__(self, root: Path, **options: float | bool) -> None:
        self.holder = PolicyHolder(root, load_catalog())
        self.changed = threading.Semaphore(0)
        self.watcher = Watcher(
            self.holder, on_change=self.changed.release, **{"quiet": 0.1, **options}
        )

    def wait(self) -> None:
        assert self.changed.acquire(timeout=PATIENCE), "no decision was made"

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait for decisions until one makes it so."""
        end = time.monotonic() + PATIENCE
        while not holds():
            assert time.monotonic() < end
            self.changed.acquire(timeout=0.2)

    @property
    def ceiling(self) -> int:
        return self.holder.current.tasks["one"].tiers[0].max_tokens


@pytest.fixture
def watch() -> Iterator[Callable[..., Watched]]:
    made: list[Watched] = []

    def start(root: Path, **options: float | bool) -> Watched:
        made.append(Watched(root, **options))
        return made[-1]

    yield start
    for watched in made:
        watched.watcher.close()
        assert not watched.watcher.alive


def test_an_edit_in_place_goes_live(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """Write the file; the new ceiling serves."""
    write(tmp_path)
    watched = watch(tmp_path)
    write(tmp_path, ceiling=300)
    watched.until(lambda: watched.ceiling == 300)


def test_an_editor_that_renames_goes_live(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """A temporary file renamed over the policy counts as an edit."""
    path = write(tmp_path)
    watched = watch(tmp_path)
    beside = tmp_path / ".one.yaml.swp"
    beside.write_text(path.read_text().replace("256", "301"))
    beside.replace(path)
    watched.until(lambda: watched.ceiling == 301)


def test_a_swapped_symlink_goes_live_as_one_reload(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """ConfigMaps swap a link to a folder; both files change in one step."""
    root = tmp_path / "mount"
    root.mkdir()
    for number, ceiling in ((1, 256), (2, 302)):
        folder = root / f"..v{number}"
        folder.mkdir()
        write(folder, "one", ceiling=ceiling)
        write(folder, "two", ceiling=ceiling)
    (root / "..data").symlink_to("..v1")
    for name in ("one", "two"):
        (root / f"{name}.yaml").symlink_to(f"..data/{name}.yaml")
    watched = watch(root)
    (root / "..next").symlink_to("..v2")
    (root / "..next").replace(root / "..data")
    watched.until(lambda: watched.ceiling == 302)
    assert watched.holder.current.tasks["two"].tiers[0].max_tokens == 302
    assert watched.holder.reloads == 1


def test_without_events_the_poll_finds_the_edit(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """Events get lost; the slow look is the truth."""
    write(tmp_path)
    watched = watch(tmp_path, events=False, poll=0.1)
    write(tmp_path, ceiling=303)
    watched.until(lambda: watched.ceiling == 303)


def test_a_broken_edit_is_refused_and_the_next_good_one_heals(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """The old set serves in between, and the refusal names the line."""
    path = write(tmp_path)
    watched = watch(tmp_path)
    path.write_text(path.read_text().replace("max_tokens: 256", "max_tokens: lots"))
    watched.until(lambda: watched.holder.refusal is not None)
    assert watched.ceiling == 256
    refusal = watched.holder.refusal
    assert refusal is not None
    assert (refusal.findings[0].span.file, refusal.findings[0].span.line) == ("one.yaml", 11)
    write(tmp_path, ceiling=304)
    watched.until(lambda: watched.ceiling == 304)
    assert watched.holder.refusal is None


def test_a_vanished_root_is_survived(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """The watcher lives on and picks the policies up when they are back."""
    root = tmp_path / "policies"
    root.mkdir()
    write(root)
    watched = watch(root, poll=0.1)
    root.rename(tmp_path / "away")
    watched.until(lambda: watched.holder.alarm is not None)
    assert watched.ceiling == 256
    (tmp_path / "away").rename(root)
    write(root, ceiling=305)
    watched.until(lambda: watched.ceiling == 305)
    assert watched.holder.alarm is None


def test_a_file_written_in_pieces_never_serves_half(
    tmp_path: Path, write: Write, watch: Callable[..., Watched]
) -> None:
    """Every prefix that rests for less than the quiet period is passed over."""
    path = write(tmp_path)
    whole = path.read_text().replace("256", "306") + "    tags: {a: b}\n"
    watched = watch(tmp_path, quiet=0.4)
    seen = set()
    for end in range(len(whole) // 3, len(whole), 11):
        path.write_text(whole[:end])
        seen.add(watched.ceiling)
        threading.Event().wait(0.02)  # the writer's own pace
    path.write_text(whole)
    watched.until(lambda: watched.ceiling == 306)
    assert seen == {256}
    assert watched.holder.reloads == 1
    assert watched.holder.current.tasks["one"].tags == {"a": "b"}
