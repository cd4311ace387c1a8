"""`duebook stamp`: an authority's word on when a checkpoint was there, and what is none."""

import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from asn1crypto import tsp
from cryptography.x509.oid import ExtendedKeyUsageOID

from tests.cli.closing import JSON
from tests.stamping import Authority

Duebook = Callable[..., Any]
CHECK = ("stamp", "q.note", "--response", "q.tsr")


@pytest.fixture
def request_(empty: Path, duebook: Duebook) -> bytes:
    """The request to stamp `q.note`, the checkpoint of a book without facts."""
    assert duebook("checkpoint", "-o", "q.note").code == 0
    ran = duebook("stamp", "q.note", "--request", "q.tsq")
    assert ran.code == 0, ran.err
    return Path("q.tsq").read_bytes()


def stamped(authority: Authority, request: bytes, **how: Any) -> None:
    """Puts the answer and the root of an authority where the command reads them."""
    Path("q.tsr").write_bytes(authority.answer(request, **how))
    Path("root.pem").write_text(authority.pem())


def test_a_request_is_of_the_checkpoints_file_to_the_byte_and_the_same_every_time(
    request_: bytes, duebook: Duebook
) -> None:
    asked = tsp.TimeStampReq.load(request_, strict=True).native
    assert asked["message_imprint"]["hash_algorithm"]["algorithm"] == "sha256"
    digest = hashlib.sha256(Path("q.note").read_bytes()).digest()
    assert asked["message_imprint"]["hashed_message"] == digest
    assert (asked["cert_req"], asked["nonce"]) == (True, None)
    ran = duebook("stamp", "q.note", "--request", "again.tsq", *JSON)
    assert Path("again.tsq").read_bytes() == request_
    assert ran.json["sha256"] == digest.hex()


def test_a_good_stamp_says_when_and_by_whom_without_the_book(
    request_: bytes, duebook: Duebook
) -> None:
    stamped(Authority(), request_)
    Path("duebook.db").unlink()
    ran = duebook(*CHECK, "--authority", "root.pem")
    assert ran.code == 0, ran.err
    assert ran.out == "Stamped at 2026-04-02T09:30:00Z by CN=Stamps of the Tests.\n"
    assert "leads to a trusted one, CN=Root of Stamps of the Tests." in ran.err
    answer = duebook(*CHECK, "--authority", "root.pem", *JSON).json
    assert (answer["stamped_at"], answer["serial"]) == ("2026-04-02T09:30:00Z", "7")
    assert answer["authority"] == "CN=Root of Stamps of the Tests"


def test_without_an_authority_it_says_that_the_certificate_may_be_anybodys(
    request_: bytes, duebook: Duebook
) -> None:
    stamped(Authority(), request_)
    ran = duebook(*CHECK)
    assert (ran.code, "Whose certificate that is was not asked" in ran.err) == (0, True)
    assert duebook(*CHECK, *JSON).json["authority"] is None


def test_a_stamp_of_another_authority_is_refused(request_: bytes, duebook: Duebook) -> None:
    stamped(Authority(), request_)
    Path("root.pem").write_text(Authority(name="Somebody Else").pem())
    ran = duebook(*CHECK, "--authority", "root.pem")
    assert (ran.code, ran.out) == (1, "")
    assert "does not lead to a trusted one (unable to get local issuer certificate)" in ran.err
    assert "trusted is CN=Root of Somebody Else" in ran.err


def test_several_authorities_may_be_trusted(request_: bytes, duebook: Duebook) -> None:
    authority = Authority()
    stamped(authority, request_)
    Path("root.pem").write_text(Authority(name="Somebody Else").pem() + authority.pem())
    ran = duebook(*CHECK, "--authority", "root.pem")
    assert (ran.code, "one of the 2 certificates given" in ran.err) == (0, True)


def test_a_stamp_of_another_checkpoint_is_refused(
    request_: bytes, duebook: Duebook, file: Callable[..., str]
) -> None:
    stamped(Authority(), request_)
    fact = {"type": "StoreSuspended", "at": "2026-10-30T10:00:00+08:00", "store": "S-1"}
    assert duebook("record", file([fact])).code == 0
    assert duebook("checkpoint", "-o", "later.note").code == 0
    ran = duebook("stamp", "later.note", "--response", "q.tsr")
    assert (ran.code, "The stamp is of another file than the checkpoint" in ran.err) == (1, True)


def test_a_checkpoint_that_was_cosigned_since_is_another_file(
    request_: bytes, duebook: Duebook
) -> None:
    stamped(Authority(), request_)
    duebook("checkpoint", "--new-key", "p.key", "--name", "partner.example")
    assert duebook("cosign", "q.note", "--key", "p.key", "-o", "c.note").code == 0
    ran = duebook("stamp", "c.note", "--response", "q.tsr")
    assert (ran.code, "a signature or cosignature added since" in ran.err) == (1, True)


def test_an_altered_checkpoint_is_refused(request_: bytes, duebook: Duebook) -> None:
    stamped(Authority(), request_)
    note = Path("q.note").read_text()
    origin, size, rest = note.split("\n", 2)
    Path("q.note").write_text(f"{origin}\n{int(size) + 1}\n{rest}")
    ran = duebook(*CHECK)
    assert (ran.code, "of another file than the checkpoint" in ran.err) == (1, True)


def test_a_token_whose_time_was_altered_is_refused(request_: bytes, duebook: Duebook) -> None:
    stamped(Authority(), request_)
    answer = Path("q.tsr").read_bytes()
    assert answer.count(b"20260402093000Z") == 1
    Path("q.tsr").write_bytes(answer.replace(b"20260402093000Z", b"20250402093000Z"))
    for words in (CHECK, (*CHECK, "--authority", "root.pem")):
        ran = duebook(*words)
        assert (ran.code, ran.out) == (1, "")
        assert "The token was altered: its signature is of another time stamp." in ran.err


def test_a_time_altered_with_its_digest_is_refused_by_the_signature(
    request_: bytes, duebook: Duebook
) -> None:
    """The digest among the signed attributes is made to fit; only the signature tells."""
    stamped(Authority(), request_)
    answer = Path("q.tsr").read_bytes()
    token = tsp.TimeStampResp.load(answer)["time_stamp_token"]["content"]
    before = token["encap_content_info"]["content"].contents
    after = before.replace(b"20260402093000Z", b"20250402093000Z")
    digests = [hashlib.sha256(content).digest() for content in (before, after)]
    Path("q.tsr").write_bytes(answer.replace(before, after).replace(*digests))
    ran = duebook(*CHECK)
    assert (ran.code, "altered: its signature does not hold" in ran.err) == (1, True)


def test_every_byte_of_what_is_signed_counts_and_none_ends_in_a_traceback(
    request_: bytes, duebook: Duebook
) -> None:
    """Each byte of the answer in turn: the same answer in other words, or a refusal."""
    stamped(Authority(), request_)
    good = duebook(*CHECK).out
    answer = Path("q.tsr").read_bytes()
    for place in range(0, len(answer), 3):
        changed = bytes([answer[place] ^ 0x15])
        Path("q.tsr").write_bytes(answer[:place] + changed + answer[place + 1 :])
        ran = duebook(*CHECK)
        assert ran.code == 1 or (ran.code, ran.out) == (0, good), (place, ran)


def test_what_the_authority_rejected_is_said_in_its_words(
    request_: bytes, duebook: Duebook
) -> None:
    stamped(Authority(), request_, status=2, words="too many requests today")
    ran = duebook(*CHECK)
    assert ran.code == 1
    assert "its status is 2, rejected: too many requests today." in ran.err


@pytest.mark.parametrize(
    ("authority", "said"),
    [
        ({"uses": ()}, "is not for time stamps: its extended key usage is none"),
        ({"uses": (ExtendedKeyUsageOID.SERVER_AUTH,)}, "extended key usage is 1.3.6.1.5.5.7.3.1"),
        ({"years": (2020, 2025)}, "is valid from 2020-01-01T00:00:00Z to 2025-01-01T00:00:00Z"),
        ({"digest": "sha1"}, "over a digest by sha1; expected one of sha256, sha384, sha512"),
        ({"named": bytes(32)}, "names another certificate than it came with"),
    ],
)
def test_an_authority_that_may_not_stamp_is_refused(
    request_: bytes, duebook: Duebook, authority: dict[str, Any], said: str
) -> None:
    stamped(Authority(**authority), request_)
    for words in (CHECK, (*CHECK, "--authority", "root.pem")):
        ran = duebook(*words)
        assert (ran.code, ran.out) == (1, "")
        assert said in ran.err


def test_an_answer_without_the_certificate_says_what_to_ask_for(
    request_: bytes, duebook: Duebook
) -> None:
    asked = tsp.TimeStampReq.load(request_)
    asked["cert_req"] = False
    stamped(Authority(), asked.dump())
    ran = duebook(*CHECK)
    assert (ran.code, "is not in the answer" in ran.err) == (1, True)


@pytest.mark.parametrize(
    "content", [b"", b"<html>Sorry</html>", bytes(range(256)), b"\x30\x84\xff\xff\xff\xff", b"0"]
)
def test_garbage_is_no_answer(request_: bytes, duebook: Duebook, content: bytes) -> None:
    Path("q.tsr").write_bytes(content)
    ran = duebook(*CHECK)
    assert (ran.code, "q.tsr is not the answer of a timestamp authority" in ran.err) == (1, True)
    stamped(Authority(), request_)
    Path("root.pem").write_bytes(content)
    ran = duebook(*CHECK, "--authority", "root.pem")
    assert (ran.code, "root.pem has no certificate in PEM" in ran.err) == (1, True)


@pytest.mark.parametrize("name", ["q.note", "q.tsr", "root.pem"])
def test_a_huge_file_is_refused_without_reading_it(
    request_: bytes, duebook: Duebook, name: str
) -> None:
    stamped(Authority(), request_)
    with open(name, "wb") as huge:
        huge.truncate(1 << 40)
    ran = duebook(*CHECK, "--authority", "root.pem")
    assert (ran.code, f"{name} is longer than any" in ran.err) == (1, True)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("stamp", "q.note"), "Write: stamp CHECKPOINT --request OUT.tsq, or"),
        ((*CHECK, "--request", "r.tsq"), "Write: stamp CHECKPOINT --request OUT.tsq, or"),
        (("stamp", "q.note", "--request", "r", "--authority", "x"), "goes with --response"),
        (("stamp", "none.note", "--request", "r.tsq"), "none.note: No such file"),
        (("stamp", "q.note", "--response", "none.tsr"), "none.tsr: No such file"),
        (("stamp", "q.tsq", "--request", "r.tsq"), "The checkpoint has"),
        (("stamp", "q.note", "--request", "q.note"), "q.note is an input of this call"),
        (("stamp", "q.note", "--request", "q.tsq"), "q.tsq exists"),
    ],
)
def test_what_cannot_be_stamped_is_refused_in_words(
    request_: bytes, duebook: Duebook, words: tuple[str, ...], said: str
) -> None:
    ran = duebook(*words)
    assert ran.code in (1, 2)
    assert said in ran.err
    assert not Path("r.tsq").exists()


def test_without_the_libraries_it_says_how_to_install_them(
    request_: bytes, duebook: Duebook, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    ran = duebook(*CHECK)
    assert ran.code == 2
    assert "needs the library rfc3161_client, which is not installed" in ran.err
    assert "pip install 'duebook[sign]'" in ran.err
