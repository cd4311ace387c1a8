"""What a journal has to declare: its accounts and commodities, gathered while it is written.

Entries come once and in the order of the log, in which days may run backwards. So the first day
of an account is known only after the last entry, and a journal ends with its declarations: both
programs sort by day and read declarations anywhere in a file.
"""

from collections.abc import Callable, Iterator
from datetime import date
from operator import itemgetter

from ledger.accounting.chart import Account
from ledger.accounting.entry import Posting
from ledger.kernel.money import exponent
from projections.exporters.names import exported_name


class Declared:
    """The name and the first day of every account, the first day of every commodity."""

    def __init__(self, named: Callable[[Account], str] = exported_name) -> None:
        self._named = named
        self._names: dict[Account, str] = {}
        self._accounts: dict[Account, date] = {}
        self._commodities: dict[str, date] = {}

    def name(self, posting: Posting, day: date) -> str:
        """The name of a posting's account; notes the account and its commodity as used that day."""
        account, (_, commodity) = posting
        name = self._names.get(account)
        if name is None:
            name = self._names[account] = self._named(account)
            self._accounts[account] = day
        elif day < self._accounts[account]:
            self._accounts[account] = day
        first = self._commodities.get(commodity)
        if first is None or day < first:
            self._commodities[commodity] = day
        return name

    def accounts(self) -> Iterator[tuple[str, Account, date]]:
        """Every account that was used: its name, itself, and its first day; by name."""
        for account, name in sorted(self._names.items(), key=itemgetter(1)):
            yield name, account, self._accounts[account]

    def commodities(self) -> Iterator[tuple[str, int, date]]:
        """Every commodity that was used: its code, its decimals, and its first day; by code."""
        for code, day in sorted(self._commodities.items()):
            yield code, exponent(code), day
