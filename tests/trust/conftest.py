"""A book of which somebody kept evidence, and what each kind of it says later."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cli.main import run
from ledger.kernel.errors import NoSuchPosition, NotClosed, Refusal
from ledger.kernel.notes import SignedNote
from ledger.kernel.proof_errors import BadProof
from ledger.store.book import Book
from ledger.store.receipts import parse_receipt, receipt_holds
from ledger.usecases.closing.replay import replay
from ledger.usecases.evidence.checkpoints import WouldContradict, checkpoint_of, signed_checkpoint
from ledger.usecases.evidence.cosign import cosign
from ledger.usecases.evidence.key_files import make_key, read_key
from ledger.usecases.evidence.proofs_of_log import prove_between
from ledger.usecases.terms.publish import publish
from tests.fees import AFTER_MAY, MAY, Fees, onboarded, order
from tests.fees import PROGRAM as FEE
from tests.quarter import (
    GROWTH,
    NOW,
    PROGRAM,
    TERM_OVER,
    Quarter,
    amount_of,
    certified,
    closure,
    edition,
    enrolled,
    held_quarter,
)

MANY = 260
"""So many partners that the tree keeps a subtree of 256 events."""
OUTSIDE = {"receipt", "checkpoint", "signing key", "proof between", "cosigner"}
"""What was given away before, or lies outside of the book."""
LATER = "2026-03-20T09:00:00+08:00"


def recorded(book: Book, folder: Path) -> None:
    """Facts and archived orders, of which nothing is decided yet."""
    quarter, fees = Quarter(book, folder), Fees(book, folder, calls=100)
    quarter.tell([fact for number in range(MANY) for fact in certified(f"P-{number + 10}")])
    quarter.tell([*held_quarter(), *enrolled(aigc=0, creator_video=0)])
    fees.rates()
    fees.tell(onboarded("S-9"))
    fees.archive(order("a", store="S-9"), order("b", store="S-9"))


def decide(book: Book, folder: Path) -> None:
    """Three closes, an adjustment, a payment, a withdrawal; then more facts, terms, orders."""
    quarter, fees = Quarter(book, folder), Fees(book, folder, calls=200)
    quarter.close(as_of=TERM_OVER, leave_open="later")
    quarter.close(GROWTH, leave_open="later")
    quarter.close(FEE, period=MAY, as_of=AFTER_MAY)
    (closing,) = quarter.tell([closure("S-2")])
    quarter.withdraw(closing)
    quarter.tell([closure("S-1")])
    quarter.adjust()
    quarter.pay("2000")
    publish(book, edition("star-map-2020", publisher="acme", version=1), "lin")
    june = "2020-06-20T12:00:00+08:00"
    fees.archive(order("c", store="S-9", created_at=june))
    fees.archive(order("c", store="S-9", created_at=june, refunded="40.00"))
    quarter.tell([amount_of("S-2", "-100.00"), amount_of("S-2", "-200.00", at=LATER)])


def decided(book: Book, folder: Path) -> None:
    """All of that, with every read model built."""
    recorded(book, folder)
    decide(book, folder)
    Quarter(book, folder).catch_up()


class Kept:
    """Evidence of a book as it was at one moment, and what it says of the book as it is."""

    def __init__(self, book: Book, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.book, self.folder, self._capsys = book, folder, capsys
        folder.mkdir()
        for name in ("finance", "auditor"):
            make_key(str(folder / f"{name}.key"), f"{name}.example/key")
        self.receipt = book.head().receipt
        note = self._checkpoint("finance")
        self.note = cosign(note.text(), read_key(str(folder / "auditor.key")), None, now=NOW)
        (folder / "kept.note").write_text(self.note.text(), encoding="utf-8")

    def _checkpoint(self, name: str) -> SignedNote:
        with self.book.reading() as connection:
            return signed_checkpoint(connection, read_key(str(self.folder / f"{name}.key")))

    def verify(self, *more: str) -> dict[str, str]:
        """What fails of `duebook verify`, by the name of the check."""
        self._capsys.readouterr()
        code = run(["verify", "--book", self.book.location, "--format", "json", *more])
        out, err = self._capsys.readouterr()
        assert code in (0, 5), err
        failed = {row["name"]: row["detail"] for row in json.loads(out)["checks"] if not row["ok"]}
        assert bool(failed) == (code == 5)
        return failed

    def inside(self) -> set[str]:
        """What finds something in the book alone: checks of `verify`, and `replay`."""
        return {*self.verify(), *({"replay"} if self._replay_differs() else ())}

    def _replay_differs(self) -> bool:
        """Whether one of the closed periods does not replay to its digest."""
        head = self.book.head().position
        with self.book.reading() as connection:
            try:
                return not all(
                    replay(connection, *period, known_at=head).identical
                    for period in ((PROGRAM, None), (GROWTH, None), (FEE, MAY))
                )
            except NotClosed:
                return False
            except Refusal:
                return True

    def outside(self) -> set[str]:
        """Which of what was kept outside says that the book is not what it was."""
        kept = str(self.folder / "kept.note")
        says = {
            "receipt": not self._receipt_holds(),
            "checkpoint": f"checkpoint {kept}" in self.verify("--checkpoint", kept),
            "signing key": _refused(lambda: self._checkpoint("finance"), WouldContradict),
            "proof between": _refused(self._proof, BadProof, NoSuchPosition),
            "cosigner": _refused(self._cosigned, BadProof),
        }
        return {name for name, finds in says.items() if finds}

    def _receipt_holds(self) -> bool:
        with self.book.reading() as connection:
            return receipt_holds(connection, parse_receipt(self.receipt, "an e-mail"))

    def _proof(self) -> None:
        """The book proves that it has grown from the kept checkpoint."""
        with self.book.reading() as connection:
            prove_between(connection, self.note, SignedNote(checkpoint_of(connection)))

    def _cosigned(self) -> None:
        """The auditor is brought the new checkpoint, with a proof of growth from what the book now
        gives for the size of the last one."""
        with self.book.reading() as connection:
            new = SignedNote(checkpoint_of(connection))
            size = min(self.note.checkpoint.size, new.checkpoint.size)
            proof = prove_between(connection, SignedNote(checkpoint_of(connection, size)), new)
        cosign(proof.text(), read_key(str(self.folder / "auditor.key")), self.note, now=NOW)


def _refused(ask: Callable[[], Any], *errors: type[Refusal]) -> bool:
    try:
        ask()
    except errors:
        return True
    return False


@pytest.fixture
def kept(
    book_with: Callable[[Any], Book], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Kept:
    """Evidence of a book with decisions in it, kept at its end."""
    return Kept(book_with(decided), tmp_path / "kept", capsys)
