"""What becomes of each staged fact at one head of the log: new, known, or in conflict.

Reads only; takes no lock. The answer holds for the head it was made at, and the writer checks
that this is still the head before anything is written.
"""

import json
from collections.abc import Callable, Collection, Iterable
from functools import cached_property
from itertools import islice
from typing import NamedTuple

from sqlalchemy import Connection

from ledger.aggregates.book import BOOK_STREAM, BatchRecorded
from ledger.aggregates.catalogue import TOPICS
from ledger.aggregates.judge import Surprise, recorded_again, unknown_fact
from ledger.intake.rejection import Rejection, Rejections
from ledger.store.head import Head, head_of
from ledger.store.keys import id_key, next_key
from ledger.store.log import read_log, read_positions
from ledger.usecases.recording.known_keys import Stored, can_be_lifted, look_up, pending_withdrawals
from ledger.usecases.recording.stage import Stage, Staged

LOOKUP = 5000
PASSED_OVER_MAX = 1000
"""Known rows that an answer names; it counts all of them."""
NEW, KNOWN, REFUSED = 0, 1, 2


class Lift(NamedTuple):
    """A withdrawal and the fact it withdraws; each by position in the book, or by index here."""

    target: int | None
    target_index: int | None
    by: int | None
    by_index: int | None


class Decided:
    """Verdicts in the order of staging, and what else the writer needs."""

    def __init__(self, head: Head) -> None:
        self.head = head
        self.verdicts = bytearray()
        self.keys: dict[int, bytes] = {}
        """By index, the final keys of facts that are recorded again after a withdrawal."""
        self.lifts: list[Lift] = []
        self.pending: dict[bytes, int] = {}
        """Key as sent -> index of a withdrawal whose fact nobody has recorded yet."""
        self.rejections = Rejections()
        self.surprises: dict[int, tuple[Staged, Surprise]] = {}
        self.still_withdrawn = 0
        """How many facts are known but do not count, because they were withdrawn."""
        self.passed_over: list[tuple[int, int | None]] = []
        """The first rows that are known, each with the position of the fact that the book holds;
        None where an earlier row of the call is equal."""

    @property
    def new(self) -> int:
        return self.verdicts.count(NEW)

    def passes(self, row: int, position: int | None) -> int:
        """Notes a row that is known already and returns its verdict."""
        if len(self.passed_over) < PASSED_OVER_MAX:
            self.passed_over.append((row, position))
        return KNOWN

    @property
    def known(self) -> int:
        return self.verdicts.count(KNOWN)


def decide(
    connection: Connection,
    stage: Stage,
    excluded: Collection[int] = frozenset(),
    see: Callable[[Iterable[Staged]], None] = lambda rows: None,
) -> Decided:
    """Looks up every key and follows withdrawals, in the order of the files.

    `excluded` rows are refused from the start; `see` is called with the facts that are new.

    A withdrawn fact may be recorded again, also under its old id. But sending a file again must
    not bring it back: it stays withdrawn where its file is one that the book has taken before,
    or where the call also holds its withdrawal.
    """
    decider = _Decider(connection, stage, excluded)
    staged = iter(stage)
    while chunk := list(islice(staged, LOOKUP)):
        decider.take(chunk, see)
    decider.explain_conflicts()
    return decider.decided


class _Decider:
    def __init__(self, connection: Connection, stage: Stage, excluded: Collection[int]) -> None:
        self.connection = connection
        self.stage = stage
        self.excluded = excluded
        self.decided = Decided(head_of(connection))
        resent = look_up(connection, stage.withdrawal_keys, self.decided.head)
        self.resent = {stored.position for stored in resent.values()}
        """Positions of the withdrawals that the book holds and this call sends again."""
        self.waiting = pending_withdrawals(connection)
        self.live: dict[bytes, bytes] = {}
        """Key as sent -> content and index of the fact of this call that has it, packed: there
        may be a million of them."""
        self.conflicting: list[tuple[Staged, int]] = []
        """Facts that differ from an earlier one of this call, with that one's index."""
        self.withdrawn: set[int] = set()
        """Positions in the book that this call withdraws."""
        self.freed: dict[bytes, bytes] = {}
        """Key as sent -> the key under which the next fact of that name is recorded."""

    def take(self, chunk: list[Staged], see: Callable[[Iterable[Staged]], None]) -> None:
        verdicts, decided = self.decided.verdicts, self.decided
        before = len(verdicts)
        book = look_up(self.connection, (row.key for row in chunk), decided.head)
        for row in chunk:
            if row.row in self.excluded:
                verdict = REFUSED
            elif row.target is not None:
                again = book.get(row.key)
                verdict = decided.passes(row.row, again.position) if again else self._withdraw(row)
            elif row.has_id or row.key in book:
                verdict = self._place(row, book.get(row.key))
            else:
                verdict = NEW
            verdicts.append(verdict)
        taken = zip(chunk, verdicts[before:], strict=True)
        see(row for row, verdict in taken if verdict == NEW)

    def explain_conflicts(self) -> None:
        """Rejections for facts that differ from an earlier one of the call under one id."""
        wanted = {index for _, index in self.conflicting}
        if wanted:
            first = {index: staged for index, staged in enumerate(self.stage) if index in wanted}
            for row, index in self.conflicting:
                other = first[index]
                where = "line {1} of {0}".format(*self.stage.place(other.row))
                self._refuse(row, other.topic, other.state, where)

    def _place(self, row: Staged, stored: Stored | None) -> int:
        """New, known or refused, for a fact whose key may be taken."""
        index, decided = len(self.decided.verdicts), self.decided
        here = self.live.get(row.key)
        free = here is None and stored is None
        if free and not (self.freed or self.waiting or decided.pending):
            self.live[row.key] = row.content + index.to_bytes(8, "big")
            return NEW
        if here is not None:
            if here.startswith(row.content):
                return decided.passes(row.row, None)
            if row.key not in self.freed:
                self.conflicting.append((row, _index_in(here)))
                return REFUSED
        key, stored, same_again = self._follow(row.key, stored, row)
        if row.key in self.freed:
            key, stored = self.freed.pop(row.key), None
        if stored is not None:
            if stored.content == row.content or not row.has_id:
                decided.still_withdrawn += stored.withdrawn_at is not None
                return decided.passes(row.row, stored.position)
            return self._refuse(row, stored.topic, stored.state, f"position {stored.position}")
        if key != row.key:
            decided.keys[index] = key
        if same_again:
            decided.surprises[index] = (row, recorded_again())
        if row.has_id:
            self.live[row.key] = row.content + index.to_bytes(8, "big")
            if (position := self.waiting.pop(row.key, None)) is not None:
                self._note(row.key, key, Lift(None, index, position, None), keep=True)
            elif (by_index := decided.pending.pop(row.key, None)) is not None:
                decided.surprises.pop(by_index)
                self._note(row.key, key, Lift(None, index, None, by_index), keep=True)
        return NEW

    def _withdraw(self, row: Staged) -> int:
        """Finds what a withdrawal withdraws: a fact of this call, of the book, or one to come."""
        assert row.target is not None
        index, decided = len(self.decided.verdicts), self.decided
        position, key = row.target
        if key is None:
            assert position is not None
            if not self._withdraw_position(position, index):
                decided.surprises[index] = (row, unknown_fact(f"at position {position}"))
            return NEW
        here = self.live.get(key)
        if here is not None and key not in self.freed:
            target = _index_in(here)
            self._note(key, decided.keys.get(target, key), Lift(None, target, None, index))
            return NEW
        stored = look_up(self.connection, [key], decided.head).get(key)
        last, current, _ = self._follow(key, stored)
        if current is not None and key not in self.freed:
            self._note(key, last, Lift(current.position, None, None, index))
            return NEW
        waits = key in decided.pending or key in self.waiting
        if stored is None and key not in self.freed and not waits:
            decided.pending[key] = index
        decided.surprises[index] = (row, unknown_fact("of that source and id"))
        return NEW

    def _withdraw_position(self, position: int, index: int) -> bool:
        """Withdraws the fact of the book at a position; False if none there still counts."""
        if position in self.withdrawn or not can_be_lifted(
            self.connection, position, self.decided.head
        ):
            return False
        self.withdrawn.add(position)
        lift = Lift(position, None, None, index)
        (recorded,) = read_positions(self.connection, [position])
        event = recorded.event
        if event.id is None:
            self.decided.lifts.append(lift)
            return True
        key = id_key(event.source, event.id)
        last, _, _ = self._follow(key, look_up(self.connection, [key], self.decided.head)[key])
        self._note(key, last, lift)
        return True

    def _note(self, key: bytes, taken: bytes, lift: Lift, *, keep: bool = False) -> None:
        """Notes a withdrawal and frees the key; with `keep`, equal content is still known here."""
        self.decided.lifts.append(lift)
        if lift.target is not None:
            self.withdrawn.add(lift.target)
        if not keep:
            self.live.pop(key, None)
        self.freed[key] = next_key(taken)

    def _follow(
        self, key: bytes, stored: Stored | None, sent: Staged | None = None
    ) -> tuple[bytes, Stored | None, bool]:
        """Follows re-recorded facts to the first key that is free or held by a fact that counts.

        Stops at a withdrawn fact that is only sent again, which stays withdrawn. Returns the
        key, the fact held under it, and whether the same content was withdrawn on the way.
        """
        same_again = False
        while stored is not None and stored.withdrawn_at is not None:
            if sent and stored.content == sent.content:
                if self._only_resent(stored, sent):
                    break
                same_again = True
            key = next_key(key)
            stored = look_up(self.connection, [key], self.decided.head).get(key)
        return key, stored, same_again

    def _only_resent(self, stored: Stored, sent: Staged) -> bool:
        """Whether a withdrawn fact is merely sent again.

        So it is if its withdrawal comes with it or waited for it, or its file was taken before.
        """
        assert stored.withdrawn_at is not None
        return (
            stored.withdrawn_at in self.resent
            or stored.withdrawn_at < stored.position
            or self.stage.file_of(sent.row).sha256 in self._files_taken
        )

    @cached_property
    def _files_taken(self) -> set[str]:
        """Digests of all files that the book has recorded facts from."""
        batches = read_log(self.connection, stream=BOOK_STREAM, topics=[BatchRecorded.TOPIC])
        return {file.sha256 for batch in batches for file in batch.event.files}

    def _refuse(self, row: Staged, topic: str, state: bytes, where: str) -> int:
        self.decided.rejections.append(_conflict(self.stage, row, topic, state, where))
        return REFUSED


def _index_in(packed: bytes) -> int:
    return int.from_bytes(packed[-8:], "big")


def _conflict(stage: Stage, row: Staged, topic: str, state: bytes, where: str) -> Rejection:
    file, line = stage.place(row.row)
    here, there = json.loads(row.state), json.loads(state)
    named = next((key for key in {**there, **here} if here.get(key) != there.get(key)), None)
    if topic != row.topic:
        difference = f"type is {row.type!r} here and {TOPICS[topic].__name__!r} there"
    elif named:
        difference = f"{named} is {here.get(named)!r} here and {there.get(named)!r} there"
    else:
        difference = "at differs"
    return Rejection(
        file,
        line,
        row.type,
        "conflicting_id",
        f"id {here.get('id')!r} of source {here.get('source', '')!r} is already used for "
        f"different content at {where}: {difference}.",
        "A fact is never edited: withdraw the recorded one, or give this one an id of its own.",
        row.as_sent(),
    )
