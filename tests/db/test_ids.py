"""The public ids of calls."""

import uuid

from calls.db.ids import new_key


def test_keys_are_uuids_of_version_7_in_the_order_of_time() -> None:
    first = new_key()
    while (later := new_key()).int >> 80 == first.int >> 80:  # the same millisecond
        pass
    assert (first.version, first.variant) == (7, uuid.RFC_4122)
    assert later > first


def test_keys_of_one_moment_differ() -> None:
    keys = [new_key() for _ in range(1000)]
    assert len(set(keys)) == len({key.int & (1 << 62) - 1 for key in keys}) == 1000
