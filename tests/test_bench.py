"""The benchmarks run, and what they compare agrees; their figures are not judged here."""

import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # bench/ is no part of the package

from bench import cascade, client, compiling, linting, own, phases, reload, starting  # noqa: E402
from bench.report import BEGIN, END, Bar, written  # noqa: E402


@pytest.mark.parametrize("name", ["lifeeval", "zeroeval"])
def test_a_router_and_a_calculation_from_the_file_agree_on_every_figure(name):
    path = cascade.DATA / "cascade" / f"{name}_cal.csv.gz"
    if not path.exists():
        pytest.skip(f"no recorded answers at {path}: set ROUTER_DATA")
    every = cascade.read(path)
    rows = every[:: len(every) // 60][:60]
    for threshold in cascade.thresholds(rows, most=3):
        assert cascade.routed(rows, threshold) == cascade.calculated(rows, threshold)


def test_thresholds_are_confidences_that_were_stated_and_make_a_difference():
    rows = [
        {"t1_confidence": text, "t2_confidence": "0.9"} for text in ("0.2", "0.5", "0.9", "0.9")
    ]
    assert cascade.thresholds(rows) == ["0.5", "0.9"]


def test_the_bare_sdk_and_the_router_are_compared_on_one_server():
    found = client.compare(rounds=1, calls=3, arounds=1, acalls=8, in_flight=4)
    assert [len(one.cpu) for one in (found.sdk, found.run, found.asdk, found.arun)] == [1] * 4


def test_what_is_ours_alone_is_measured_with_and_without_a_ledger():
    found = own.measure(rounds=1, calls=3)
    assert min(found.without_ledger, found.with_ledger, found.reference) > 0


def test_each_phase_of_a_run_is_timed():
    assert all(microseconds > 0 for _, microseconds in phases.measure(rounds=1, calls=3))


def test_compiling_is_measured_cold_and_after_a_change():
    found = compiling.measure(3, rounds=1)
    assert min(found.cold, found.loader, found.changed) > 0


def test_linting_is_measured_beside_reading_and_beside_an_idle_interpreter():
    found = linting.measure(3, rounds=1)
    assert min(found.many, found.reading, found.one, found.idle) > 0


def test_a_fresh_process_is_measured_and_imports_nothing_heavy():
    found = starting.measure(rounds=1)
    assert found.imported.cpu > 0
    assert found.heavy_in_import == found.heavy_in_lint == ()


def test_no_run_fails_or_mixes_revisions_while_policies_are_reloaded():
    found = reload.measure(24)
    assert (found.refused, found.failed, found.mixed) == (12, 0, 0)
    assert found.runs > 0


def test_a_bar_is_met_only_if_both_ways_of_measuring_say_so():
    assert Bar("ratio", 0.75, 0.7, 0.74).met
    assert not Bar("ratio", 0.75, 0.7, 0.76).met
    assert Bar("rate", 1.7, 2.0, 1.8, at_least=True).met


def test_figures_are_written_between_the_marks_and_nowhere_else():
    page = f"before {BEGIN} old {END} after"
    assert written(page, "new") == f"before {BEGIN}\n\nnew\n\n{END} after"
    with pytest.raises(ValueError, match="no place"):
        written("no marks", "new")
