"""Stored bytes to events: fixed topic names, and upcasters for earlier versions."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from pydantic import BaseModel, ValidationError

from ledger.aggregates.base import Event, Logged, Recorded
from ledger.aggregates.catalogue import event_of
from ledger.aggregates.orders import OrdersArchived, lifted
from ledger.kernel.errors import Refusal, UndecodableEvent, UnknownTopic


class Upcaster(NamedTuple):
    """Converts the data of an old topic to that of the next one."""

    becomes: str
    lift: Callable[[dict[str, Any]], dict[str, Any]]


UPCASTERS: dict[str, Upcaster] = {
    "orders-archived.v1": Upcaster(OrdersArchived.TOPIC, lifted),
}
"""Topics that are no longer written, each with the step to its successor."""


def topics_of(event: type[Event]) -> list[str]:
    """The topics that read back as this event: its own, and those that are no longer written."""
    return [event.TOPIC, *(old for old, step in UPCASTERS.items() if step.becomes == event.TOPIC)]


Decode = Callable[[bytes], Event]
_decoders: dict[str, Decode] = {}
_fields_set = BaseModel.__dict__["__pydantic_fields_set__"].__set__
_UNSAID: set[str] = set()


def decoder(topic: str) -> Decode:
    """The function that reads a topic's bytes. Raises `UnknownTopic`."""
    decode = _decoders.get(topic)
    if decode is None:
        decode = _decoders[topic] = _build(topic)
    return decode


def _build(topic: str) -> Decode:
    event = event_of(topic)
    if event is not None:
        return event.validator().validate_json
    step = UPCASTERS.get(topic)
    if step is None:
        raise UnknownTopic(
            f"The log holds {topic!r}, which this version of duebook does not know.",
            "Update duebook: a newer version wrote this.",
            topic=topic,
        )
    target, lift = decoder(step.becomes), step.lift

    def upcast(state: bytes) -> Event:
        try:
            return target(json.dumps(lift(json.loads(state))).encode())
        except ValidationError:
            raise
        except (ValueError, KeyError, TypeError) as error:
            raise UndecodableEvent(
                f"{topic} does not upgrade to {step.becomes}: {error}."
            ) from error

    return upcast


def decode_rows(rows: Iterable[Sequence[Any]]) -> Iterator[Logged]:
    """Rows of `READ_COLUMNS` to logged events.

    Raises `UndecodableEvent` with the position, or `UnknownTopic`.
    """
    new, decoders, row = tuple.__new__, _decoders, None
    try:
        for row in rows:
            position, stream, version, topic, state, *more = row
            event = (decoders.get(topic) or decoder(topic))(state)
            yield new(Logged, (position, stream, version, topic, event, *more))
    except (UnknownTopic, UndecodableEvent, ValidationError) as error:
        raise _placed(error, row) from None


def decode_facts(rows: Iterable[Sequence[Any]]) -> Iterator[Recorded]:
    """Rows of `FACT_COLUMNS` to recorded events. Raises as `decode_rows` does.

    States keep events by the hundred thousand, so these do not keep which of their fields were
    written out: up to 728 bytes each, which nothing reads.
    """
    new, decoders, forget, row = tuple.__new__, _decoders, _fields_set, None
    try:
        for row in rows:
            position, stream, version, topic, state, at = row
            event = (decoders.get(topic) or decoder(topic))(state)
            forget(event, _UNSAID)
            yield new(Recorded, (position, stream, version, topic, event, at))
    except (UnknownTopic, UndecodableEvent, ValidationError) as error:
        raise _placed(error, row) from None


def _placed(error: Refusal | ValidationError, row: Sequence[Any] | None) -> Refusal:
    """What is wrong with a row, with its position."""
    assert row is not None, "only a row fails to decode"
    position, topic = row[0], row[3]
    if isinstance(error, ValidationError):
        why = error.errors()[0]["msg"]
        sentence = f"Event {position} ({topic}) does not read back: {why}."
        return UndecodableEvent(sentence, position=position, topic=topic)
    return type(error)(f"Event {position}: {error.sentence}", error.hint)
