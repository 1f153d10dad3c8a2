"""The active policy set: what takes its place, what is refused, what is an alarm."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from router.catalog import load_catalog
from router.errors import PolicyError
from router.reloading.holder import PolicyHolder

Write = Callable[..., Path]


def held(folder: Path) -> PolicyHolder:
    return PolicyHolder(folder, load_catalog(), wall=lambda: 1_795_000_000.0)


def test_a_change_becomes_the_active_set(tmp_path: Path, write: Write) -> None:
    """The new ceiling serves, under a new revision."""
    write(tmp_path)
    holder = held(tmp_path)
    before = holder.current
    write(tmp_path, ceiling=300)
    after = holder.reload()
    assert after.tasks["one"].tiers[0].max_tokens == 300
    assert after.revision != before.revision
    assert before.tasks["one"].tiers[0].max_tokens == 256  # runs under way keep theirs
    assert holder.reloads == 1


def test_the_same_content_is_no_reload(tmp_path: Path, write: Write) -> None:
    """Touching a file, or rewriting it with the same bytes, changes nothing."""
    path = write(tmp_path)
    holder = held(tmp_path)
    before = holder.current
    path.write_bytes(path.read_bytes())
    assert holder.reload() is before
    assert holder.reloads == 0


def test_a_broken_candidate_is_refused_with_its_place_and_the_old_set_serves(
    tmp_path: Path,
    write: Write,
) -> None:
    """File, line, rule and since when; healed by the next good content."""
    path = write(tmp_path)
    holder = held(tmp_path)
    before = holder.current
    path.write_text(path.read_text().replace("max_tokens", "max_tokns"))
    with pytest.raises(PolicyError, match=r"one\.yaml:11:"):
        holder.reload()
    assert holder.current is before
    assert holder.refusal is not None
    assert holder.refusal.findings[0].rule == "unknown-key"
    write(tmp_path)
    assert holder.reload() is before
    assert holder.refusal is None


def test_one_broken_file_refuses_the_whole_candidate(tmp_path: Path, write: Write) -> None:
    """All or nothing: no half of an edit ever serves."""
    write(tmp_path, "one")
    write(tmp_path, "two")
    holder = held(tmp_path)
    before = holder.current
    write(tmp_path, "one", ceiling=999)
    (tmp_path / "two.yaml").write_text("version: 1\ntasks: [")
    with pytest.raises(PolicyError):
        holder.reload()
    assert holder.current is before


def test_a_deleted_file_takes_its_task_along(tmp_path: Path, write: Write) -> None:
    """Removing a policy is a decision."""
    write(tmp_path, "one")
    gone = write(tmp_path, "two")
    holder = held(tmp_path)
    gone.unlink()
    assert set(holder.reload().tasks) == {"one"}


@pytest.mark.parametrize("vanished", [False, True])
def test_an_emptied_or_vanished_root_is_an_alarm_not_a_decision(
    tmp_path: Path, write: Write, vanished: bool
) -> None:
    """A lost mount must not switch every task off."""
    root = tmp_path / "policies"
    root.mkdir()
    path = write(root)
    holder = held(root)
    before = holder.current
    path.unlink()
    if vanished:
        root.rmdir()
    with pytest.raises(PolicyError):
        holder.reload()
    assert holder.current is before
    assert holder.alarm is not None
    root.mkdir(exist_ok=True)
    write(root)
    holder.reload()
    assert holder.alarm is None


def test_a_task_that_its_file_lost_is_noticed(tmp_path: Path, write: Write) -> None:
    """What a half-written file lacks looks like a removal, so it must rest for longer."""
    path = write(tmp_path)
    holder = held(tmp_path)
    path.write_text(path.read_text().replace("one:", "other:"))
    assert holder.lost_tasks() == {"one"}
    path.unlink()
    write(tmp_path, "other")
    assert holder.lost_tasks() == frozenset()


def test_a_template_is_part_of_what_is_watched(tmp_path: Path, write: Write) -> None:
    """Changing a file that a policy names changes the signature and the revision."""
    (tmp_path / "p.j2").write_text('Say {{ text | tag("text") }}')
    path = write(tmp_path)
    inline = 'user: |\n        Say: {{ text | tag("text") }}'
    path.write_text(path.read_text().replace(inline, "user: [{file: p.j2}]"))
    holder = held(tmp_path)
    before = holder.current.revision
    assert holder.look() == holder.signature
    (tmp_path / "p.j2").write_text('Tell {{ text | tag("text") }} now')
    assert holder.look() != holder.signature
    assert holder.reload().revision != before


def test_readers_only_ever_see_whole_sets(tmp_path: Path, write: Write) -> None:
    """While sets are swapped under load, ceiling and words always belong together."""
    write(tmp_path, words="v256", ceiling=256)
    holder = held(tmp_path)
    mixed: list[tuple[str, int]] = []
    stop = threading.Event()

    def read() -> None:
        while not stop.is_set():
            task = holder.current.tasks["one"]
            template = task.prompt.user[0].template
            assert template is not None
            if f"v{task.tiers[0].max_tokens}" not in template.source:
                mixed.append((template.source, task.tiers[0].max_tokens))

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for ceiling in range(300, 340):
        write(tmp_path, words=f"v{ceiling}", ceiling=ceiling)
        holder.reload()
    stop.set()
    for thread in threads:
        thread.join()
    assert mixed == []
    assert holder.reloads == 40
