"""The board's copy of the live calls in memory, and which of them a newer version replaces."""

import uuid
from collections.abc import Callable, Collection, Iterator, Mapping

from calls.live.board_queries import left_long_ago
from calls.live.serializers import CachedCall


class LiveCalls:
    """The live calls by primary key and public id, and the versions of the calls that left lately."""

    def __init__(self) -> None:
        self._cached: dict[int, CachedCall] = {}
        self._by_public_id: dict[uuid.UUID, CachedCall] = {}
        self._left: dict[int, int] = {}

    def __iter__(self) -> Iterator[CachedCall]:
        """Return the live calls in the order in which they came onto the board."""
        return iter(self._cached.values())

    def __len__(self) -> int:
        return len(self._cached)

    def get(self, public_id: uuid.UUID) -> CachedCall | None:
        """Return the live call, None when it is not on the board."""
        return self._by_public_id.get(public_id)

    def texts(self) -> list[str]:
        """Return the calls' JSON in the order of their primary keys."""
        return [cached.text for _, cached in sorted(self._cached.items())]

    def clear(self) -> None:
        """Forget everything."""
        self._cached, self._by_public_id, self._left = {}, {}, {}

    def remember_left(self, versions: Mapping[int, int]) -> None:
        """Take the versions of the calls that left lately, so that older ones are not shown again."""
        self._left = dict(versions)

    def outdated(self, versions: Mapping[int, int]) -> list[int]:
        """Return the primary keys of the calls that differ from the database's versions; forget calls left long ago."""
        known = {**self._left, **{pk: cached.version for pk, cached in self._cached.items()}}
        newer = [pk for pk, version in versions.items() if known.get(pk, 0) < version]
        lost = [pk for pk in self._cached if pk not in versions]
        self._left = {pk: version for pk, version in self._left.items() if pk in versions}
        return newer + lost

    def apply(
        self, asked: Collection[int], read: Collection[CachedCall], mark: Callable[[CachedCall], None]
    ) -> tuple[list[CachedCall], list[str]]:
        """Take the calls that were read; return those that changed and, as JSON, the public ids of those that are gone.

        `mark` is called with each changed call whose first ringing in front of a supervisor may still be unknown. Calls
        that were `asked` for and not found are no longer in the database.
        """
        changed, gone = [], []
        for cached in read:
            call, known = cached.call, self._cached.get(cached.call.pk)
            if (known.version if known else self._left.get(call.pk, 0)) >= call.version or left_long_ago(call):
                continue
            watched_at = known.call.watched_at if known else None
            if watched_at and call.watched_at is None and call.rang_at(watched_at):
                cached.watch(watched_at)
            else:
                mark(cached)
            if call.is_live:
                self._keep(cached, known)
            else:
                gone.append(self._leave(cached))
            changed.append(cached)
        missing = set(asked) - {cached.call.pk for cached in read}
        gone += [self._drop(primary_key) for primary_key in missing if primary_key in self._cached]
        return changed, gone

    def _keep(self, cached: CachedCall, known: CachedCall | None) -> None:
        cached.since = known.since if known else cached.since
        self._cached[cached.call.pk] = self._by_public_id[cached.call.public_id] = cached
        self._left.pop(cached.call.pk, None)

    def _leave(self, cached: CachedCall) -> str:
        call = cached.call
        self._left[call.pk] = call.version
        self._cached.pop(call.pk, None)
        self._by_public_id.pop(call.public_id, None)
        return f'"{call.public_id}"'

    def _drop(self, primary_key: int) -> str:
        public_id = self._cached.pop(primary_key).call.public_id
        self._by_public_id.pop(public_id, None)
        return f'"{public_id}"'
