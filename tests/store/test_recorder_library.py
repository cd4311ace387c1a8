"""The recorder under the test cases that the `eventsourcing` package publishes for recorders."""

import importlib
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import UUID, uuid4

import pytest
from eventsourcing.persistence import IntegrityError, OperationalError, StoredEvent
from sqlalchemy import exc as sa_exc

from ledger.kernel.errors import BookLocked
from ledger.store.book import open_book
from ledger.store.library import BookRecorder
from ledger.store.making import create_book
from ledger.store.recorder import Row


def _published_test_cases() -> Any:
    """The package's module of test cases.

    It imports a cipher that needs pycryptodome, for test cases of other things than recorders;
    a name in its place is enough here.
    """
    stand_in = ModuleType("eventsourcing.cipher")
    stand_in.__dict__["AESCipher"] = object
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "eventsourcing.cipher", stand_in)
        return importlib.import_module("eventsourcing.tests.persistence")


# Kept as a module: pytest would collect the base classes themselves under names of this one.
persistence = _published_test_cases()


class WritingRecorder(BookRecorder):
    """Writes by `Writer.append` what the test cases invent: they can test no reader otherwise."""

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        rows: list[Row] = [
            (str(e.originator_id), e.originator_version, e.topic, e.state, 1, "", 0, 0, None)
            for e in stored_events
        ]
        try:
            with self.book.log.writing() as writer:
                first = writer.head.position + 1
                last = writer.append(rows).position
        except BookLocked as error:
            raise OperationalError(str(error)) from error
        except sa_exc.DBAPIError as error:
            if "never changed" in str(error.orig) or "duplicate key" in str(error.orig):
                raise IntegrityError(str(error.orig)) from error
            raise
        return list(range(first, last + 1))

    def select_events(self, originator_id: UUID | str, **kwargs: Any) -> Sequence[StoredEvent]:
        """As the package's own class, with which the cases compare."""
        return [
            StoredEvent(e.originator_id, e.originator_version, e.topic, e.state)
            for e in super().select_events(originator_id, **kwargs)
        ]


class OpensRecorder:
    """Each test case gets a new and empty log, made and then opened as a book is."""

    location: str
    addCleanup: Callable[..., Any]  # noqa: N815

    def create_recorder(self) -> WritingRecorder:
        create_book(self.location, lambda writer: None).close()
        book = open_book(self.location)
        self.addCleanup(book.close)
        return WritingRecorder(book)

    def new_originator_id(self) -> str:
        """Streams have readable ids, not UUIDs."""
        return f"store:{uuid4()}"


class OnSQLite(OpensRecorder):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.location = str(tmp_path / "log.db")


class OnPostgreSQL(OpensRecorder):
    @pytest.fixture(autouse=True)
    def _place(self, new_database: Callable[[], str]) -> None:
        self.location = new_database()


class ApplicationRecorderCases(persistence.ApplicationRecorderTestCase):
    """The package leaves subscriptions to those who have them; we have them on both databases."""

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestApplicationRecorderOnSQLite(OnSQLite, ApplicationRecorderCases):
    """Versions, order, limits, subscriptions, atomic writes, concurrent writers, on SQLite."""


class TestApplicationRecorderOnPostgreSQL(OnPostgreSQL, ApplicationRecorderCases):
    """The same on PostgreSQL."""


class TestNonInterleavingOnSQLite(OnSQLite, persistence.NonInterleavingNotificationIDsBaseCase):
    """Positions of two writers at once never interleave, on SQLite."""


class TestNonInterleavingOnPostgreSQL(
    OnPostgreSQL, persistence.NonInterleavingNotificationIDsBaseCase
):
    """The same on PostgreSQL."""
