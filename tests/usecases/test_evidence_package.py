"""What a package of evidence is made of, on both databases."""

import io
from pathlib import Path
from typing import Any

import pytest

from ledger.usecases.evidence.checkpoints import signed_checkpoint
from ledger.usecases.evidence.package import Evidence
from projections.evidence.package import Packed, pack
from tests.cli.packages import checked
from tests.marks import decision, sql
from tests.quarter import PROGRAM, TERM_OVER, Quarter, closure, plain_quarter

pytestmark = decision


@pytest.fixture
def quarter(book: Any, tmp_path: Path) -> Quarter:
    """A book with a quarter that was closed, paid and adjusted."""
    made = Quarter(book, tmp_path)
    made.tell(plain_quarter())
    made.close(as_of=TERM_OVER)
    made.pay("4000")
    made.tell([closure("S-1")])
    made.adjust()
    return made


def packed(quarter: Quarter, payee: str | None = None) -> tuple[bytes, Packed]:
    file = io.BytesIO()
    with quarter.book.reading() as connection:
        note = signed_checkpoint(connection, None)
        evidence = Evidence.gathered(quarter.book, connection, note, PROGRAM, None, payee)
        result = pack(evidence, None, file, lambda what, more: None)
    return file.getvalue(), result


@sql
@pytest.mark.parametrize("payee", [None, "partner:P-1"])
def test_a_package_of_either_database_holds_and_is_the_same_twice(
    quarter: Quarter, tmp_path: Path, payee: str | None
) -> None:
    content, result = packed(quarter, payee)
    assert packed(quarter, payee)[0] == content
    assert (result.lost, result.without_lines) == ([], [])
    file = tmp_path / "q.zip"
    file.write_bytes(content)
    assert checked(file).fails == {}
