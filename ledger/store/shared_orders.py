"""Order lines that several runs at the same clocks query, opened and checked once for all."""

from collections.abc import Mapping, Sequence
from typing import Any

from ledger.kernel.period import Window
from ledger.programs.order_questions import OrderQuestion
from ledger.store.order_lines import OrderLines, Session

Tables = Mapping[str, Mapping[str, list[object]]]
STORES_MAX = 5_000
"""The lines of up to this many stores are kept loaded; those of more are read again each time."""


class SharedSession:
    """One run's access to lines that others query too: each finds its own small tables."""

    def __init__(self, opened: "_Opened") -> None:
        self._opened = opened

    def ask(self, question: OrderQuestion | str, tables: Tables) -> list[tuple[Any, ...]]:
        """As `Session.ask`; the small tables of another run are dropped first."""
        if self._opened.owner is not self:
            self._opened.session.forget()
            self._opened.owner = self
        return self._opened.session.ask(question, tables)


class _Opened:
    """Lines that are open, and the run that queried them last."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self.owner: SharedSession | None = None


class SharedOrders:
    """The lines that runs at one pair of clocks have asked for, by window and stores."""

    def __init__(self) -> None:
        self._opened: dict[tuple[Window, tuple[str, ...]], _Opened] = {}

    def session(self, lines: OrderLines, window: Window, stores: Sequence[str]) -> SharedSession:
        """The lines of some stores created in the window."""
        key = (window, tuple(stores))
        if key not in self._opened:
            session = lines.session(window, stores)
            if len(stores) <= STORES_MAX:
                session.keep_at_hand()
            self._opened[key] = _Opened(session)
        return SharedSession(self._opened[key])
