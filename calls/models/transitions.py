"""State machines: which state may follow which, checked when the table is defined."""

from collections.abc import Collection, Mapping
from enum import Enum
from typing import Generic, TypeVar

S = TypeVar("S", bound=Enum)


class IllegalTransition(ValueError):
    """A state may not follow the current one."""


class Transitions(Generic[S]):
    """The successors of every state. An incomplete table raises ValueError when defined, that is at import."""

    def __init__(
        self, states: type[S], *, initial: S, terminal: Collection[S], successors: Mapping[S, Collection[S]]
    ) -> None:
        self.initial, self.terminal = initial, frozenset(terminal)
        self._states = states
        self._successors = {state: frozenset(successors.get(state, ())) for state in states}
        self._check_complete(successors)

    def after(self, state: S | str) -> frozenset[S]:
        """Return the successors of `state`; a terminal one has none."""
        return self._successors[self._states(state)]

    def check(self, before: S | str, after: S | str) -> None:
        """Raise IllegalTransition if `after` may not follow `before`."""
        if self._states(after) not in self.after(before):
            raise IllegalTransition(f"{self._states.__name__}: {after} may not follow {before}.")

    def _check_complete(self, stated: Mapping[S, Collection[S]]) -> None:
        if set(stated) != set(self._states) - self.terminal:
            raise ValueError(f"{self._states.__name__}: every state but the terminal ones needs successors.")
        if any(not successors for successors in stated.values()):
            raise ValueError(f"{self._states.__name__}: a state without successors is terminal.")
        followed = {state for successors in stated.values() for state in successors}
        if self.initial in followed:
            raise ValueError(f"{self._states.__name__}: the initial state follows another one.")
        if self._reached() != set(self._states):
            raise ValueError(f"{self._states.__name__}: a state cannot be reached from the initial one.")

    def _reached(self) -> set[S]:
        reached, unseen = {self.initial}, [self.initial]
        while unseen:
            new = self._successors[unseen.pop()] - reached
            reached |= new
            unseen += new
        return reached
