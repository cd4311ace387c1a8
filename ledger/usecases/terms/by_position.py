"""What was published by each position of the log: zones, and which edition holds a pot."""

from sqlalchemy import Connection

from ledger.aggregates.base import Recorded
from ledger.kernel.instants import DEFAULT_ZONE, Instant
from ledger.programs.edition import Edition
from ledger.programs.registry import program_of
from ledger.usecases.terms.editions import published


class TermsByPosition:
    """Every version of every edition that was published up to a position, read once."""

    def __init__(self, connection: Connection, until: int) -> None:
        self._versions: dict[str, list[Recorded]] = {}
        for fact in published(connection, until):
            self._versions.setdefault(fact.event.program, []).append(fact)
        self._begun: dict[int, Instant] = {}

    def zone_of(self, program: str, position: int) -> str:
        """The zone of a program's terms at a position; before its first terms, the default."""
        version = self._at(program, position)
        return version.event.edition["zone"] if version else DEFAULT_ZONE

    def holder(self, pot: str, at: Instant, position: int) -> str | None:
        """The program through which a fact of that instant moves a pot: the last to have begun;
        None before the first."""
        begun = [
            (begins, program)
            for program in self._versions
            if (version := self._at(program, position)) and pot == _pot(version)
            if (begins := self._begins(version)) <= at
        ]
        return max(begun)[1] if begun else None

    def changing(self, after: int) -> list[tuple[Recorded, str]]:
        """Terms published after a position for programs that hold a pot, each with its pot."""
        return [
            (version, pot)
            for versions in self._versions.values()
            for version in versions
            if version.position > after and (pot := _pot(version))
        ]

    def _begins(self, version: Recorded) -> Instant:
        if version.position not in self._begun:
            edition = Edition.from_data(version.event.edition, version.event.program)
            self._begun[version.position] = edition.window.start
        return self._begun[version.position]

    def _at(self, program: str, position: int) -> Recorded | None:
        known = [fact for fact in self._versions.get(program, ()) if fact.position <= position]
        return known[-1] if known else None


def _pot(version: Recorded) -> str | None:
    pot = program_of(version.event.edition["rules"]).pot
    return pot.name if pot else None
