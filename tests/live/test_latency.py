"""How long a rejection takes, as the last safe moment is computed from it."""

from calls.live.latency import DEFAULT_SECONDS, ENOUGH, MOST, LatencyWindow


def paced(*seconds: float) -> float:
    pace = LatencyWindow()
    for one in seconds:
        pace.note(one)
    return pace.seconds


def test_before_any_decision_the_default_holds() -> None:
    assert paced() == DEFAULT_SECONDS


def test_a_few_quick_decisions_do_not_promise_the_next_one() -> None:
    assert paced(*[0.05] * (ENOUGH - 1)) == DEFAULT_SECONDS


def test_a_few_slow_ones_are_believed_at_once() -> None:
    assert paced(0.05, 2.5) == 2.5


def test_of_many_five_in_a_hundred_may_be_slower() -> None:
    assert paced(*[0.1] * 95, *[3.0] * 5) == 0.1
    assert paced(*[0.1] * 94, *[3.0] * 6) == 3.0


def test_what_was_long_ago_is_forgotten() -> None:
    assert paced(*[9.0] * MOST, *[0.2] * MOST) == 0.2


def test_a_clock_that_was_put_back_makes_no_negative_time() -> None:
    assert paced(*[-5.0] * ENOUGH) == 0.0
