"""The arithmetic of `make bench`, where it could be wrong without anybody noticing."""

import itertools
import json

import pytest

from tools.bench import callbacks, load, sockets
from tools.bench.fanout import latencies
from tools.bench.path import to_the_last
from tools.bench.report import Figure, percentile, spread

HEADERS = {"Authorization": "Bearer x"}


@pytest.mark.parametrize(
    ("share", "expected"), [(0.0, 1), (0.5, 5), (0.9, 9), (0.91, 10), (0.99, 10), (1.0, 10)], ids=str
)
def test_a_percentile_is_one_of_the_values(share: float, expected: int) -> None:
    assert percentile([3, 1, 2, 10, 9, 8, 7, 6, 5, 4], share) == expected


def test_there_is_no_percentile_of_nothing() -> None:
    with pytest.raises(ValueError, match="nothing"):
        percentile([], 0.5)


def test_a_ratio_is_of_medians_and_its_noise_is_the_wilder_sides() -> None:
    figure = Figure.ratio("x", [10.0, 30.0, 20.0], [4.0, 4.0, 5.0], "≥ 5")
    assert figure.value == 5.0
    assert figure.noise == spread([10.0, 20.0, 30.0]) == 1.0
    assert figure.reached


@pytest.mark.parametrize(
    ("value", "reach", "reached"),
    [(0.5, "≥ 0.50", True), (0.49, "≥ 0.50", False), (5.0, "≤ 5 ms", True), (5.1, "≤ 5 ms", False), (0.0, "≤ 0", True)],
)
def test_what_is_reached(value: float, reach: str, reached: bool) -> None:
    assert Figure.plain("x", [value], reach, "", "").reached is reached


def test_a_change_counts_as_delivered_with_a_later_one_of_its_call_and_once() -> None:
    frames = [(1.0, (0, 1)), (2.0, (2,)), (3.0, (6, 1)), (4.0, (2, 3))]
    assert sockets.arrivals(frames, calls=2) == {0: 1.0, 1: 1.0, 2: 2.0, 4: 3.0, 6: 3.0, 3: 4.0}


def test_only_changes_of_the_run_count_for_its_latencies() -> None:
    assert latencies([[(1.0, (0,)), (2.5, (2,))], [(1.0, (0,))]], {2: 2.0}, calls=2) == [0.5]


def test_a_change_has_arrived_when_the_last_socket_has_it_or_a_later_one_of_its_call() -> None:
    early, late = [(1.5, (2,)), (1.6, (3,)), (1.7, (4,))], [(2.0, (3, 4))]
    assert to_the_last([early, late], {2: 1.0, 3: 1.0}, calls=2) == [1.0, 1.0]
    assert to_the_last([early, [(2.0, (3,))]], {2: 1.0, 3: 1.0}, calls=2) == [], "one socket lacks one"


def test_a_socket_is_wrong_about_calls_it_shows_old_or_not_at_all() -> None:
    frames = [(1.0, (0, 1)), (2.0, (3,)), (3.0, (6,))]  # of call 0: 0, 3, 6; of call 1: 1; of call 2: nothing
    assert sockets.wrong(frames, 3, {6, 1}) == 0
    assert sockets.wrong(frames, 3, {6, 4, 2}) == 2
    assert sockets.wrong([(1.0, (6,)), (2.0, (3,))], 3, {6}) == 1, "newer first, older last"


@pytest.mark.parametrize("length", [0, 5, 125, 126, 65535, 65536])
def test_frames_of_any_length_are_found_in_what_arrived(length: int) -> None:
    head = {True: bytes((0x81, length % 256)), False: b"\x81\x7e" + (length % 2**16).to_bytes(2, "big")}[length < 126]
    if length > 65535:
        head = b"\x81\x7f" + length.to_bytes(8, "big")
    whole = head + b"x" * length
    assert sockets._frame_in(whole + b"more") == (1, b"x" * length, len(whole))
    assert all(sockets._frame_in(whole[:cut]) is None for cut in {0, 1, len(head) - 1, len(whole) - 1} if cut >= 0)


def test_an_answer_is_complete_when_its_declared_length_is_there() -> None:
    head = b"HTTP/1.1 202 Accepted\r\nContent-Length: 3\r\n\r\n"
    assert [load.status_of(head[:-1]), load.status_of(head + b"ab"), load.status_of(head + b"abc")] == [0, 0, 202]


def test_every_request_is_as_long_as_it_says_and_about_another_call() -> None:
    requests = list(itertools.islice(callbacks.new_calls(HEADERS, "tenant"), 1000))
    ids = set()
    for request in requests:
        head, _, body = request.partition(b"\r\n\r\n")
        assert b"Content-Length: %d" % len(body) in head
        ids.add(json.loads(body)["value"][0]["resource"])
    assert len(ids) == len(requests)


def test_changes_go_round_the_calls_and_carry_their_numbers() -> None:
    made = list(itertools.islice(callbacks.changes(HEADERS, "tenant", 3, "abcdef01", 4), 4))
    told = [json.loads(request.partition(b"\r\n\r\n")[2])["value"][0] for request in made]
    assert [int(item["resource"][-12:], 16) for item in told] == [1, 2, 0, 1]
    assert [sockets.NUMBER.findall(request) for request in made] == [[b"%08d" % number] for number in (4, 5, 6, 7)]
