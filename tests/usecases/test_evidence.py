"""Checkpoints and proofs: what they show, to whom, and what they find."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.errors import NoSuchPosition
from ledger.kernel.notes import SignedNote, parsed, signed_by
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.proofs import parsed_consistency, parsed_inclusion
from ledger.store.book import Book
from ledger.usecases.evidence.checkpoints import (
    WouldContradict,
    checkpoint_of,
    compared,
    signed_checkpoint,
)
from ledger.usecases.evidence.cosign import cosign
from ledger.usecases.evidence.key_files import (
    BadKey,
    KeyExists,
    bears,
    make_key,
    read_key,
    read_public,
)
from ledger.usecases.evidence.proofs_of_facts import FIELDS, prove_fact
from ledger.usecases.evidence.proofs_of_log import checked, prove_between
from tests.quarter import certified, store

Record = Callable[..., Any]


@pytest.fixture
def key(tmp_path: Path) -> str:
    """A key in a file."""
    path = str(tmp_path / "finance.key")
    make_key(path, "acme.example/finance")
    return path


def _note(book: Book, key: str | None = None) -> SignedNote:
    with book.reading() as connection:
        return signed_checkpoint(connection, read_key(key) if key else None)


def test_a_checkpoint_is_signed_by_the_key_and_reads_back(book: Book, key: str) -> None:
    note = _note(book, key)
    again = parsed(note.text())
    assert again == note
    assert signed_by(again, read_public(f"{key}.pub"))
    assert _note(book).signatures == ()


def test_every_event_is_proved_against_a_checkpoint_alone(
    book: Book, record_facts: Record, key: str
) -> None:
    """What it says comes with the proof, and is hashed again by whoever checks."""
    record_facts(book, certified("P-1") + store(1))
    note = _note(book, key)
    public = read_public(f"{key}.pub")
    for position in range(1, note.checkpoint.size + 1):
        with book.reading() as connection:
            text = prove_fact(connection, position, note).text()
        answer = checked(text, note, public)
        assert (answer["proves"], answer["position"]) == ("fact", position)
        assert answer["signed_by"] == "acme.example/finance"
    with book.reading() as connection, pytest.raises(NoSuchPosition):
        prove_fact(connection, note.checkpoint.size + 1, note)


@pytest.mark.parametrize("field", ["previous", *FIELDS])
def test_a_proof_of_which_one_field_was_changed_does_not_hold(
    book: Book, record_facts: Record, field: str
) -> None:
    record_facts(book, certified("P-1"))
    note = _note(book)
    with book.reading() as connection:
        proof = prove_fact(connection, note.checkpoint.size, note)
    said = json.loads(proof.extra)
    was = said[field]
    said[field] = was + 1 if isinstance(was, int) else "ab" * 32 if was is None else _turned(was)
    forged = type(proof)(proof.index, proof.hashes, proof.note, json.dumps(said).encode())
    with pytest.raises(BadProof, match="does not hold"):
        checked(forged.text(), note, None)


def _turned(text: str) -> str:
    """Another text of the same kind."""
    return ("1" if text[:1] == "0" else "0") + text[1:] if text else "x"


def test_a_proof_holds_against_the_checkpoint_that_was_kept_and_no_other(
    book: Book, record_facts: Record, key: str
) -> None:
    """The root is never taken from the proof: it could have been made with it."""
    early = _note(book, key)
    record_facts(book, certified("P-1"))
    late = _note(book, key)
    with book.reading() as connection:
        text = prove_fact(connection, 3, late).text()
    assert checked(text, late, None)["position"] == 3
    with pytest.raises(BadProof, match="The proof is of"):
        checked(text, early, None)
    stranger = f"{key}.other"
    make_key(stranger, "somebody.example/else")
    with pytest.raises(BadProof, match="has not signed"):
        checked(text, late, read_public(f"{stranger}.pub"))


def test_growth_is_proved_between_any_two_checkpoints(book: Book, record_facts: Record) -> None:
    notes = [_note(book)]
    for number in range(4):
        record_facts(book, certified(f"P-{number}"), name=f"{number}.ndjson")
        notes.append(_note(book))
    for number, first in enumerate(notes):
        for second in notes[number:]:
            with book.reading() as connection:
                text = prove_between(connection, second, first).text()
            answer = checked(text, first, None)
            assert (answer["from"], answer["to"]) == (
                first.checkpoint.size,
                second.checkpoint.size,
            )
            assert parsed_consistency(text).note == second


def test_a_log_that_was_made_anew_is_found_by_whoever_kept_a_checkpoint(
    book_with: Callable[..., Book], record_facts: Record, tmp_path: Path
) -> None:
    """Chain, index, receipts and tree may all fit again: the root does not."""
    from ledger.usecases.init import init

    book = book_with(None)
    record_facts(book, certified("P-1"))
    kept = _note(book)
    forged, _ = init(str(tmp_path / "forged.db"), "platform")
    record_facts(forged, certified("P-2"))
    try:
        with forged.reading() as connection:
            same = parsed(
                kept.text().replace(kept.checkpoint.origin, _note(forged).checkpoint.origin)
            )
            result = compared(connection, same, None)
            assert (result.ok, "are not those" in result.detail) == (False, True)
            assert not compared(connection, kept, None).ok, "and it is another book"
            with pytest.raises(BadProof):
                prove_between(connection, same, _note(forged))
    finally:
        forged.close()
    with book.reading() as connection:
        assert compared(connection, kept, None).ok


def test_a_log_that_was_cut_is_found(book: Book, record_facts: Record) -> None:
    with book.reading() as connection:
        size = checkpoint_of(connection).size
    record_facts(book, certified("P-1"))
    kept = _note(book)
    shorter = parsed(kept.text().replace(f"\n{kept.checkpoint.size}\n", f"\n{size + 99}\n"))
    with book.reading() as connection:
        result = compared(connection, shorter, None)
    assert (result.ok, "the log ends at" in result.detail) == (False, True)


def test_a_key_never_signs_what_contradicts_what_it_has_signed(
    book: Book, record_facts: Record, key: str
) -> None:
    """A restored backup is shorter; a log that was changed has another root."""
    from ledger.kernel.notes import Checkpoint

    record_facts(book, certified("P-1"))
    note = _note(book, key)
    longer = Checkpoint(note.checkpoint.origin, note.checkpoint.size + 1, bytes(32))
    read_key(key).keep_last(longer)
    with pytest.raises(WouldContradict, match="has signed a log of"):
        _note(book, key)
    other = Checkpoint(note.checkpoint.origin, note.checkpoint.size - 1, bytes(32))
    read_key(key).keep_last(other)
    with pytest.raises(WouldContradict, match="are not those"):
        _note(book, key)
    read_key(key).keep_last(note.checkpoint)
    assert _note(book, key) == note
    Path(f"{key}.last").write_text("{}[")
    with pytest.raises(BadKey, match="is not what this key has signed last"):
        _note(book, key)


def test_a_key_is_nobody_else_s_and_never_replaced(tmp_path: Path, key: str) -> None:
    path = Path(key)
    assert path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyExists):
        make_key(key, "acme.example/finance")
    path.chmod(0o644)
    with pytest.raises(BadKey, match="can be read by others"):
        read_key(key)
    path.chmod(0o600)
    for text in ("", "hello", path.read_text()[:-9], path.read_text().replace("acme", "acne")):
        broken = tmp_path / "broken.key"
        broken.write_text(text)
        broken.chmod(0o600)
        with pytest.raises(BadKey):
            read_key(str(broken))
    with pytest.raises(BadKey):
        read_public(key)


@pytest.mark.parametrize(
    "text", ["", "x", "c2sp.org/tlog-proof@v1\n", "old 3\n\nx\n1\n\n", "\x00" * 100, "old -1\n\n"]
)
def test_what_is_no_proof_is_refused_in_words(book: Book, text: str) -> None:
    from ledger.kernel.errors import Refusal

    with pytest.raises(Refusal):
        checked(text, _note(book), None)


def test_a_proof_of_a_fact_reads_back(book: Book) -> None:
    note = _note(book)
    with book.reading() as connection:
        proof = prove_fact(connection, 2, note)
    assert parsed_inclusion(proof.text()) == proof


def test_the_other_party_cosigns_only_what_extends_what_it_signed_last(
    book: Book, record_facts: Record, key: str, tmp_path: Path, now: int
) -> None:
    """The first checkpoint as it is; later ones with the proof that leads to them."""
    partner = str(tmp_path / "partner.key")
    make_key(partner, "partner.example/p-01")
    own, public = read_key(partner), read_public(f"{partner}.pub")
    first = _note(book, key)
    signed_first = cosign(first.text(), own, None, now=now)
    assert bears(signed_first, public)
    assert bears(signed_first, read_public(f"{key}.pub"))
    assert not bears(first, public)
    assert cosign(first.text(), own, signed_first, now=now) == signed_first
    record_facts(book, certified("P-1"))
    second = _note(book, key)
    with pytest.raises(BadProof, match="has grown"):
        cosign(second.text(), own, signed_first, now=now)
    with book.reading() as connection:
        grown = prove_between(connection, first, second).text()
    signed_second = cosign(grown, own, parsed(signed_first.text()), now=now)
    assert signed_second.checkpoint == second.checkpoint
    with pytest.raises(BadProof, match="does not extend"):
        cosign(first.text(), own, signed_second, now=now)
    with pytest.raises(BadProof, match="has not cosigned"):
        cosign(grown, own, first, now=now)
    hashes = grown.splitlines()
    hashes[1] = first.text().splitlines()[2]
    with pytest.raises(BadProof, match="does not extend"):
        cosign("\n".join(hashes) + "\n", own, signed_first, now=now)


@pytest.mark.parametrize(
    "change",
    [
        {"at": 2**62},
        {"state": b"[".hex() * 50_000},
        {"state": b"no JSON".hex()},
        {"state": b"[1]".hex()},
        {"version": "one"},
        {"stream": None},
        {"row": 2**70},
        {"by": "\ud800"},
    ],
)
def test_a_proof_whose_maker_made_the_checkpoint_too_says_nothing_impossible(
    book: Book, change: dict[str, Any]
) -> None:
    """Everything fits, and yet it is refused in words: no event of a book says that."""
    from ledger.kernel.merkle import leaf
    from ledger.kernel.notes import Checkpoint
    from ledger.kernel.proofs import InclusionProof
    from ledger.usecases.evidence.proofs_of_facts import _hash_of

    with book.reading() as connection:
        said = json.loads(prove_fact(connection, 1, _note(book)).extra) | change
    try:
        root = leaf(_hash_of(1, said))
    except BadProof:
        root = bytes(32)
    note = SignedNote(Checkpoint("duebook.book/forged", 1, root))
    proof = InclusionProof(0, (), note, json.dumps(said).encode())
    with pytest.raises(BadProof):
        checked(proof.text(), note, None)


def test_brackets_without_end_are_no_proof(book: Book) -> None:
    note = _note(book)
    with book.reading() as connection:
        proof = prove_fact(connection, 2, note)
    deep = type(proof)(proof.index, proof.hashes, proof.note, b"[" * 1_000_000)
    with pytest.raises(BadProof, match="does not say what the event says"):
        checked(deep.text(), note, None)


def test_no_half_of_a_key_is_made(tmp_path: Path) -> None:
    path = tmp_path / "new.key"
    Path(f"{path}.pub").write_text("somebody's")
    with pytest.raises(KeyExists):
        make_key(str(path), "acme.example/finance")
    assert not path.exists()
