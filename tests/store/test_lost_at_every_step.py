"""The server goes away before each thing that a command asks of it, one after the other."""

from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from cli.main import run
from ledger.store.book import open_book
from ledger.usecases.init import init
from ledger.usecases.recording.record import record
from tests.marks import more
from tests.quarter import NOW, PROGRAM, amount_of, plain_quarter

pytestmark = more
STEPS_MAX = 300
CLOSE = ("close", PROGRAM, "--by", "lin", "--leave-open", "--reason", "why")


class Cutting:
    """Ends a connection at its server before the so many-th thing that psycopg does."""

    def __init__(self, patch: pytest.MonkeyPatch) -> None:
        self.step, self.at = 0, -1
        for kind, names in (
            (psycopg.Cursor, ("execute", "executemany", "copy")),
            (psycopg.Connection, ("commit",)),
        ):
            for name in names:
                patch.setattr(kind, name, self._counted(getattr(kind, name)))

    def _counted(self, work: Any) -> Any:
        def counted(own: Any, *given: Any, **more: Any) -> Any:
            self.step += 1
            if self.step == self.at:
                connection = own if isinstance(own, psycopg.Connection) else own.connection
                self.at = -1
                with psycopg.connect(connection.info.dsn, autocommit=True) as other:
                    pid = connection.info.backend_pid
                    other.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
            return work(own, *given, **more)

        return counted


@pytest.mark.parametrize("what", ["record", "close", "verify", "statement"])
def test_a_server_that_goes_away_at_any_step_is_told_in_words(
    what: str,
    new_database: Any,
    write_facts: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit 1 with one sentence of what happened and what became of it, at each of the steps."""
    url = new_database()
    book, _ = init(url, "platform")
    record(book, [str(write_facts(plain_quarter()))], now=NOW, by="test")
    book.close()
    told = str(
        write_facts([amount_of("S-1", "1.00", f"2026-02-21T09:00:{n:02}Z") for n in range(9)])
    )
    words = {"record": ("record", told), "close": CLOSE, "statement": ("statement", PROGRAM)}
    cutting = Cutting(monkeypatch)
    for step in count(1):
        assert step < STEPS_MAX
        head = _head(url, cutting)
        cutting.step, cutting.at = 0, step
        capsys.readouterr()
        code = run([*words.get(what, (what,)), "--book", url])
        said = capsys.readouterr().err
        if cutting.at == step:  # it needs no more steps
            break
        cutting.at = -1
        assert code == 1, said
        assert "went away" in said or "cannot be opened" in said
        assert "itself failed" not in said
        assert "Traceback" not in said
        assert "Pipeline" not in said
        assert _head(url, cutting) == head or "Recorded at position" in said
    monkeypatch.undo()
    new_database.give_back(url)


def _head(url: str, cutting: Cutting) -> Any:
    cutting.at = -1
    book = open_book(url)
    head = book.head()
    book.close()
    return head
