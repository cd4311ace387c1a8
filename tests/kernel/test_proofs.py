"""Proofs as files: they read back to the character, and prove one thing alone."""

from base64 import b64encode
from dataclasses import replace

import pytest

from ledger.kernel.merkle import EMPTY, consistency, inclusion, root_at
from ledger.kernel.notes import Checkpoint, SignedNote
from ledger.kernel.proof_errors import BadNote, BadProof
from ledger.kernel.proofs import (
    EXTRA_MAX,
    ConsistencyProof,
    InclusionProof,
    parsed_consistency,
    parsed_inclusion,
)
from tests.kernel.trees import grown

TREE = grown(100)


def note(size: int, origin: str = "duebook.example/acme") -> SignedNote:
    return SignedNote(Checkpoint(origin, size, root_at(size, TREE)))


def included(index: int, size: int) -> InclusionProof:
    return InclusionProof(index, tuple(inclusion(index, size, TREE)), note(size))


def between(old: int, size: int) -> ConsistencyProof:
    return ConsistencyProof(old, tuple(consistency(old, size, TREE)), note(size))


IN, GROWN = included(73, 100), between(73, 100)
HASH = b64encode(TREE.leaves[0]).decode()


def test_a_proof_of_inclusion_is_a_head_an_index_hashes_and_a_checkpoint() -> None:
    """As C2SP tlog-proof has it; extra data is carried along."""
    lines = IN.text().split("\n")
    assert lines[:3] == ["c2sp.org/tlog-proof@v1", "index 73", b64encode(IN.hashes[0]).decode()]
    assert lines[2 + len(IN.hashes)] == ""
    assert IN.text().endswith(f"\n\n{IN.note.text()}")
    for proof in (IN, included(0, 1), replace(IN, extra=b"of somebody")):
        assert parsed_inclusion(proof.text()) == proof
        assert proof.holds(TREE.leaves[proof.index])
        assert not proof.holds(TREE.leaves[proof.index + 1])
    assert "\nextra b2Ygc29tZWJvZHk=\nindex 73\n" in replace(IN, extra=b"of somebody").text()


def test_a_proof_that_was_changed_does_not_hold() -> None:
    """Index, a hash, the root, the size."""
    own = TREE.leaves[73]
    assert not replace(IN, index=72).holds(own)
    assert not replace(IN, hashes=IN.hashes[::-1]).holds(own)
    assert not replace(IN, note=SignedNote(replace(IN.note.checkpoint, root=EMPTY))).holds(own)
    with pytest.raises(BadProof, match=r"has 7 hashes; expected 5\."):
        replace(IN, note=note(74), index=64)


def test_a_proof_of_growth_is_an_old_size_hashes_and_the_new_checkpoint() -> None:
    """As C2SP tlog-witness has it, so that it can be sent to any witness."""
    lines = GROWN.text().split("\n")
    assert lines[:2] == ["old 73", b64encode(GROWN.hashes[0]).decode()]
    assert GROWN.text().endswith(f"\n\n{GROWN.note.text()}")
    for old, size in ((73, 100), (64, 100), (100, 100), (0, 100), (0, 0), (1, 2)):
        proof = between(old, size)
        assert parsed_consistency(proof.text()) == proof
        assert proof.grown_from(note(old).checkpoint)
        assert not proof.grown_from(replace(note(old).checkpoint, root=TREE.leaves[5]))
        assert not proof.grown_from(note(old, "other.example").checkpoint)


def test_growth_is_proved_from_the_checkpoint_that_was_kept_alone() -> None:
    """A proof from another size says which checkpoint it needs."""
    with pytest.raises(BadProof, match="begins at 73 leaves, the checkpoint has 72") as refusal:
        GROWN.grown_from(note(72).checkpoint)
    assert refusal.value.hint.startswith("Name the checkpoint of 73 leaves")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no empty line before its checkpoint"),
        ("\n\n", "no empty line between its text"),
        (IN.text().replace("@v1", "@v2"), "begins with 'c2sp.org/tlog-proof@v2'; expected: c2sp"),
        (f"\n\n{IN.note.text()}", "begins with ''"),
        (f"c2sp.org/tlog-proof@v1\n\n{IN.note.text()}", "has '' where a line is expected: index"),
        (IN.text().replace("index 73", "index 073"), "index of the proof is '073'"),
        (IN.text().replace("index 73", "index -1"), "index of the proof is '-1'"),
        (IN.text().replace("index 73", "index ７３"), "index of the proof is '７３'"),
        (IN.text().replace("index 73", f"index {'9' * 99_999}"), "index of the proof is '999"),
        (IN.text().replace("index 73", "index 100"), "of 100 leaves has no leaf 100"),
        (IN.text().replace("index 73", "Index 73"), "has 'Index 73' where"),
        (IN.text().replace("index 73", "extra \nindex 73"), "empty line of extra data"),
        (IN.text().replace("index 73", "extra ?\nindex 73"), r"extra data is not base64: '\?'"),
        (IN.text().replace("index 73\n", f"index 73\n{HASH}\n"), "has 8 hashes; expected 7"),
        (IN.text().replace("index 73\n", "index 73\nAAAA\n", 1), "has 8 hashes; expected 7"),
        (IN.text().replace(b64encode(IN.hashes[1]).decode(), "AAAA"), "A hash of 3 bytes"),
        (IN.text().replace(b64encode(IN.hashes[1]).decode(), "A"), "hash 2 is not base64: 'A'"),
        (IN.text().replace("index 73\n", f"index 73\n{HASH}\n" * 99), "lines; expected at most 67"),
        (IN.text().replace("\n", "\r\n"), "line ends of Windows"),
        (IN.text() + f"{HASH}\n" * 1_000_000, "A proof of 45,000,"),
    ],
    ids=range(20),
)
def test_whatever_is_not_a_proof_is_refused_in_words(text: str, words: str) -> None:
    """Before anything is built of it."""
    with pytest.raises((BadProof, BadNote), match=words) as refusal:
        parsed_inclusion(text)
    assert refusal.value.hint
    assert len(refusal.value.sentence) < 200


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (IN.text(), "has 'c2sp.org/tlog-proof@v1' where a line is expected: old NUMBER"),
        (GROWN.text().replace("old 73", "old 101"), "cannot have grown into a tree of 100"),
        (GROWN.text().replace("old 73", "old 64"), "hashes; expected 1"),
        (GROWN.text().replace("old 73", "old +73"), r"old of the proof is '\+73'"),
        (GROWN.text().replace("\n100\n", f"\n{10**30}\n"), "size is '1000"),
    ],
    ids=range(5),
)
def test_whatever_is_not_a_proof_of_growth_is_refused_in_words(text: str, words: str) -> None:
    """By the same reading."""
    with pytest.raises((BadProof, BadNote), match=words):
        parsed_consistency(text)


def test_extra_data_is_bounded() -> None:
    """Of ours they are what one event says."""
    with pytest.raises(BadProof, match="more than 16,777,216 bytes of extra data"):
        replace(IN, extra=bytes(EXTRA_MAX + 1))
