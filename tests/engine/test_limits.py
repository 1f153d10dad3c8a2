"""The retry budget and the circuits, on a clock moved by hand."""

from __future__ import annotations

import random
import threading

from router.engine.limits import Circuits, RetryBudget


def test_the_budget_gives_out_no_more_than_it_holds() -> None:
    """A hundred tokens are a hundred retries, whoever asks."""
    budget = RetryBudget()
    assert sum(budget.take() for _ in range(150)) == 100


def test_five_successes_pay_for_one_retry_and_never_overfill() -> None:
    """A success gives back a fifth of a token, up to the bucket's size."""
    budget = RetryBudget(tokens=1.0)
    assert budget.take()
    for _ in range(4):
        budget.success()
    assert not budget.take()
    for _ in range(50):
        budget.success()
    assert budget.left == 1.0


def test_threads_cannot_draw_a_token_twice() -> None:
    """Concurrent takes never exceed the bucket."""
    budget = RetryBudget(tokens=500)
    taken: list[int] = []

    def draw() -> None:
        taken.append(sum(budget.take() for _ in range(200)))

    threads = [threading.Thread(target=draw) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(taken) == 500


def failing(circuits: Circuits, count: int, now: float = 100.0) -> None:
    for _ in range(count):
        circuits.record("m", True, now)


def test_a_circuit_opens_at_half_of_at_least_twenty() -> None:
    """Nineteen failures say nothing yet; the twentieth attempt does."""
    circuits = Circuits(random.Random(1).random)
    failing(circuits, 19)
    assert circuits.allow("m", 100.0)
    failing(circuits, 1)
    assert not circuits.allow("m", 100.0)
    assert circuits.allow("other", 100.0)


def test_a_circuit_stays_closed_under_half() -> None:
    """Eleven answers and ten failures are a bad day, not an outage."""
    circuits = Circuits(random.Random(1).random)
    for _ in range(11):
        circuits.record("m", False, 100.0)
    failing(circuits, 10)
    assert circuits.allow("m", 100.0)


def test_old_failures_leave_the_window() -> None:
    """What failed more than 30 s ago does not count."""
    circuits = Circuits(random.Random(1).random)
    failing(circuits, 19, now=100.0)
    failing(circuits, 1, now=135.0)
    assert circuits.allow("m", 135.0)


def test_one_probe_goes_through_and_its_answer_closes_the_circuit() -> None:
    """After the pause one caller may try; an answer lets all in again."""
    circuits = Circuits(random.Random(1).random)
    failing(circuits, 20)
    assert 0 < circuits.retry_after("m", 100.0) <= 6.25
    assert circuits.allow("m", 107.0)
    assert not circuits.allow("m", 107.0)
    circuits.record("m", False, 107.5)
    assert circuits.allow("m", 107.5)
    assert circuits.retry_after("m", 107.5) == 0


def test_a_failed_probe_opens_the_circuit_again() -> None:
    """The pause starts over."""
    circuits = Circuits(random.Random(1).random)
    failing(circuits, 20)
    assert circuits.allow("m", 107.0)
    circuits.record("m", True, 108.0)
    assert not circuits.allow("m", 110.0)
    assert circuits.allow("m", 115.0)


def test_a_probe_that_never_reports_does_not_shut_the_model_out() -> None:
    """Its place is free again after one pause."""
    circuits = Circuits(random.Random(1).random)
    failing(circuits, 20)
    assert circuits.allow("m", 107.0)
    assert circuits.allow("m", 113.0)
