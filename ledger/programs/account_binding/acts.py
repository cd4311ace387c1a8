"""Acts judged one after another in business order, read with everything they depend on.

Acts of the same instant are in catalogue order. Facts before the edition's first day take effect
but are not judged.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import groupby, islice
from typing import Any

from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.binding import AccountNamed
from ledger.aggregates.binding_state import AccountState, StoreBonds
from ledger.aggregates.judge import Surprise
from ledger.kernel.instants import EARLIEST, day_of, format_instant
from ledger.programs.account_binding.codes import HARMLESS, Finding, against
from ledger.programs.account_binding.parameters import parameters_of
from ledger.programs.account_binding.standing import Standing
from ledger.programs.contract import CHUNK, Reader, in_chunks
from ledger.programs.edition import Edition
from ledger.programs.program import Judged, Names

STORE = "store:"


def judge_bindings(reader: Reader, edition: Edition, acts: Sequence[Recorded]) -> Judged:
    """Exceptions among a set of bindings, unbindings and namings of accounts."""
    asked = sorted(
        (fact for fact in acts if fact.at in edition.window), key=lambda fact: fact.stream
    )
    streams = (list(own) for _, own in groupby(asked, key=lambda fact: fact.stream))
    while chunk := [fact for own in islice(streams, CHUNK) for fact in own]:
        stores = {fact.event.store for fact in chunk if not isinstance(fact.event, AccountNamed)}
        accounts = {fact.event.account for fact in chunk if isinstance(fact.event, AccountNamed)}
        mine = {fact.position: fact for fact in chunk}
        facts = _read(reader, edition, stores, accounts).facts
        for recorded, findings in _judged(Standing(edition), edition, facts):
            if recorded.position in mine:
                for finding in findings:
                    yield mine[recorded.position], _surprise(finding, recorded, edition)


def touches(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """The streams whose acts may be judged differently because stores and accounts have changed:
    those of the stores that these are bound to, and of the accounts bound there."""
    stores = set(reader.named("binding", changed.get("store", ())))
    around = _read(reader, edition, stores, changed.get("account", ()), whole=False)
    yield from (f"store:{store}" for store in around.stores)
    yield from (f"account:{account}" for account in around.accounts)


def standing_bonds(reader: Reader, edition: Edition) -> list[dict[str, Any]]:
    """A row per bond in force at the reader's as-of, by store, role and account."""
    terms, as_of = parameters_of(edition), reader.clocks.as_of
    streams = {stream for _, stream in reader.names("bond", EARLIEST, as_of + 1)}
    names = [stream.removeprefix(STORE) for stream in streams]
    rows = []
    for stores in [sorted(names)] if terms.crosses_stores else in_chunks(names):
        standing = Standing(edition)
        for _ in _judged(standing, edition, _read(reader, edition, stores, ()).facts):
            pass
        for store in stores:
            for _, bond in sorted(
                standing.at_store[store].items(), key=lambda place: place[0][::-1]
            ):
                rows.append(
                    {
                        "program": edition.program,
                        "store": store,
                        "account": bond.account,
                        "role": bond.role,
                        "since": format_instant(bond.since.at),
                        "name": standing.name_of(bond),
                        "followers": standing.followers.get(bond.account),
                        "probation": standing.in_probation(store),
                        "official_unbindings_used": standing.unbindings_of(bond),
                        "channel_bindings_used": standing.channel_bindings(store, as_of),
                    }
                )
    return rows


class _Neighbourhood:
    """The stores and accounts that a judgement depends on, with their facts."""

    def __init__(self) -> None:
        self.stores: dict[str, StoreBonds] = {}
        self.accounts: dict[str, AccountState] = {}

    @property
    def facts(self) -> list[Recorded]:
        """All of them in business order; equal ones by source and id."""
        facts = [recorded for store in self.stores.values() for recorded in store.facts]
        facts += [recorded for account in self.accounts.values() for recorded in account.facts]
        facts.sort(key=lambda fact: (fact.event.source or "", fact.event.id or ""))
        return in_order(facts)


def _read(
    reader: Reader,
    edition: Edition,
    stores: Iterable[str],
    accounts: Collection[str],
    *,
    whole: bool = True,
) -> _Neighbourhood:
    """The given stores and those that the given accounts were bound to, with every account that
    was ever bound there.

    Where an act at one store affects acts at another: all stores linked by accounts. Without
    `whole` the accounts' own facts are not read.
    """
    linked = parameters_of(edition).crosses_stores
    around, known = _Neighbourhood(), set(accounts)
    wanted = {*stores, *_stores_of(reader, known)}
    while new := wanted - set(around.stores):
        bonds_of = reader.states("store", new, StoreBonds, StoreBonds.TOPICS)
        around.stores |= bonds_of
        bound = {
            account for store_bonds in bonds_of.values() for account in store_bonds.accounts
        } - known
        known |= bound
        if linked:
            wanted |= _stores_of(reader, bound)
    topics = AccountState.TOPICS
    around.accounts = (
        reader.states("account", known, AccountState, topics)
        if whole
        else {account: AccountState(account) for account in known}
    )
    return around


def _stores_of(reader: Reader, accounts: Collection[str]) -> set[str]:
    """The stores that the given accounts were ever bound to."""
    streams = reader.named("bond", accounts) if accounts else {}
    return {stream.removeprefix(STORE) for listed in streams.values() for stream in listed}


def _judged(
    standing: Standing, edition: Edition, facts: Iterable[Recorded]
) -> Iterator[tuple[Recorded, list[Finding]]]:
    """Each fact with its findings; then it takes effect, unless it is unfit and the terms refuse
    unfit acts. A naming always takes effect."""
    refused = standing.terms.unfit_binding == "refused"
    for recorded in facts:
        findings = against(standing, recorded) if recorded.at in edition.window else []
        yield recorded, findings
        unfit = any(finding.code not in HARMLESS for finding in findings)
        if not (refused and unfit) or isinstance(recorded.event, AccountNamed):
            standing.take(recorded)


def _surprise(finding: Finding, recorded: Recorded, edition: Edition) -> Surprise:
    clause = edition.cite.get(finding.parameter) or finding.parameter
    day = day_of(recorded.at, edition.zone)
    return Surprise(
        finding.code,
        f"{finding.sentence} ({day}). Clause of {edition.program}: {clause}.",
        finding.hint,
        recorded.event.account,
        edition.program,
    )
