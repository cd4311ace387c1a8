"""Signatures verified in pure Python: the vectors of RFC 8032 and all of Wycheproof's."""

import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.ed25519 import ORDER, P, is_key, verifies
from projections.evidence.verify import verifies as in_package

VECTORS = Path(__file__).parent / "vectors" / "ed25519_test.json.gz"
RFC = {
    "test 1": (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
        "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
    ),
    "test 2": (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
    ),
    "test 3": (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
        "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a",
    ),
    "test sha(abc)": (
        "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
        "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
        "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b589"
        "09351fc9ac90b3ecfdfbc7c66431e0303dca179c138ac17ad9bef1177331a704",
    ),
}
"""RFC 8032, section 7.1, without the message of 1,023 bytes."""


def _cases() -> list[tuple[bytes, dict[str, Any]]]:
    groups = json.loads(gzip.decompress(VECTORS.read_bytes()))["testGroups"]
    return [
        (bytes.fromhex(group["publicKey"]["pk"]), case)
        for group in groups
        for case in group["tests"]
    ]


@pytest.mark.parametrize("name", RFC)
def test_the_signatures_of_the_rfc_hold_for_their_message_alone(name: str) -> None:
    """Of each signature, key and message, every byte counts."""
    public, message, signature = map(bytes.fromhex, RFC[name])
    assert verifies(public, message, signature)
    assert not verifies(public, message + b"\0", signature)
    for place in range(0, 64, 7):
        assert not verifies(public, message, _changed(signature, place))
    for place in range(0, 32, 5):
        assert not verifies(_changed(public, place), message, signature)


def _changed(content: bytes, place: int) -> bytes:
    return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]


def test_all_of_wycheproof_is_answered_as_it_says() -> None:
    """What it calls acceptable holds: keys with a part of small order, as the RFC lets them."""
    answers: Counter[tuple[str, bool]] = Counter()
    for public, case in _cases():
        holds = verifies(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
        assert holds is (case["result"] != "invalid"), case
        answers[case["result"], holds] += 1
    assert answers == {("valid", True): 117, ("invalid", False): 64, ("acceptable", True): 29}


def test_the_script_in_packages_answers_all_of_wycheproof_too() -> None:
    """It takes no key of small order, and nothing that has another form."""
    for public, case in _cases():
        try:
            holds = in_package(public, bytes.fromhex(case["msg"]), bytes.fromhex(case["sig"]))
        except ValueError:
            holds = False
        expected = case["result"] != "invalid" and is_key(public)
        assert holds is expected, case


def test_a_key_that_signs_everything_is_none() -> None:
    """A key of small order binds nobody; all of them in the vectors are recognised."""
    small = {public for public, case in _cases() if "SmallOrderPublicKey" in case["flags"]}
    assert len(small) == 8
    assert not any(map(is_key, small))
    assert all(is_key(public) for public, _ in _cases() if public not in small)


def test_a_scalar_of_the_order_or_more_is_refused() -> None:
    """Otherwise every signature could be written in a second way."""
    public, message, signature = map(bytes.fromhex, RFC["test 2"])
    scalar = int.from_bytes(signature[32:], "little")
    for factor in range(1, 16):
        again = signature[:32] + (scalar + factor * ORDER).to_bytes(33, "little")[:32]
        assert not verifies(public, message, again)


@pytest.mark.parametrize(
    "encoded",
    [P, P + 1, 2**255 - 1, 1 << 255 | 1, 1 << 255 | P - 1, 2],
    ids=["0 and p", "1 and p", "the largest", "negative zero", "negative zero below", "no point"],
)
def test_bytes_that_encode_no_point_are_no_key(encoded: int) -> None:
    """A coordinate of the prime or more, an x of zero with a sign, a y that the curve has not."""
    public = encoded.to_bytes(32, "little")
    assert not is_key(public)
    # R and S of the neutral element would hold for a y of 1, however that was written.
    assert not verifies(public, b"", (1).to_bytes(32, "little") + bytes(32))


@pytest.mark.parametrize("length", [0, 31, 33, 64, 1_000_000])
def test_a_key_or_signature_of_another_length_is_refused(length: int) -> None:
    """Whatever is in it."""
    public, message, signature = map(bytes.fromhex, RFC["test 1"])
    assert not verifies((public * 40_000)[:length], message, signature)
    assert not verifies(public, message, (signature * 20_000)[:length]) or length == 64
    assert not is_key((public * 40_000)[:length])
    # The neutral element as key and R, with an S of zero, would hold for every message.
    neutral = (1).to_bytes(32, "little")
    assert verifies(neutral, b"", neutral + bytes(32))
    assert not verifies((1).to_bytes(max(length, 1), "little"), b"", neutral + bytes(32))
