"""Every stored version of every event, byte for byte, for as long as there are books.

`events.ndjson` was made once per topic and is never edited: each line has the topic, the stream,
the stored bytes as text, sha256 of the content by which a fact is known again, and the hash of
one link of the chain. A new topic gets new lines; a changed line means unreadable old books.
"""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.aggregates.catalogue import FACTS, TOPICS
from ledger.aggregates.store import StoreVerified
from ledger.kernel.errors import UndecodableEvent, UnknownTopic
from ledger.store import chain, codec
from ledger.store.codec import UPCASTERS, Upcaster, decode_rows, decoder

GOLDEN: list[dict[str, Any]] = [
    json.loads(line)
    for line in Path(__file__).with_name("events.ndjson").read_text("utf-8").splitlines()
]
PREVIOUS = bytes(range(32))
AT, RECORDED_AT = 1_768_006_800_000_000, 1_795_290_611_103_851
OLD = "store-verified.v0"


def _named(golden: dict[str, Any]) -> str:
    return f"{golden['topic']}-{golden['hash'][:6]}"


@pytest.mark.parametrize("golden", GOLDEN, ids=_named)
def test_stored_bytes_read_back_and_are_written_alike(golden: dict[str, Any]) -> None:
    """An old book is read by this version, and what this version writes is read by it."""
    state = golden["state"].encode()
    event = decoder(golden["topic"])(state)
    assert golden["stream"] == event.stream
    if golden["topic"] in UPCASTERS:
        assert UPCASTERS[golden["topic"]].becomes == event.TOPIC
        return
    assert state == event.stored()
    assert golden["topic"] == event.TOPIC


@pytest.mark.parametrize("golden", GOLDEN, ids=_named)
def test_a_fact_sent_again_is_known_by_the_same_content(golden: dict[str, Any]) -> None:
    """A changed canonical content would record old facts a second time."""
    if golden["topic"] in UPCASTERS:  # none of them is a fact
        return
    event = decoder(golden["topic"])(golden["state"].encode())
    assert golden["content"] == hashlib.sha256(event.content()).hexdigest()


@pytest.mark.parametrize("golden", GOLDEN, ids=_named)
def test_the_chain_hash_of_stored_bytes_never_changes(golden: dict[str, Any]) -> None:
    """`sha256-v1` is a promise to every book and to every receipt."""
    state = golden["state"].encode()
    link = chain.link(
        *(PREVIOUS, 17, golden["stream"], 3, golden["topic"], state, AT, RECORDED_AT),
        *("lin", 11, 4, hashlib.sha256(state).digest()),
    )
    assert golden["hash"] == link.hex()


def test_the_chain_hash_is_the_one_that_the_description_gives() -> None:
    """Written down by hand from the words of `chain`: anybody can check a book without us."""
    numbers = [1, 2, -3, 4, 0, 6]
    for key in (None, b"", b"k" * 32):
        lengths = [4, 4, 2, 3, 0 if key is None else len(key) + 1]
        parts = [b"duebook sha256-v1\0", bytes(32)]
        parts += [number.to_bytes(8, "big", signed=True) for number in numbers]
        parts += [length.to_bytes(8, "big") for length in lengths]
        parts += ["ä:1".encode(), b"t.v1", b"{}", b"lin", key or b""]
        link = chain.link(chain.GENESIS, 1, "ä:1", 2, "t.v1", b"{}", -3, 4, "lin", 0, 6, key)
        assert hashlib.sha256(b"".join(parts)).digest() == link


def test_every_field_and_every_boundary_changes_the_hash() -> None:
    """Two different events never hash alike, also where their texts join to the same bytes."""
    base: tuple[Any, ...] = (PREVIOUS, 17, "ab", 3, "cd", b"ef", 5, 6, "gh", 7, 8, b"ij")
    others: list[tuple[Any, ...]] = [
        (*base[:n], _changed(base[n]), *base[n + 1 :]) for n in range(len(base))
    ]
    others += [
        (PREVIOUS, 17, "abc", 3, "d", b"ef", 5, 6, "gh", 7, 8, b"ij"),
        (PREVIOUS, 17, "ab", 3, "cde", b"f", 5, 6, "gh", 7, 8, b"ij"),
        (PREVIOUS, 17, "ab", 3, "cd", b"efg", 5, 6, "h", 7, 8, b"ij"),
        (PREVIOUS, 17, "ab", 3, "cd", b"ef", 5, 6, "ghi", 7, 8, b"j"),
        (PREVIOUS, 17, "ab", 3, "cd", b"ef", 6, 5, "gh", 7, 8, b"ij"),
        (PREVIOUS, 17, "ab", 3, "cd", b"ef", 5, 6, "ghij", 7, 8, b""),
        (PREVIOUS, 17, "ab", 3, "cd", b"ef", 5, 6, "ghij", 7, 8, None),
    ]
    hashes = {chain.link(*one) for one in (base, *others)}
    assert len(others) + 1 == len(hashes)


def _changed(value: Any) -> Any:
    return value + 1 if isinstance(value, int) else value[:-1] + value[:1]


def test_every_topic_there_is_has_its_bytes_here() -> None:
    """Also the topics that are no longer written, as long as an upcaster reads them."""
    stored = {golden["topic"] for golden in GOLDEN}
    assert set(TOPICS) | set(UPCASTERS) == stored


def test_every_fact_is_here_bare_and_with_all_that_it_can_say() -> None:
    """Each optional field of each fact is in some stored line, so that none can change unseen."""
    for fact in FACTS.values():
        lines = [json.loads(one["state"]) for one in GOLDEN if one["topic"] == fact.TOPIC]
        said = {key for line in lines for key in line}
        assert set(fact.model_fields) == said, fact.__name__


@pytest.fixture
def upcaster() -> Iterator[None]:
    """A topic that was stored as `shop` and became `store`, taken away again afterwards."""
    UPCASTERS[OLD] = Upcaster("store-verified.v1", lambda data: {"store": data["shop"]})
    yield
    del UPCASTERS[OLD]
    codec._decoders.pop(OLD, None)


def _row(position: int, topic: str, state: bytes) -> tuple[Any, ...]:
    return position, "store:S-1", 1, topic, state, AT, RECORDED_AT, "", 0, 0, bytes(32)


@pytest.mark.usefixtures("upcaster")
def test_an_old_topic_is_lifted_to_the_event_that_it_became() -> None:
    """Read as today's event under the topic that is stored; the stored bytes stay."""
    (recorded,) = decode_rows([_row(9, OLD, b'{"shop":"S-1"}')])
    assert StoreVerified(store="S-1") == recorded.event
    assert (recorded.position, recorded.topic, recorded.event.stream) == (9, OLD, "store:S-1")


@pytest.mark.usefixtures("upcaster")
def test_an_old_topic_that_lifts_to_nonsense_is_named_with_its_position() -> None:
    """The same refusal as for an event of today."""
    with pytest.raises(UndecodableEvent, match=rf"^Event 9 \({OLD}\) does not read back"):
        list(decode_rows([_row(9, OLD, b'{"shop":"no store id"}')]))


def test_a_topic_that_nobody_knows_is_refused() -> None:
    """A newer version wrote it; the hint says to update."""
    with pytest.raises(UnknownTopic) as refused:
        decoder(OLD)
    assert refused.value.facts["topic"] == OLD
    assert "Update duebook" in refused.value.hint


@pytest.mark.parametrize(
    "state",
    [b"", b"{", b"null", b"[]", b"{}", b'{"store":1}', b'{"store":"S-1","more":1}', b"\xff"],
)
def test_bytes_that_are_no_event_are_named_with_their_position(state: bytes) -> None:
    """Never an event with something missing, guessed, or dropped."""
    topic = StoreVerified.TOPIC
    rows = [_row(8, topic, b'{"store":"S-1"}'), _row(9, topic, state)]
    with pytest.raises(UndecodableEvent) as refused:
        list(decode_rows(rows))
    assert {"position": 9, "topic": topic} == refused.value.facts


def test_many_rows_are_chained_as_each_one_is_alone() -> None:
    """With and without a key, in every script, across the lengths of all fields."""
    rows: list[chain.Row] = [
        (f"store:{'Ü' * n}", n + 1, "t.v1", b"{}" * n, -n, "lin" * n, 7, n, None if n % 3 else b"k")
        for n in range(9)
    ]
    linked = chain.chained(chain.GENESIS, 41, 99, rows)
    previous = chain.GENESIS
    for position, row, link in zip(range(42, 51), rows, linked, strict=True):
        stream, version, topic, state, at, by, batch, line, key = row
        fields = (position, stream, version, topic, state, at, 99, by, batch, line, key)
        previous = chain.link(previous, *fields)
        assert link == (*fields, previous)
