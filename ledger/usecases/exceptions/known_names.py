"""Who is known, to judge facts by: from the index of the log, with what a call adds to it."""

from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Access, Mention, identity_of
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.instants import Instant
from ledger.programs.edition import Edition
from ledger.programs.star_map.access import Gate
from ledger.store.log import read_positions
from ledger.store.reader import LogReader

Known = tuple[Instant, bytes]
KnownTask = tuple[Instant, bytes, str]
ANYTHING = ("", "\U0010ffff")
STAR_MAP = "star_map"


class IndexDirectory:
    """Names that were looked up beforehand, in few queries, at one pair of clocks.

    Facts at the positions `gone` are withdrawn by the call itself and introduce nobody.
    """

    def __init__(
        self, connection: Connection, clocks: Clocks, gone: Collection[int] = frozenset()
    ) -> None:
        self.reader = LogReader(connection, clocks)
        self.gone = gone
        self.stores: dict[str, Known] = {}
        self.partners: set[str] = set()
        self.programs: set[str] = set()
        self.invitations: set[str] = set()
        self.enrolments: dict[str, Known] = {}
        self.tasks: dict[str, KnownTask] = {}
        self.gates: list[Gate] = []

    def load(self, mentions: Iterable[Mention]) -> None:
        """Looks up every name that the mentions need."""
        stores, partners, programs, enrolments = set(), set(), set(), set()
        tasks, listed = set(), False
        for one in mentions:
            stores.add(one.store)
            partners.add(one.partner)
            programs.add(one.program)
            enrolments.add(one.enrolment)
            tasks.add(one.task)
            listed = listed or one.listing is not None
        self.load_names(stores, partners, programs)
        self.load_enrolments({name for name in enrolments if name})
        self.load_tasks({name for name in tasks if name})
        if listed:
            self.load_terms()

    def load_names(
        self,
        stores: Collection[str | None],
        partners: Collection[str | None],
        programs: Collection[str | None],
    ) -> None:
        """Looks names up in the index of the log; None among them is passed over."""
        named = {name for name in stores if name}
        self.stores |= earliest(self.reader, "store", named, self.gone)
        certified = self.reader.located("certified", {name for name in partners if name})
        self.partners |= {name for name, _, position in certified if position not in self.gone}
        self.programs |= set(self._timeless().named("program", {p for p in programs if p}))

    def _timeless(self) -> LogReader:
        """Publishing is a decision: it holds whatever the as-of, from its position on."""
        return LogReader(self.reader.connection, self.reader.clocks._replace(as_of=FOREVER))

    def load_enrolments(self, names: Collection[str]) -> None:
        """Looks up who was invited and enrolled, by program and merchant."""
        found = self.reader.located("invited", names)
        self.invitations |= {name for name, _, position in found if position not in self.gone}
        self.enrolments |= earliest(self.reader, "enrolled", set(names), self.gone)

    def load_tasks(self, names: Collection[str]) -> None:
        """Looks up which report of each task counts, and the store that it names."""
        found = counting(self.reader, "task", set(names), self.gone)
        self.tasks |= {name: (*known, one.event.store) for name, (known, one) in found.items()}

    def load_terms(self) -> None:
        """Reads the terms that links are judged by: the last version of each star-map edition."""
        positions = [position for _, position in self._timeless().under("program", *ANYTHING)]
        last = {one.event.program: one for one in read_positions(self.reader.connection, positions)}
        self.gates = [
            Gate(Edition.from_data(one.event.edition, f"position {one.position}"))
            for _, one in sorted(last.items())
            if one.event.edition["rules"] == STAR_MAP
        ]

    def add(self, said: Mention) -> None:
        """Takes what a fact of the call introduces."""
        own = (said.at, said.identity)
        if said.type == "MerchantOnboarded" and said.store:
            self.stores[said.store] = min(self.stores.get(said.store, own), own)
        elif said.type == "MerchantEnrolled" and said.enrolment:
            name = said.enrolment
            self.enrolments[name] = min(self.enrolments.get(name, own), own)
        elif said.type == "MerchantInvited" and said.enrolment:
            self.invitations.add(said.enrolment)
        elif said.type == "LiveTaskOrdered" and said.task:
            order = (*own, said.store or "")
            self.tasks[said.task] = min(self.tasks.get(said.task, order), order)

    def onboarding(self, store: str) -> Known | None:
        return self.stores.get(store)

    def knows_partner(self, partner: str) -> bool:
        return partner in self.partners

    def knows_program(self, program: str) -> bool:
        return program in self.programs

    def invited(self, enrolment: str) -> bool:
        return enrolment in self.invitations

    def enrolled(self, enrolment: str) -> Known | None:
        return self.enrolments.get(enrolment)

    def ordered(self, task: str) -> KnownTask | None:
        return self.tasks.get(task)

    def access(self, at: Instant, media: str, link: str, category: str) -> Access | None:
        found = (gate.asks(at, media, link, category) for gate in self.gates)
        return next((access for access in found if access), None)


def earliest(
    reader: LogReader, kind: str, names: set[str], gone: Collection[int] = frozenset()
) -> dict[str, Known]:
    """Per name the instant and identity of the fact that counts: the earliest of its kind."""
    return {name: known for name, (known, _) in counting(reader, kind, names, gone).items()}


def counting(
    reader: LogReader, kind: str, names: set[str], gone: Collection[int] = frozenset()
) -> dict[str, tuple[Known, Recorded]]:
    """Per name the fact that counts, with its instant and identity: the earliest of its kind.

    Instants come from the index; of several facts at one earliest instant the events are told
    apart by content.
    """
    first: dict[str, list[tuple[Instant, int]]] = {}
    for name, at, position in reader.located(kind, names):
        if position in gone:
            continue
        held = first.setdefault(name, [(at, position)])
        if at < held[0][0]:
            first[name] = [(at, position)]
        elif at == held[0][0] and position != held[0][1]:
            held.append((at, position))
    positions = {position: name for name, held in first.items() for _, position in held}
    known: dict[str, tuple[Known, Recorded]] = {}
    for recorded in read_positions(reader.connection, positions):
        own = (recorded.at, identity_of(recorded.event))
        name = positions[recorded.position]
        if name not in known or own < known[name][0]:
            known[name] = (own, recorded)
    return known


def feeds_of(
    reader: LogReader, keys: Iterable[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """Of (store, basis) pairs, each source that has ever reported GMV for it."""
    names = {f"{store}/{basis}": (store, basis) for store, basis in keys}
    for name, detail in reader.details("feed", names):
        yield names[name], detail
