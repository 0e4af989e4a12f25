"""The existence and the end of a call do not depend on order and repetition of its notifications."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from calls.graph import payloads
from calls.ingest.call_state import fold
from calls.models import Call
from tests import bodies

WINDOW = timedelta(seconds=15)
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
TOLD = {
    "incoming": bodies.ringing("c-1"),
    "establishing": bodies.moved("c-1", "establishing"),
    "established": bodies.moved("c-1", "established"),
    "active": bodies.moved("c-1", "established", mediaState={"audio": "active"}),
    "transferring": bodies.moved("c-1", "transferring"),
    "unknown": bodies.moved("c-1", "somethingNew"),
    "terminated": bodies.moved("c-1", "terminated"),
    "deleted": bodies.ended("c-1"),
}
ENDINGS = {"terminated", "deleted"}
ANSWERED = {"establishing", "established", "active", "transferring"}


def fold_all(names: list[str]) -> Call:
    call = Call(graph_id="c-1", graph_id_folded="c-1", tenant_id="t", received_at=START)
    for number, name in enumerate(names):
        facts = payloads.read(TOLD[name]["value"][0]).facts
        fold(call, facts, START + timedelta(seconds=number), WINDOW)
    return call


stories = st.lists(st.sampled_from(sorted(TOLD)), min_size=1, max_size=12)


@given(stories, st.randoms())
def test_every_order_ends_the_same(story: list[str], chance: object) -> None:
    other = [*story, *story]
    chance.shuffle(other)  # type: ignore[attr-defined]
    one, two = fold_all(story), fold_all(other)
    assert (one.ended_at is None) == (two.ended_at is None) == (not ENDINGS & set(story))
    assert (one.state == "terminated") == (two.state == "terminated") == bool(ENDINGS & set(story))


@given(stories)
def test_ended_absorbs_and_answered_never_rings_again(story: list[str]) -> None:
    seen: list[str] = []
    for length in range(1, len(story) + 1):
        seen.append(fold_all(story[:length]).state)
    ends = [number for number, name in enumerate(story) if name in ENDINGS]
    if ends:
        assert set(seen[ends[0] :]) == {"terminated"}
    answers = [number for number, name in enumerate(story) if name in ANSWERED]
    if answers:
        assert "incoming" not in seen[answers[0] :]


@given(stories)
def test_what_was_told_once_is_still_known(story: list[str]) -> None:
    call = fold_all(story)
    if "incoming" in story:
        assert call.caller_name == "Ada Lovelace"
        assert call.modalities == ["audio"]


def test_a_repetition_changes_nothing() -> None:
    call = fold_all(["incoming", "established"])
    facts = payloads.read(TOLD["established"]["value"][0]).facts
    assert not fold(call, facts, START + timedelta(minutes=1), WINDOW).changed
