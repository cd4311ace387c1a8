"""`checkpoint`, `proof`, `check` and `verify --checkpoint`: evidence from one hand to another."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.notes import parsed
from ledger.store.book import open_book
from tests.cli.closing import AS_OF, BY, JSON, LEFT
from tests.forging import Row, forge_log
from tests.quarter import PROGRAM

Duebook = Callable[..., Any]
FACT = {"type": "StoreSuspended", "at": "2026-10-30T10:00:00+08:00", "store": "S-1"}


@pytest.fixture
def key(here: Path, duebook: Duebook, monkeypatch: pytest.MonkeyPatch) -> str:
    """A key, named by DUEBOOK_KEY."""
    made = duebook("checkpoint", "--new-key", "fin.key", "--name", "acme.example/fin")
    assert made.code == 0, made.err
    monkeypatch.setenv("DUEBOOK_KEY", "fin.key")
    return "fin.key"


def test_an_auditor_checks_a_fact_without_the_book(
    closed: Duebook, key: str, file: Callable[..., str]
) -> None:
    assert closed("checkpoint", "-o", "q.note").code == 0
    assert closed("proof", "fact", "20", "-o", "f.proof").code == 0
    Path("duebook.db").rename("gone.db")
    ran = closed("check", "f.proof", "--checkpoint", "q.note", "--key", "fin.key.pub")
    assert ran.code == 0, ran.err
    assert ran.out.startswith("Position 20 is in the log of ")
    answer = closed("check", "f.proof", "--checkpoint", "q.note", *JSON).json
    assert (answer["proves"], answer["position"], answer["signed_by"]) == ("fact", 20, None)


def test_a_log_that_has_grown_is_proved_to_begin_as_before(
    closed: Duebook, key: str, file: Callable[..., str]
) -> None:
    closed("checkpoint", "-o", "a.note")
    closed("record", file([FACT], "more.ndjson"))
    closed("checkpoint", "-o", "b.note")
    assert closed("proof", "between", "a.note", "b.note", "-o", "g.proof").code == 0
    ran = closed("check", "g.proof", "--checkpoint", "a.note", "--key", "fin.key.pub")
    assert (ran.code, "begins with the" in ran.out) == (0, True)
    assert closed("verify", "--checkpoint", "a.note", "--key", "fin.key.pub").code == 0


def test_a_close_makes_a_checkpoint(told: Duebook, key: str) -> None:
    ran = told("close", PROGRAM, *AS_OF, *BY, *LEFT, *JSON)
    note = parsed(ran.json["checkpoint"])
    assert note.checkpoint.size == ran.json["position"]
    assert [line.name for line in note.signatures] == ["acme.example/fin"]


def test_a_close_stands_where_no_checkpoint_can_be_signed(told: Duebook, key: str) -> None:
    told("checkpoint")
    Path("fin.key.last").write_text("spoilt")
    ran = told("close", PROGRAM, *AS_OF, *BY, *LEFT)
    assert (ran.code, "No checkpoint was made: fin.key.last is not" in ran.err) == (0, True)


def test_whoever_rewrites_all_of_the_book_is_found_by_a_kept_checkpoint(
    closed: Duebook, key: str
) -> None:
    """Whoever has the file and the source changes an event and recomputes every hash after it, the
    tree and the receipts: the book alone holds. The checkpoint does not."""
    closed("checkpoint", "-o", "kept.note")
    _rewritten(Path("duebook.db"))
    alone = closed("verify", *JSON).json
    names = {check["name"] for check in alone["checks"] if not check["ok"]}
    assert not names & {"chain", "events", "receipts", "guards", "tree"}, (
        "the forger has done the work"
    )
    ran = closed("verify", "--checkpoint", "kept.note", *JSON)
    assert ran.code == 5
    failed = [check for check in ran.json["checks"] if not check["ok"]]
    assert any("are not those that it is of" in check["detail"] for check in failed)


def _rewritten(path: Path) -> None:
    """Another account is named as the reporter of the second event, and all hashes fit again."""

    def change(rows: list[Row]) -> list[Row]:
        rows[1]["by"] += "2"
        return rows

    book = open_book(str(path))
    forge_log(book, change)
    book.close()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("checkpoint", "--new-key", "k"), "--new-key needs --name"),
        (("checkpoint", "--name", "acme"), "--name goes with --new-key"),
        (("proof", "fact", "1", "b.note"), "proof between FIRST SECOND"),
        (("proof", "between", "a.note"), "proof between FIRST SECOND"),
        (("proof", "fact", "²"), "is not a position"),
        (("proof", "fact", "9999"), "There is no position 9999"),
        (("check", "none.proof", "--checkpoint", "a.note"), "none.proof: No such file"),
        (("verify", "--key", "k.pub"), "--key goes with --checkpoint"),
    ],
)
def test_what_cannot_be_proved_is_refused_in_words(
    empty: Path, duebook: Duebook, words: tuple[str, ...], said: str
) -> None:
    assert duebook("checkpoint", "-o", "a.note").code == 0
    ran = duebook(*words)
    assert ran.code in (1, 2)
    assert said in ran.err


def test_without_a_key_a_checkpoint_says_that_it_is_unsigned(empty: Path, duebook: Duebook) -> None:
    ran = duebook("checkpoint")
    assert "unsigned: DUEBOOK_KEY names no key" in ran.err
    assert parsed(ran.out).signatures == ()
    assert duebook("checkpoint", *JSON).json["signed_by"] is None
