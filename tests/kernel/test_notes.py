"""Checkpoints as signed notes: their format to the character, and whose signatures hold."""

from base64 import b64encode

import pytest

from ledger.kernel.merkle import EMPTY
from ledger.kernel.note_keys import COSIGNATURE, ED25519, NoteKey, parsed_key
from ledger.kernel.notes import (
    SIGNATURES_MAX,
    Checkpoint,
    SignedNote,
    cosigned,
    cosigned_at,
    cosigned_message,
    parsed,
    signed,
    signed_by,
)
from ledger.kernel.proof_errors import BadNote
from ledger.kernel.shown import has_invisible
from tests.kernel.signers import secret, signer

GO_KEY = "sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8"
GO_NOTE = """go.sum database tree
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— sum.golang.org Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""  # noqa: E501
"""A checkpoint that Go's checksum database published, and the key that it is checked with."""
BOOK, BOOK_SIGNS = signer("duebook.example/acme", ED25519)
WITNESS, WITNESS_SIGNS = signer("auditor.example/w1", COSIGNATURE)
CHECKPOINT = Checkpoint("duebook.example/acme", 1708, EMPTY)
UNSIGNED = SignedNote(CHECKPOINT)
SIGNED = signed(UNSIGNED, BOOK, BOOK_SIGNS)
BOTH = cosigned(SIGNED, WITNESS, 1679315147, WITNESS_SIGNS)


def test_a_checkpoint_of_another_log_is_read_and_its_signature_holds() -> None:
    """Of the checksum database of Go, which the format comes from; for its own text alone."""
    note, key = parsed(GO_NOTE), parsed_key(GO_KEY)
    assert note.checkpoint.size == 20852163
    assert (note.text(), key.text()) == (GO_NOTE, GO_KEY)
    assert signed_by(note, key)
    assert not signed_by(parsed(GO_NOTE.replace("20852163", "20852164")), key)


def test_the_signer_of_these_tests_signs_as_the_rfc_does() -> None:
    """RFC 8032, section 7.1, test 1."""
    public, sign = secret(
        bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")
    )
    assert public.hex() == "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a"
    assert (
        sign(b"").hex().startswith("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e0652249")
    )


def test_a_checkpoint_is_three_lines_an_empty_one_and_signatures() -> None:
    """Each stage of it, from the text that is signed to one with a cosignature, reads back."""
    root = b64encode(EMPTY).decode()
    assert CHECKPOINT.text() == f"duebook.example/acme\n1708\n{root}\n"
    assert UNSIGNED.text() == f"{CHECKPOINT.text()}\n"
    assert len(SIGNED.text()) < 220
    for note in (UNSIGNED, SIGNED, BOTH):
        assert parsed(note.text()) == note
        assert note.text().startswith(UNSIGNED.text())
    assert [line.name for line in BOTH.signatures] == [BOOK.name, WITNESS.name]


def test_a_signature_holds_for_its_own_key_kind_and_text_alone() -> None:
    """A note without one is signed by nobody."""
    again, _ = signer(BOOK.name, ED25519, b"another secret key of 32 bytes..")
    assert signed_by(SIGNED, BOOK)
    assert signed_by(BOTH, BOOK)
    for key in (again, NoteKey("other.example", ED25519, BOOK.public), WITNESS):
        assert not signed_by(BOTH, key)
    assert not signed_by(BOTH, NoteKey(BOOK.name, COSIGNATURE, BOOK.public))
    assert not signed_by(UNSIGNED, BOOK)
    for other in (
        Checkpoint("duebook.example/acme", 1709, EMPTY),
        Checkpoint("duebook.example/acm", 1708, EMPTY),
        Checkpoint("duebook.example/acme", 1708, EMPTY[::-1]),
        Checkpoint("duebook.example/acme", 1708, EMPTY, ("more",)),
    ):
        assert not signed_by(SignedNote(other, SIGNED.signatures), BOOK)
        assert cosigned_at(SignedNote(other, BOTH.signatures), WITNESS) is None


def test_a_signature_of_a_known_key_that_does_not_hold_spoils_the_note() -> None:
    """Also next to one that holds; one of a key that nobody asked for does not."""
    false = BOTH.signatures[0]
    false = type(false)(false.name, false.key_id, bytes(64))
    assert not signed_by(SignedNote(CHECKPOINT, (*BOTH.signatures, false)), BOOK)
    unknown = type(false)("other.example", b"1234", b"of a kind that is not known here")
    assert signed_by(parsed(SignedNote(CHECKPOINT, (unknown, *BOTH.signatures)).text()), BOOK)
    witness = BOTH.signatures[1]
    false = type(false)(witness.name, witness.key_id, bytes(8) + witness.signature[8:])
    assert cosigned_at(SignedNote(CHECKPOINT, (*BOTH.signatures, false)), WITNESS) is None


def test_keys_of_the_same_name_are_told_apart() -> None:
    """A key that took the place of another one signs next to it."""
    newer, signs = signer(BOOK.name, ED25519, b"another secret key of 32 bytes..")
    both = signed(SIGNED, newer, signs)
    assert len(both.signatures) == 2
    assert signed_by(both, BOOK)
    assert signed_by(both, newer)


def test_a_signature_of_the_wrong_kind_for_its_key_does_not_count() -> None:
    """A cosignature without a time, or a signature of the log with one."""
    kind = type(SIGNED.signatures[0])
    plain = kind(WITNESS.name, WITNESS.key_id, WITNESS_SIGNS(CHECKPOINT.text().encode()))
    assert not signed_by(SignedNote(CHECKPOINT, (plain,)), WITNESS)
    timed = bytes(8) + BOOK_SIGNS(cosigned_message(CHECKPOINT, 0))
    note = SignedNote(CHECKPOINT, (kind(BOOK.name, BOOK.key_id, timed),))
    assert cosigned_at(note, BOOK) is None


def test_a_cosignature_says_when_and_signs_the_time_too() -> None:
    """By the message of tlog-cosignature; another time does not hold; the last one counts."""
    assert (
        cosigned_message(CHECKPOINT, 7) == f"cosignature/v1\ntime 7\n{CHECKPOINT.text()}".encode()
    )
    assert cosigned_at(BOTH, WITNESS) == 1679315147
    assert cosigned_at(SIGNED, WITNESS) is None
    assert cosigned_at(BOTH, BOOK) is None
    later = cosigned(BOTH, WITNESS, 1679315148, WITNESS_SIGNS)
    assert cosigned_at(later, WITNESS) == 1679315148
    assert len(later.signatures) == 2
    line = type(later.signatures[1])
    beyond = (1 << 63).to_bytes(8, "big") + WITNESS_SIGNS(cosigned_message(CHECKPOINT, 1 << 63))
    note = SignedNote(CHECKPOINT, (line(WITNESS.name, WITNESS.key_id, beyond),))
    assert cosigned_at(note, WITNESS) is None


def test_a_signature_that_does_not_belong_to_the_key_is_never_added() -> None:
    """It would be noticed by others alone."""
    with pytest.raises(BadNote, match=r"is not one of the key of 'duebook\.example/acme'"):
        signed(UNSIGNED, BOOK, WITNESS_SIGNS)
    with pytest.raises(BadNote, match=r"is not one of the key of 'auditor\.example/w1'"):
        cosigned(SIGNED, WITNESS, 7, BOOK_SIGNS)
    with pytest.raises(BadNote, match="is of kind 4; expected one of kind 1"):
        signed(UNSIGNED, WITNESS, WITNESS_SIGNS)
    with pytest.raises(BadNote, match="is not from 0 up to"):
        cosigned(SIGNED, WITNESS, -1, WITNESS_SIGNS)


ROOT = b64encode(EMPTY).decode()
LINE = SIGNED.signatures[0].text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no empty line"),
        ("a\n1\n", "has no empty line"),
        (f"a\n\n{LINE}", "has 1 of 3 lines"),
        (f"\n1\n{ROOT}\n\n", "'' cannot be a line"),
        (f"a\n1\n{ROOT}\n\n\n", "'' cannot be a line"),
        (f"a\n1\n{ROOT}\n\nmore\n\n{LINE}", "'' cannot be a line"),
        (f"a\n01\n{ROOT}\n\n", "size is '01'; expected a whole number"),
        (f"a\n-1\n{ROOT}\n\n", "size is '-1'"),
        (f"a\n+1\n{ROOT}\n\n", "size is '\\+1'"),
        (f"a\n 1\n{ROOT}\n\n", "size is ' 1'"),
        (f"a\n1_0\n{ROOT}\n\n", "size is '1_0'"),
        (f"a\n١\n{ROOT}\n\n", "size is '١'"),
        (f"a\n９\n{ROOT}\n\n", "size is '９'"),
        (f"a\n{2**63}\n{ROOT}\n\n", "size is '9223372036854775808'"),
        (f"a\n{'9' * 100_000}\n{ROOT}\n\n", "size is '9{60}\\.\\.\\.'"),
        (f"a\n1\n{ROOT[:-1]}\n\n", "root is not base64"),
        (f"a\n1\n{ROOT[:-2]}V=\n\n", "root is not base64: '47DEQ"),
        (f"a\n1\n {ROOT}\n\n", "root is not base64"),
        ("a\n1\né\n\n", "root is not base64: 'é'"),
        ("a\n1\nAAAA\n\n", "root of a checkpoint has 3 bytes"),
        (f"a\n1\n{ROOT}\n\n{LINE[:-1]}", "and no line end"),
        (f"a\n1\n{ROOT}\n\n{LINE[2:]}", "is no line of a signature"),
        (f"a\n1\n{ROOT}\n\n-{LINE[1:]}", "is no line of a signature"),
        (f"a\n1\n{ROOT}\n\n— name\n", "is no line of a signature"),
        (f"a\n1\n{ROOT}\n\n—  AAAAAAAA\n", "'' cannot be the name of a key"),
        (f"a\n1\n{ROOT}\n\n— a+b AAAAAAAA\n", "'a\\+b' cannot be the name"),
        (f"a\n1\n{ROOT}\n\n— a\u2003b AAAAAAAA\n", "cannot be the name"),
        (f"a\n1\n{ROOT}\n\n— {'n' * 256} AAAAAAAA\n", "longer than 255 bytes"),
        (f"a\n1\n{ROOT}\n\n— name AAAAAA==\n", "has 4 bytes; it is cut off"),
        (f"a\n1\n{ROOT}\n\n— name AAAA AAAA\n", "signature of 'name' is not base64"),
        (f"a\n1\n{ROOT}\n\n{LINE * (SIGNATURES_MAX + 1)}", "41 signatures; at most 40"),
        (f"a\r\n1\r\n{ROOT}\r\n\r\n", "line ends of Windows"),
        (f"\ufeffa\n1\n{ROOT}\n\n", "byte order mark"),
        (f"a\x1b[2J\n1\n{ROOT}\n\n", r"control character: '\\x1b'"),
        (f"a\ud800\n1\n{ROOT}\n\n", r"control character: '\\ud800'"),
        (f"{'a' * 256}\n1\n{ROOT}\n\n", "longer than 255 bytes"),
        ("a\n" * 1_000_000, "of 2,000,000 characters; expected at most 262,144"),
    ],
    ids=range(37),
)
def test_whatever_is_not_a_checkpoint_is_refused_in_words(text: str, words: str) -> None:
    """Numbers of other scripts, second ways of writing the same, too much, too little."""
    with pytest.raises(BadNote, match=words) as refusal:
        parsed(text)
    assert refusal.value.hint
    assert len(refusal.value.sentence) < 200
    assert not has_invisible(refusal.value.sentence)


def test_a_note_of_sixteen_signatures_and_more_is_read() -> None:
    """The format asks for that many at least, of 5,000 bytes each."""
    kind = type(SIGNED.signatures[0])
    lines = tuple(kind(f"w{number}", b"1234", bytes(5_000)) for number in range(SIGNATURES_MAX - 1))
    note = signed(SignedNote(CHECKPOINT, lines[:16]), BOOK, BOOK_SIGNS)
    assert signed_by(parsed(note.text()), BOOK)
    full = signed(SignedNote(CHECKPOINT, lines), BOOK, BOOK_SIGNS)
    with pytest.raises(BadNote, match="has 40 signatures already"):
        cosigned(full, WITNESS, 7, WITNESS_SIGNS)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is no public key; expected"),
        (GO_KEY.replace("+", " "), "is no public key"),
        (GO_KEY.replace("033de0ae", "033DE0AE"), "is no public key"),
        (GO_KEY.replace("033de0ae", "033de0af"), "has the id 033de0af; its name and bytes give"),
        (GO_KEY.replace("sum.", "some."), "has the id 033de0ae; its name and bytes give another"),
        (GO_KEY.replace("+Ac4", "+Bc4"), "is of kind 5, which is not known here"),
        (GO_KEY[:-4], "is no public key of Ed25519"),
        (GO_KEY[:-1], "is not base64"),
        (f" {GO_KEY}", "' sum.golang.org' cannot be the name"),
        (f"{GO_KEY}\n\n", "is not base64"),
        ("a+00000000+", "The key of 'a' is empty"),
        (f"a+00000000+{b64encode(bytes([1, 1]) + bytes(31)).decode()}", "is no public key of Ed"),
        ("a" * 10_000_000, "of 10,000,000 characters"),
    ],
    ids=range(13),
)
def test_whatever_is_not_a_key_is_refused_in_words(text: str, words: str) -> None:
    """Also one of small order, with which a signature can hold for everything."""
    with pytest.raises(BadNote, match=words) as refusal:
        parsed_key(text)
    assert refusal.value.hint


def test_a_key_reads_back() -> None:
    """With the line end of the file that it came in."""
    for key in (BOOK, WITNESS):
        assert parsed_key(key.text()) == parsed_key(f"{key.text()}\n") == key
