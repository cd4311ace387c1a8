"""Merkle trees by RFC 6962: published vectors, and every proof of every small tree."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.kernel.merkle import (
    EMPTY,
    consistency,
    inclusion,
    leaf,
    leaves_of,
    node,
    range_proof,
    root,
    root_at,
    subtree_of,
)
from ledger.kernel.merkle_checks import (
    holds_consistency,
    holds_inclusion,
    root_of_inclusion,
    root_of_range,
    roots_of_consistency,
)
from ledger.kernel.proof_errors import BadProof
from ledger.kernel.tree_shape import SIZE_MAX, consistency_length, full_subtrees, inclusion_length
from tests.kernel.trees import Tree, defined_root, grown

DATA = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
DATA.append("606162636465666768696a6b6c6d6e6f")
ROOTS = (
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
)
"""Of 0 to 8 of the leaves: the test data of the certificate transparency reference."""
SECOND = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7"
SECOND_PAIR = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e"
SECOND_FOUR = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"
FIFTH = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b"
THIRD_PAIR = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a"
FOURTH_PAIR = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0"
INCLUSIONS = {
    (0, 1): [],
    (0, 8): [SECOND, SECOND_PAIR, SECOND_FOUR],
    (5, 8): [FIFTH, FOURTH_PAIR, ROOTS[4]],
    (2, 3): [ROOTS[2]],
    (1, 5): [ROOTS[1], SECOND_PAIR, FIFTH],
}
CONSISTENCIES = {
    (1, 1): [],
    (1, 8): [SECOND, SECOND_PAIR, SECOND_FOUR],
    (6, 8): [THIRD_PAIR, FOURTH_PAIR, ROOTS[4]],
    (2, 5): [SECOND_PAIR, FIFTH],
}
PUBLISHED = Tree([leaf(bytes.fromhex(data)) for data in DATA])
SIZES = range(1, 130)
LARGEST = grown(SIZES[-1])
ROOT = {size: defined_root(LARGEST.leaves[:size]) for size in (0, *SIZES)}


def test_the_published_roots_come_out() -> None:
    """By all leaves, by full subtrees, and by definition."""
    for size, expected in enumerate(ROOTS):
        leaves = PUBLISHED.leaves[:size]
        assert root(leaves).hex() == defined_root(leaves).hex() == expected
        assert root_at(size, PUBLISHED).hex() == expected
    assert leaves_of([bytes.fromhex(data) for data in DATA]) == PUBLISHED.leaves


@pytest.mark.parametrize(("index", "size"), INCLUSIONS)
def test_the_published_proofs_of_inclusion_come_out(index: int, size: int) -> None:
    """Hash by hash, in their order."""
    proof = inclusion(index, size, PUBLISHED)
    assert [part.hex() for part in proof] == INCLUSIONS[index, size]
    assert root_of_inclusion(index, size, PUBLISHED.leaves[index], proof).hex() == ROOTS[size]


@pytest.mark.parametrize(("first", "second"), CONSISTENCIES)
def test_the_published_proofs_of_consistency_come_out(first: int, second: int) -> None:
    """Hash by hash, in their order."""
    proof = consistency(first, second, PUBLISHED)
    assert [part.hex() for part in proof] == CONSISTENCIES[first, second]
    roots = roots_of_consistency(first, second, bytes.fromhex(ROOTS[first]), proof)
    assert [part.hex() for part in roots] == [ROOTS[first], ROOTS[second]]


@pytest.mark.parametrize("size", SIZES)
def test_a_leaf_is_proved_at_its_own_index_to_its_own_root_alone(size: int) -> None:
    """Every leaf of every tree; other root, index, size, leaf, and a hash less or more do not."""
    tree, other = ROOT[size], ROOT[size - 1]
    assert root_at(size, LARGEST) == root(LARGEST.leaves[:size]) == tree
    for index in range(size):
        hashed, proof = LARGEST.leaves[index], inclusion(index, size, LARGEST)
        assert len(proof) == inclusion_length(index, size)
        assert holds_inclusion(index, size, hashed, proof, tree)
        assert not holds_inclusion(index, size, hashed, proof, other)
        assert not holds_inclusion(index, size, leaf(b"other"), proof, tree)
        for wrong in {index - 1, index + 1, index ^ 1, index ^ 2, size - 1 - index, size} - {index}:
            assert not holds_inclusion(wrong, size, hashed, proof, tree)
        assert not holds_inclusion(index, size, hashed, [*proof, tree], tree)
        if proof:
            assert not holds_inclusion(index, size, hashed, proof[:-1], tree)
            assert not holds_inclusion(index, size, hashed, proof[1:], tree)
            assert not holds_inclusion(index, size, hashed, [*proof[:-1], tree], tree)


@pytest.mark.parametrize("second", SIZES)
def test_a_tree_is_proved_to_have_grown_out_of_its_beginning_alone(second: int) -> None:
    """Every beginning of every tree; other roots, sizes, and a hash less or more are refused."""
    newer = ROOT[second]
    for first in range(second + 1):
        older, proof = ROOT[first], consistency(first, second, LARGEST)
        assert len(proof) == consistency_length(first, second)
        assert holds_consistency(first, second, older, newer, proof)
        assert not holds_consistency(first, second, leaf(b"other"), newer, proof)
        # From nothing, anything may have grown: such a proof says nothing of the second root.
        assert (first == 0) is holds_consistency(first, second, older, leaf(b"other"), proof)
        assert not holds_consistency(first, second, older, newer, [*proof, newer])
        if first < second:
            assert not holds_consistency(second, first, newer, older, proof)
            assert not holds_consistency(first + 1, second, older, newer, proof)
        if proof:
            assert not holds_consistency(first - 1, second, older, newer, proof)
            assert not holds_consistency(first, second, older, newer, proof[:-1])
            assert not holds_consistency(first, second, older, newer, proof[1:])
            assert not holds_consistency(first, second, older, newer, [*proof[:-1], newer])


@given(st.data())
def test_consecutive_leaves_are_proved_together_and_no_others(
    data: st.DataObject,
) -> None:
    """Any range of any tree; a leaf changed, left out, added or moved leads elsewhere."""
    size = data.draw(st.integers(1, 129))
    first = data.draw(st.integers(0, size - 1))
    last = data.draw(st.integers(first, size - 1))
    leaves, proof = LARGEST.leaves[first : last + 1], range_proof(first, last, size, LARGEST)
    assert root_of_range(first, leaves, size, proof) == ROOT[size]
    assert not set(proof) & set(leaves)
    assert len(proof) <= 2 * size.bit_length()
    changed = data.draw(st.integers(0, last - first))
    forged = [*leaves[:changed], leaf(b"forged"), *leaves[changed + 1 :]]
    assert root_of_range(first, forged, size, proof) != ROOT[size]
    for start, part in ((first, leaves[:-1]), (first + 1, leaves), (first - 1, leaves)):
        assert not _proves(start, part, size, proof)
    assert not _proves(first, [*leaves, leaf(b"more")], size, proof)
    assert not _proves(first, leaves, size, [*proof, EMPTY])
    assert not _proves(first, leaves, size, proof[:-1]) or not proof


def _proves(first: int, leaves: list[bytes], size: int, proof: list[bytes]) -> bool:
    try:
        return root_of_range(first, leaves, size, proof) == ROOT[size]
    except BadProof:
        return False


def test_nothing_grows_out_of_nothing() -> None:
    """Two trees without leaves have the same root, and no other tree has that size."""
    assert holds_consistency(0, 0, EMPTY, EMPTY, [])
    assert not holds_consistency(0, 0, EMPTY, ROOT[1], [])


def test_a_range_of_a_single_leaf_has_the_hashes_of_its_inclusion() -> None:
    """From left to right instead of upwards."""
    for index in range(100):
        of_range = range_proof(index, index, 100, LARGEST)
        assert sorted(of_range) == sorted(inclusion(index, 100, LARGEST))


def test_a_node_cannot_pass_for_a_leaf() -> None:
    """Their hashes begin with another byte."""
    left, right = LARGEST.leaves[:2]
    assert leaf(left + right) != node(left, right) == root([left, right])


def test_only_full_subtrees_have_a_hash_of_their_own() -> None:
    """A tile that is not full would answer with what changes when a leaf is added."""
    assert subtree_of(LARGEST.leaves[:64]) == LARGEST.subtree(6, 0)
    for count in (0, 3, 65):
        with pytest.raises(ValueError, match=f"{count} leaves are not a full subtree"):
            subtree_of(LARGEST.leaves[:count])


@given(st.integers(0, 300), st.integers(0, 300))
def test_full_subtrees_make_up_their_leaves_exactly(begin: int, length: int) -> None:
    """In order, aligned, without gap or overlap."""
    covered: list[int] = []
    for level, index in full_subtrees(begin, begin + length):
        covered += range(index << level, (index + 1) << level)
    assert covered == list(range(begin, begin + length))


def test_an_appender_keeps_a_hash_for_each_bit_of_the_size() -> None:
    """Of a million leaves, 7."""
    assert len(list(full_subtrees(0, 1_000_000))) == (1_000_000).bit_count() == 7


class _Counting:
    """Stands for a tree of any size; counts how often it is asked."""

    asked = 0

    def subtree(self, level: int, index: int) -> bytes:
        self.asked += 1
        return leaf(b"%d/%d" % (level, index))


def test_the_largest_tree_is_proved_of_in_a_few_thousand_questions() -> None:
    """A proof's cost grows with the depth of a tree, not with its size."""
    source = _Counting()
    size, index = SIZE_MAX, SIZE_MAX // 3
    proof = inclusion(index, size, source)
    tree, hashed = root_at(size, source), source.subtree(0, index)
    assert len(proof) == 63
    assert len(consistency(index, size, source)) == consistency_length(index, size)
    assert len(range_proof(index, index + 5, size, source)) < 126
    assert source.asked < 10_000
    assert root_of_inclusion(index, size, hashed, proof) != tree  # its levels are made up


@pytest.mark.parametrize(
    ("index", "size", "words"),
    [
        (8, 8, "A tree of 8 leaves has no leaf 8; the first one is 0."),
        (0, 0, "A tree of 0 leaves has no leaf 0; the first one is 0."),
        (-1, 8, "A tree of 8 leaves has no leaf -1; the first one is 0."),
        (0, -8, "A tree of -8 leaves: expected from 0 up to 2^63 - 1."),
        (0, 2**63, "A tree of 9,223,372,036,854,775,808 leaves: expected from 0 up to 2^63 - 1."),
        (0, 10**9999, "A tree of 2^33215 or more leaves: expected from 0 up to 2^63 - 1."),
        (-(10**9999), 8, "A tree of 8 leaves has no leaf -2^33215 or more; the first one is 0."),
        (7, 8, "The proof has 4 hashes; expected 3."),
        (0, 1, "The proof has 4 hashes; expected 0."),
    ],
    ids=range(9),
)
def test_numbers_that_no_tree_has_are_refused_in_words(index: int, size: int, words: str) -> None:
    """Before anything is computed with them."""
    with pytest.raises(BadProof) as refusal:
        root_of_inclusion(index, size, EMPTY, [EMPTY] * 4)
    assert refusal.value.sentence == words
    assert refusal.value.hint
    assert not holds_inclusion(index, size, EMPTY, [EMPTY] * 4, EMPTY)


def test_other_proofs_that_cannot_be_are_refused_in_words() -> None:
    """Millions of hashes, sizes the wrong way round, hashes of another length, no leaves."""
    with pytest.raises(BadProof, match=r"The proof has 1,000,000 hashes; expected 3\."):
        root_of_inclusion(0, 8, EMPTY, [EMPTY] * 1_000_000)
    with pytest.raises(BadProof, match="8 leaves cannot have grown into a tree of 7"):
        roots_of_consistency(8, 7, EMPTY, [])
    with pytest.raises(BadProof, match="there is nothing to prove"):
        roots_of_consistency(0, 7, EMPTY, [])
    with pytest.raises(BadProof, match="A hash of 31 bytes; expected 32"):
        root_of_inclusion(0, 2, EMPTY, [EMPTY[1:]])
    with pytest.raises(BadProof, match="A hash of 33 bytes; expected 32"):
        root_of_inclusion(0, 2, EMPTY + b"x", [EMPTY])
    with pytest.raises(BadProof, match="has no leaves 0 to -1"):
        root_of_range(0, [], 8, [])
    with pytest.raises(BadProof, match="has no leaves 7 to 8"):
        root_of_range(7, [EMPTY, EMPTY], 8, [])
    for first, second in ((8, 7), (-1, 7), (0, -1), (0, 2**63), (2**63, 2**63)):
        assert not holds_consistency(first, second, EMPTY, EMPTY, [])
