"""One aggregate's state, and the log as people and scripts read it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, select

from ledger.aggregates.base import Logged, Recorded, in_order
from ledger.aggregates.enrolment import CONTENT_KINDS, EnrolmentState
from ledger.aggregates.live_task import TaskState
from ledger.aggregates.merchant import MerchantState, MerchantTargeted
from ledger.aggregates.partner import PartnerCertified, PartnerState
from ledger.aggregates.rate import RateState
from ledger.aggregates.store import StoreClosed, StoreClosing, StoreSuspended
from ledger.aggregates.store_state import StoreState
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import NoSuchStream
from ledger.kernel.instants import format_instant
from ledger.kernel.money import Money, sum_by_currency
from ledger.store.reader import LogReader, read_log
from ledger.store.schema import withdrawn

PLACE = (frozenset(Logged._fields) - {"event", "topic"}) | {"type", "withdrawn_by"}
"""Names that the log itself gives to every event."""


def event_json(recorded: Logged) -> dict[str, Any]:
    """An event in the shape of the public contract: its place, then its own fields.

    A field that is named like a column of the log is given as `event_...`.
    """
    out: dict[str, Any] = {
        "position": recorded.position,
        "stream": recorded.stream,
        "version": recorded.version,
        "type": type(recorded.event).__name__,
        "at": format_instant(recorded.at),
        "recorded_at": format_instant(recorded.recorded_at),
        "by": recorded.by,
        "batch": recorded.batch or None,
        "row": recorded.row or None,
        "hash": recorded.hash.hex(),
    }
    for name, value in recorded.event.model_dump(mode="json", exclude_none=True).items():
        out[f"event_{name}" if name in PLACE else name] = value
    return out


def lifts(connection: Connection, known_at: int) -> dict[int, int]:
    """What is withdrawn by a position: the fact's position, the withdrawal's."""
    w = withdrawn.c
    query = select(w.target, w.position).where(w.position <= known_at)
    return {target: position for target, position in connection.execute(query)}


def log(connection: Connection, stream: str | None, after: int, until: int) -> Iterator[Logged]:
    """Logged events in order, of one stream or of all. Raises `NoSuchStream` for none."""
    found = read_log(connection, after=after, until=until, stream=stream)
    first = next(found, None)
    if first is None and stream is not None:
        raise NoSuchStream(
            f"Nothing is recorded of {stream!r} at positions {after + 1} to {until}.",
            "Streams read store:S-1001, partner:P-01, merchant:M-7, enrolment:PROGRAM/M-7, "
            "task:T-501, rate:EUR-CNY, terms:PROGRAM, statement:PROGRAM/PAYEE, period:PROGRAM.",
        )
    if first is not None:
        yield first
        yield from found


def show(connection: Connection, stream: str, clocks: Clocks) -> dict[str, Any]:
    """A stream's state at the clocks, and the facts that it follows from, in business order.

    Raises `NoSuchStream`.
    """
    kind, _, name = stream.partition(":")
    whole = list(log(connection, stream, 0, clocks.known_at))
    counting = list(LogReader(connection, clocks).facts([stream]))
    counted = {one.position for one in counting}
    out: dict[str, Any] = {
        "stream": stream,
        "as_of": format_instant(clocks.as_of),
        "known_at": clocks.known_at,
        "state": {},
        "facts": [event_json(one) for one in in_order(counting)],
        "not_counted": [one.position for one in whole if one.position not in counted],
    }
    describe = _DESCRIBE.get(kind)
    if describe:
        out["state"] = describe(name, counting)
    return out


def describe_store(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A store as it stands after these facts."""
    state = StoreState(name)
    for recorded in facts:
        state.apply(recorded)
    onboarded = state.onboarding.event if state.onboarding else None
    standing = state.standing(FOREVER).because
    names = ("merchant", "brand", "market", "partner", "via")
    return {
        "store": name,
        **{field: getattr(onboarded, field, None) for field in names},
        "onboarded_at": _instant(state.onboarding),
        "verified_at": _instant(state.verification),
        "first_sale_at": _instant(state.first_sale),
        "state": _store_word(standing, onboarded is not None),
        "state_since": _instant(standing or state.onboarding),
        "reason": getattr(standing.event, "reason", None) if standing else None,
        "stock": ";".join(sorted(state.stock_at(FOREVER))),
        "facts": len(facts),
    }


def describe_partner(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    """A partner as it stands after these facts."""
    state = PartnerState(name)
    for recorded in facts:
        state.apply(recorded)
    last = state.certification_at(FOREVER)
    certified = last is not None and isinstance(last.event, PartnerCertified)
    kinds = [one.event.kind for one in in_order(state.standing) if hasattr(one.event, "kind")]
    return {
        "partner": name,
        "name": state.name,
        "kind": next((kind for kind in reversed(kinds) if kind), None),
        "state": "certified" if certified else ("terminated" if last else "unknown"),
        "state_since": _instant(last),
        "reason": getattr(last.event, "reason", None) if last else None,
        "withheld": len(state.withheld),
    }


def _describe_merchant(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    state = MerchantState(name)
    for recorded in facts:
        state.apply(recorded)
    programs = sorted({one.event.program for one in state.targeting})
    standing = {}
    for program in programs:
        last = state.targeting_at(program, FOREVER)
        event = last.event if last else None
        listed = isinstance(event, MerchantTargeted)
        standing[program] = f"{event.mode}" if listed and event else "untargeted"
    return {"merchant": name, "programs": standing}


def _describe_rate(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    state = RateState(name)
    for recorded in facts:
        state.apply(recorded)
    days = sorted({one.event.day for one in state.quotes})
    rates = {}
    for day in days:
        found = state.on(day, 0)
        assert found is not None
        rates[day.isoformat()] = f"{found[0]:f}"
    return {"pair": name, "rates": rates}


def _describe_enrolment(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    state = EnrolmentState(name)
    for recorded in facts:
        state.apply(recorded)
    enrolled = state.enrolment
    content = {}
    for kind in CONTENT_KINDS:
        promise = state.promise(kind, FOREVER)
        delivered = state.delivered(kind, approved_only=False)
        content[kind] = {
            "promised": promise[0] if promise else None,
            "delivered": sum(one.event.count for one in delivered),
        }
    paid = [Money.parse(one.event.amount, one.event.currency) for one in state.paid()]
    return {
        "program": name.partition("/")[0],
        "merchant": state.merchant,
        "invited_at": _instant(state.invitation),
        "enrolled_at": _instant(enrolled),
        "store": enrolled.event.store if enrolled else None,
        "content": content,
        "paid": {code: money.text for code, money in sum_by_currency(paid).items()},
    }


def _describe_task(name: str, facts: Sequence[Recorded]) -> dict[str, Any]:
    state = TaskState(name)
    for recorded in facts:
        state.apply(recorded)
    event = state.order.event if state.order else None
    fields = ("store", "creator", "category", "link", "price", "creator_fee", "gmv", "currency")
    return {
        "task": name,
        **{field: getattr(event, field, None) for field in fields},
        "ordered_at": _instant(state.order),
        "reports": len(state.reports),
    }


def _store_word(standing: Recorded | None, onboarded: bool) -> str:
    match standing.event if standing else None:
        case StoreClosed():
            return "closed"
        case StoreClosing():
            return "closing"
        case StoreSuspended():
            return "suspended"
    return "open" if onboarded else "unknown"


def _instant(recorded: Recorded | None) -> str | None:
    return format_instant(recorded.at) if recorded else None


_DESCRIBE: dict[str, Callable[[str, Sequence[Recorded]], dict[str, Any]]] = {
    "store": describe_store,
    "partner": describe_partner,
    "merchant": _describe_merchant,
    "rate": _describe_rate,
    "enrolment": _describe_enrolment,
    "task": _describe_task,
}
