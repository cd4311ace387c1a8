"""The table of tampering: who has the book's file and the source changes something, and makes
everything fit again that he thinks of. What finds it, and what does not."""

from pathlib import Path
from typing import NamedTuple

import pytest

from tests.fees import PROGRAM as FEE
from tests.forging import cut, replaced
from tests.marks import decision
from tests.quarter import PROGRAM, Quarter, amount_of, on_sqlite
from tests.trust.conftest import OUTSIDE, Kept
from tests.trust.tampering import (
    ARCHIVED,
    GMV,
    ISSUED,
    Tamper,
    after_what_was_kept,
    anew,
    archive,
    bare,
    cut_and_grown,
    decided_anew,
    hidden_row,
    lines_and_seal,
    other_tree,
    out_of_the_middle,
    receipts,
    receipts_left,
    statements,
    subtree,
    terms,
)

pytestmark = decision
QUARTER, GROWN, MAY = (f"closed {name}" for name in (PROGRAM, "growth-2026-05", f"{FEE}/2020-05"))
CLOSES = {QUARTER, GROWN, MAY, "replay"}
"""What is sealed after a place of the log finds what was changed before it."""


class Case(NamedTuple):
    """A tampering, what finds it in the book alone, and what of that which was kept outside."""

    tamper: Tamper
    inside: set[str]
    outside: set[str]


EVENTS: dict[str, Case] = {
    "an event's bytes": Case(
        statements("UPDATE events SET \"by\" = 'eve' WHERE position = 300"), {"chain"}, set()
    ),
    "a fact that no close rests on, all anew": Case(
        anew(replaced(GMV, "-200.00", "-900.00")), set(), OUTSIDE
    ),
    "a fact that closes rest on, all anew": Case(
        anew(replaced(GMV, "1500.00", "9.00")), CLOSES, OUTSIDE
    ),
    "a fact that closes rest on, decided anew": Case(
        decided_anew(replaced(GMV, "1500.00", "9.00")), set(), OUTSIDE
    ),
    "an issued line, all anew": Case(
        anew(replaced(ISSUED, "2000.00", "2900.00")), CLOSES | {"decisions", "line trees"}, OUTSIDE
    ),
    "an issued line and the seal, all anew": Case(
        lines_and_seal, CLOSES | {"decisions", "line trees"}, OUTSIDE
    ),
    "a fact later than all that was kept, all anew": Case(after_what_was_kept, set(), set()),
    "the tail cut, all anew": Case(anew(cut(3)), set(), OUTSIDE),
    "the tail cut and grown past its old end": Case(cut_and_grown, set(), OUTSIDE),
    "an event out of the middle, after the closes": Case(
        out_of_the_middle(GMV, "-100.00"), set(), OUTSIDE
    ),
    "an event out of the middle, before the closes": Case(
        out_of_the_middle("stock-listed.v1", "DE"), CLOSES | {"decisions"}, OUTSIDE
    ),
    "terms of a close, all anew": Case(anew(terms(PROGRAM)), CLOSES, OUTSIDE),
    "terms of a close, decided anew": Case(decided_anew(terms(PROGRAM)), set(), OUTSIDE),
    "terms that closed nothing, all anew": Case(anew(terms("star-map-2020")), set(), OUTSIDE),
    "terms without their digest, all anew": Case(
        anew(terms("star-map-2020", digest=False)), {"terms"}, OUTSIDE
    ),
}
ORDERS: dict[str, Case] = {
    "an order file": Case(archive(1, named=False, sums=False), {"order files"}, set()),
    "an order file and the event that names it": Case(
        archive(1, named=True, sums=False), {"order sums"}, OUTSIDE
    ),
    "an order file and its event with the sums": Case(
        archive(1, named=True, sums=True), set(), OUTSIDE
    ),
    "an order file that a close rests on, all anew": Case(
        archive(0, named=True, sums=True), CLOSES, OUTSIDE
    ),
    "whether lines replace others": Case(
        anew(replaced(ARCHIVED, '"revises":true', '"revises":false')), {"order sums"}, OUTSIDE
    ),
    "when lines were changed": Case(
        anew(replaced(ARCHIVED, '"updated":15', '"updated":14')), {"order sums"}, OUTSIDE
    ),
}
DERIVED: dict[str, Case] = {
    "a read model": Case(
        statements("UPDATE lines SET amount_minor = 1 WHERE amount_minor > 0"),
        *({"view lines"}, set()),
    ),
    "a row less in a read model": Case(
        statements("DELETE FROM stores WHERE store = 'S-1'"), {"view stores"}, set()
    ),
    "a column of a read model": Case(
        statements("ALTER TABLE gmv RENAME COLUMN day TO days"), {"view gmv"}, set()
    ),
    "a column of the journal": Case(
        statements("ALTER TABLE entries RENAME COLUMN account TO accounts"),
        *({"view entries"}, set()),
    ),
    "a view in place of a read model": Case(
        statements("ALTER TABLE gmv RENAME TO hidden", "CREATE VIEW gmv AS SELECT * FROM hidden"),
        *({"view places"}, set()),
    ),
    "an index entry": Case(
        statements("DELETE FROM refs WHERE kind = 'certified' AND name = 'P-10'"), {"refs"}, set()
    ),
    "a withdrawal's entry": Case(statements("DELETE FROM withdrawn"), {"withdrawn"}, set()),
    "a snapshot": Case(statements("UPDATE snapshots SET later = '[5]'"), {"snapshots"}, set()),
    "a kept subtree": Case(subtree(bytes(32)), {"tree"}, OUTSIDE - {"receipt"}),
    "an event and its chain, not the tree": Case(
        other_tree, CLOSES - {"replay"} | {"tree"}, OUTSIDE
    ),
    "a view in place of an index": Case(
        statements(
            "ALTER TABLE withdrawn RENAME TO hidden",
            "CREATE VIEW withdrawn AS SELECT * FROM hidden",
        ),
        *({"guards"}, set()),
    ),
}
CASES = EVENTS | ORDERS | DERIVED
FILES: dict[str, Case] = {
    "a kept receipt": Case(receipts(lambda text: f"{text[:-9]}00000000\n"), {"receipts"}, set()),
    "the tail cut, the receipts as they were": Case(
        receipts_left(anew(cut(3))), {"receipts"}, OUTSIDE
    ),
    "all kept receipts": Case(receipts(lambda text: ""), set(), set()),
    "a guard that is gone": Case(bare("DROP TRIGGER events_refuse_update"), {"guards"}, set()),
    "a trigger more": Case(
        bare("CREATE TRIGGER more AFTER INSERT ON refs BEGIN DELETE FROM refs; END"),
        *({"guards"}, set()),
    ),
    "an index of the database that hides an event": Case(hidden_row, {"guards"}, set()),
}


def test_of_a_whole_book_nothing_is_said(kept: Kept) -> None:
    """Neither by the book nor by what was kept; nor after it has grown."""
    assert (kept.inside(), kept.outside()) == (set(), set())
    Quarter(kept.book, kept.folder).tell([amount_of("S-1", "-7.00")])
    assert (kept.inside(), kept.outside()) == (set(), set())


@pytest.mark.parametrize("name", CASES)
def test_what_was_changed_is_found_by_this_and_by_nothing_else(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    """By the checks of `verify` and by `replay`, and by each kind of evidence that was kept."""
    found_as_said(kept, tmp_path, CASES[name])


@on_sqlite
@pytest.mark.parametrize("name", FILES)
def test_what_was_changed_of_a_book_that_is_a_file_is_found(
    kept: Kept, tmp_path: Path, name: str
) -> None:
    """A server keeps no receipts, and its guards are tested with it."""
    found_as_said(kept, tmp_path, FILES[name])


def found_as_said(kept: Kept, folder: Path, case: Case) -> None:
    (folder / "eve").mkdir()
    case.tamper(kept.book, folder / "eve")
    assert (kept.inside(), kept.outside()) == (case.inside, case.outside)
