"""Which links the published terms let into a live cart, by date, media, link and category.

Source: seed 004, the platform's notice of 26 August 2020 and the chronology at its end.
"""

from ledger.aggregates.judge import Access
from ledger.kernel.instants import Instant, day_of
from ledger.programs.edition import Edition
from ledger.programs.star_map.parameters import parameters_of


class Gate:
    """One edition's terms, asked about one listed link after another."""

    def __init__(self, edition: Edition) -> None:
        self._edition = edition
        self._parameters = parameters_of(edition)

    def asks(self, at: Instant, media: str, link: str, category: str) -> Access | None:
        """What the row in force asks of a link; None where it asks nothing, or there is none.

        An edition speaks of the days from its start to its end only.
        """
        edition = self._edition
        if at not in edition.window:
            return None
        day = day_of(at, edition.zone)
        row = self._parameters.entrance(media, link, day, category)
        if row is None or row.access == "open":
            return None
        clause = edition.cite.get("access") or f"access from {row.first}"
        return Access(edition.program, row.access == "task", row.first.isoformat(), clause)
