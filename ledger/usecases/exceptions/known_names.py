"""The known names that facts are judged by: from the log's index, and from the call itself."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import Connection

from ledger.aggregates.base import LOOKS, Recorded
from ledger.aggregates.catalogue import THINGS
from ledger.aggregates.judge import Known, Mention, Surprise, identity_of, judge
from ledger.aggregates.things import STORE, Thing
from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.looks import look_of
from ledger.store.log import read_positions
from ledger.store.reader import LogReader
from ledger.store.schema import has_refs


class IndexDirectory:
    """Names looked up in advance, in few queries, at one pair of clocks.

    Facts at the positions `gone` are withdrawn by the call itself and introduce nothing.
    """

    def __init__(
        self, connection: Connection, clocks: Clocks, gone: Collection[int] = frozenset()
    ) -> None:
        self.reader = LogReader(connection, clocks)
        self.gone = gone
        self.held: dict[str, dict[str, Known]] = defaultdict(dict)
        """Per kind of thing and name, the report that counts."""
        self._looks: dict[str, set[str]] = defaultdict(set)
        """Per kind and look, the names that can be mistaken for each other."""

    def load(self, mentions: Iterable[Mention]) -> None:
        """Looks up every name that the mentions need."""
        names: dict[str, set[str]] = defaultdict(set)
        for said in mentions:
            if said.store is not None:
                names[STORE.word].add(said.store)
            for kind, name in said.names:
                names[kind].add(name)
            if said.introduces is not None:
                names[said.introduces[0]].add(said.introduces[1])
        for kind, kind_names in names.items():
            self.load_names(THINGS[kind], kind_names)
        self.load_looks(said.introduces for said in mentions if said.introduces)

    def load_looks(self, introduced: Iterable[tuple[str, str]]) -> None:
        """Looks up what may be mistaken for something that is introduced. In a book of one script
        that is a single query, which finds nothing."""
        named = list(introduced)
        plain: dict[str, set[str]] = defaultdict(set)
        for kind, name in named:
            if not name.isascii() and (look := look_of(name)) != name:
                plain[kind].add(look)
        for kind, names in plain.items():
            self.load_names(THINGS[kind], names - set(self.held[kind]))
        if named and has_refs(self.reader.connection, LOOKS):
            looks = {f"{kind}/{look_of(name)}" for kind, name in named}
            for look, name in self.reader.details(LOOKS, looks):
                self._looks[look].add(name)

    def load_names(self, thing: Thing, names: Collection[str]) -> None:
        """Looks up names of one kind in the index of the log."""
        reader = self._timeless() if thing.timeless else self.reader
        if thing.twice:
            self.held[thing.word] |= earliest(reader, thing.listed, set(names), self.gone)
            return
        held = self.held[thing.word]
        for name, at, position in reader.located(thing.listed, set(names)):
            if position not in self.gone:
                held[name] = min(held.get(name, (at, b"")), (at, b""))

    def _timeless(self) -> LogReader:
        """A reader without as-of: publishing is a decision, in force from its position on."""
        return LogReader(self.reader.connection, self.reader.clocks._replace(as_of=FOREVER))

    def add(self, said: Mention) -> None:
        """Adds what a fact of the call introduces."""
        assert said.introduces is not None
        kind, name = said.introduces
        own = (said.at, said.identity)
        self.held[kind][name] = min(self.held[kind].get(name, own), own)
        look = look_of(name)
        if look != name:
            self._looks[f"{kind}/{look}"].add(name)

    def alike(self, kind: str, name: str) -> str | None:
        """The first, by name, of the known names that look the same; None for none."""
        look = look_of(name)
        if not self._looks and look == name:
            return None
        lookalikes = set(self._looks.get(f"{kind}/{look}", ()))
        if look in self.held[kind]:
            lookalikes.add(look)
        return min(lookalikes - {name}, default=None)

    def known(self, kind: str, name: str) -> Known | None:
        """The report of a thing that counts; None where nobody reported it."""
        return self.held[kind].get(name)

    def judge(self, said: Mention) -> list[Surprise]:
        """Everything about a fact that does not fit what is known."""
        return judge(said, self, THINGS)


def earliest(
    reader: LogReader, kind: str, names: set[str], gone: Collection[int] = frozenset()
) -> dict[str, Known]:
    """Per name the instant and identity of the fact that counts: the earliest of its kind.

    Instants come from the index; several facts at the earliest instant are distinguished by the
    content of their events.
    """
    first: dict[str, list[tuple[int, int]]] = {}
    for name, at, position in reader.located(kind, names):
        if position in gone:
            continue
        held = first.setdefault(name, [(at, position)])
        if at < held[0][0]:
            first[name] = [(at, position)]
        elif at == held[0][0] and position != held[0][1]:
            held.append((at, position))
    positions = {position: name for name, held in first.items() for _, position in held}
    known: dict[str, Known] = {}
    for recorded in read_positions(reader.connection, positions):
        own = _known(recorded)
        name = positions[recorded.position]
        known[name] = min(known.get(name, own), own)
    return known


def _known(recorded: Recorded) -> Known:
    return recorded.at, identity_of(recorded.event)


def feeds_of(
    reader: LogReader, keys: Iterable[tuple[str, str]]
) -> Iterator[tuple[tuple[str, str], str]]:
    """For each (store, basis) pair, every source that has ever reported GMV for it."""
    names = {f"{store}/{basis}": (store, basis) for store, basis in keys}
    for name, detail in reader.details("feed", names):
        yield names[name], detail
