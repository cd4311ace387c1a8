"""The recorder under the test cases that the `eventsourcing` package publishes for recorders."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from ledger.store.book import create_book, open_book
from ledger.store.recorder import LogRecorder


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


class OpensRecorder:
    """Each test case gets a new and empty log, made and then opened as a book is."""

    location: str
    addCleanup: Callable[..., Any]  # noqa: N815

    def create_recorder(self) -> LogRecorder:
        create_book(self.location, lambda writer: None).close()
        book = open_book(self.location)
        self.addCleanup(book.close)
        return book.log


class OnSQLite(OpensRecorder):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.location = str(tmp_path / "log.db")


class OnPostgreSQL(OpensRecorder):
    @pytest.fixture(autouse=True)
    def _place(self, new_database: Callable[[], str]) -> None:
        self.location = new_database()


class TestApplicationRecorderOnSQLite(OnSQLite, persistence.ApplicationRecorderTestCase):
    """Versions, order, limits, atomic writes and concurrent writers, on SQLite."""


class TestApplicationRecorderOnPostgreSQL(OnPostgreSQL, persistence.ApplicationRecorderTestCase):
    """The same on PostgreSQL."""


class TestNonInterleavingOnSQLite(OnSQLite, persistence.NonInterleavingNotificationIDsBaseCase):
    """Positions of two writers at once never interleave, on SQLite."""


class TestNonInterleavingOnPostgreSQL(
    OnPostgreSQL, persistence.NonInterleavingNotificationIDsBaseCase
):
    """The same on PostgreSQL."""
