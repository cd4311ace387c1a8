"""What a program declares about itself. Nothing outside its folder names a program.

A folder of `ledger/programs` that contains a `program.py` with a `PROGRAM` is a program: every
command works on it. What is the same for most programs has a default here.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from ledger.accounting.chart import Account
from ledger.aggregates.base import Fact, Recorded
from ledger.aggregates.judge import Surprise
from ledger.kernel.errors import BadTerms, NoLines
from ledger.kernel.instants import Instant
from ledger.kernel.money import Money
from ledger.kernel.period import Span
from ledger.programs.chart import Chart, no_chart, no_charts
from ledger.programs.contract import (
    Asked,
    OfOrders,
    OrderProgram,
    Reader,
    Rule,
)
from ledger.programs.edition import Edition
from ledger.programs.line import Line
from ledger.programs.periods import WHOLE_TERM, Periods, month_of
from ledger.programs.variants import Variant

Role = Literal["own", "agent", "bookkeeper"]
"""The platform's part in a line of money: it is the payer itself (own); it takes the amount from
the payer and passes it on, without income or expense (agent); or payer and payee settle between
themselves, and the platform only keeps the book (bookkeeper)."""
Judged = Iterator[tuple[Recorded, Surprise]]
Names = Mapping[str, Collection[str]]


class Posts(NamedTuple):
    """Where lines of a kind are booked.

    `own`: the account on the platform's side, `Income` or `Expenses`, with its name; amounts due
    to a payee debit it. `agent` and `bookkeeper`: the name alone; it is Income in the payee's
    book, Expenses in the payer's, and not in the platform's.
    """

    role: Role
    name: str
    class_: str = ""

    def account(self, program: str) -> Account:
        """The platform's account for a line of its own."""
        return Account(self.class_, self.name, program)


def income(name: str) -> Posts:
    """The platform earns on lines of this kind: amounts are negative, the payee owes them."""
    return Posts("own", name, "Income")


def expense(name: str) -> Posts:
    """The platform spends on lines of this kind."""
    return Posts("own", name, "Expenses")


def agency(name: str) -> Posts:
    """The platform passes lines of this kind on from payer to payee."""
    return Posts("agent", name)


def between(name: str) -> Posts:
    """Payer and payee settle lines of this kind between themselves."""
    return Posts("bookkeeper", name)


class Pot(NamedTuple):
    """Money that the platform holds for a party, over all months and editions of the rules.

    Its balance follows from sums: facts move some (`Fact.holds`), issued lines others. Payment is
    by facts: statements of such lines are not paid, and nothing is carried over between them.
    """

    name: str
    """As facts name it."""
    party: str
    """The kind of party that it is held for, such as `store`; others' statements have no pot."""
    lines: Mapping[str, tuple[str, Literal[1, -1]]]
    """By kind of line, the sum that its amount is added to or (-1) taken from."""
    accounts: Callable[[str, Mapping[str, int]], dict[Account, int]]
    """The accounts of a party from its sums, debit-positive, without the other side of a movement
    (the account of a line's kind, or the means of payment)."""
    stands: Callable[[Reader, Edition, Collection[str], Instant], dict[str, dict[str, Money]]]
    """The figures that statements show of each party's pot right after an instant, such as its
    `balance` and what is `uncovered`; none for a party where they are not known."""


class Judging(NamedTuple):
    """Facts that a program's terms judge: acts that happened, whether allowed or not."""

    facts: tuple[type[Fact], ...]
    judge: Callable[[Reader, Edition, Sequence[Recorded]], Judged]
    """The exceptions among a set of these facts under one edition, at a reader's clocks."""
    listed: str
    """The index kind of these facts."""
    touches: Callable[[Reader, Edition, Names], Iterable[str]] | None = None
    """The streams whose judgements may depend on changed streams, given as names by kind. Called
    before and after the change. Streams of facts that name a changed thing are found without it,
    by the thing's `named_by`."""
    about: Callable[[Reader, Edition, Sequence[Recorded]], Iterable[Recorded]] | None = None
    """The facts that concern an edition, all without it; the others do not affect its closes."""


class OwnReport(NamedTuple):
    """A report that a program adds to the built-in ones, worked out at a reader's clocks."""

    about: str
    rows: Callable[[Reader, Edition], list[dict[str, Any]]]


class Figures(NamedTuple):
    """Columns that a program adds to a built-in report, worked out at a reader's clocks.

    Numbers of several editions are added up; for texts the first is taken.
    """

    columns: tuple[str, ...]
    of: Callable[[Reader, Edition, Collection[str]], Iterable[tuple[str, dict[str, Any]]]]
    """The columns' values by name of the report's key, for those that the edition knows."""


def _the_store(reader: Reader, edition: Edition, store: str) -> list[str]:
    return [store]


def _whole(rest: str) -> tuple[str | None, str]:
    return None, rest


def _nowhere(edition: Edition) -> tuple[str, ...]:
    return ()


def of_no_store(reader: Any, edition: Edition, store: str) -> list[str]:
    """For programs whose lines are not about stores."""
    return []


def covers(what: str) -> Callable[[Edition], tuple[str, ...]]:
    """The scope of editions that differ by their days only: facts name no program, so that two
    editions for the same day would both apply to them."""

    def scope(edition: Edition) -> tuple[str, ...]:
        return (what,)

    return scope


def _never(reader: Any, edition: Edition) -> tuple[str | None, ...]:
    return ()


def once(reader: Any, edition: Edition) -> tuple[None]:
    """For a program that has obligations and settles its term as a whole."""
    return (None,)


@dataclass(frozen=True, kw_only=True)
class Program:
    """A program: the versions of its rule, its periods, its accounts, the facts it judges."""

    versions: Mapping[int, Rule]
    """Every version of the rule function that ever shipped; none is ever changed."""
    checked: Callable[[Edition, int], Edition]
    """The edition, complete, as it may be published under a version; raises `BadTerms`."""
    accounts: Mapping[str, Posts]
    """Where lines with money are booked, by kind. Decisions have no account."""
    subject: str
    """What a subject is called, such as `store`."""
    absent: Callable[[Edition, str | None], str]
    """Why a subject has no line in a period, as the end of a sentence."""
    variants: Callable[[Edition], Iterator[Variant]]
    """How the platform may have calculated differently, in the contract's order."""
    periods: Periods = WHOLE_TERM
    """How it settles: as a whole, or month by month."""
    subject_of: Callable[[str], tuple[str | None, str]] = _whole
    """Period and subject of a line id, given without its program."""
    subjects_of_store: Callable[[Any, Edition, str], list[str]] = _the_store
    """The subjects whose lines are about a store, for files that name stores."""
    dealt: Callable[[Any, Asked], Iterable[tuple[str, str]]] | None = None
    """Every subject that a run without subjects may have a line of, and a name to deal it by, such
    as its payee: runs of many subjects are worked out in parts, and subjects of one name stay
    together. What a rule reads of other subjects it reads from the log, so that the lines are the
    same for all parts. None: all subjects are worked out together, as a single part."""
    scope: Callable[[Edition], tuple[str, ...]] = _nowhere
    """What an edition covers, to see whether two editions of the same days overlap."""
    markets: Callable[[Edition], Collection[str] | None] = lambda edition: None
    """For a program that settles by order: the markets whose stores an edition covers, by the
    onboarding that counts; None for all. Stores onboarded elsewhere do not concern it."""
    keyed: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """The key fields of parameters that are tables of rows. A row without a field applies to every
    value of it; a row with the field takes precedence, the first field first. A later version may
    add rows for cases that had none when a period was closed."""
    dated: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    """For such parameters with dated rows: the fields of the first and the last day, both
    included; a row without one is open on that side. A later version may then also add rows for
    days that had none."""
    lines: bool = True
    """Whether anything is decided under it. A program without lines only judges reported acts:
    its editions have nothing to settle and cannot be closed."""
    pot: Pot | None = None
    """For a program that holds money for its parties."""
    obliges: Callable[[Any, Edition], Iterable[str | None]] = _never
    """The periods in which a run may find obligations: months, or None for the whole term."""
    reports: Mapping[str, OwnReport] = field(default_factory=dict)
    """Reports of its own, by name."""
    came_later: Mapping[str, str] = field(default_factory=dict)
    """Parameters added later, each with the reason for its default: a version recorded before
    gives the same results, keeps its digest and lists them among its assumptions."""
    figures: Mapping[str, Figures] = field(default_factory=dict)
    """Columns that it adds to built-in reports, by the name of the report."""
    charts: Callable[[Sequence[Line]], Iterator[Chart]] = no_charts
    """What its lines look like, from their explanations."""
    charts_of_line: Callable[[Line], Iterator[Chart]] = no_chart
    """What one line looks like, from its explanation."""
    judges: tuple[Judging, ...] = ()
    """Facts that the terms judge."""
    waiting: Callable[[Any, Asked], Iterable[Recorded]] = lambda reader, asked: ()
    """Facts inside the period, other than judged ones, that no line depends on but that must be
    reviewed. Any exception among them blocks the close."""
    orders: OrderProgram | None = None
    """For a program that settles by order."""
    asks_of_orders: Callable[[Edition], frozenset[OfOrders]] = lambda edition: frozenset()
    """How an edition's lines depend on archived orders."""

    @property
    def days_of(self) -> Callable[[Edition, str | None], Span]:
        """The days that a run covers; raises `WrongPeriod`."""
        return self.periods.days_of

    @property
    def settles_until(self) -> Callable[[Edition, str | None], Instant]:
        """The instant from which a run is no longer provisional; raises `WrongPeriod`."""
        return self.periods.settles_until

    def check(self, edition: Edition) -> Edition:
        """The edition as it may be published. Raises `BadTerms` naming what is wrong."""
        version = edition.rules_version
        if version is not None and version not in self.versions:
            raise BadTerms(
                f"{edition.program}: rules_version: found {version}, "
                f"expected one of {', '.join(map(str, self.versions))}.",
                "Leave it out for the newest one.",
            )
        return self.checked(edition, max(self.versions))

    def assumptions(self, edition: Edition) -> list[dict[str, str]]:
        """The assumptions and their reasons: the version's own, then those of later parameters."""
        named = {*edition.terms, *edition.assumed}
        later = {name: why for name, why in self.came_later.items() if name not in named}
        more = [{"parameter": name, "because": why} for name, why in later.items()]
        return edition.assumptions() + more

    def refuse_without_lines(self, edition: Edition) -> None:
        """Raises `NoLines` for an edition that has none."""
        if not self.lines:
            raise NoLines(
                f"{edition.program} has no lines: its terms judge reported acts, and nothing is "
                "due or decided under them, so there is nothing to close or to compare.",
                "See what does not fit: duebook report exceptions",
            )

    def provisional(self, edition: Edition, period: str | None, as_of: Instant) -> bool:
        """Whether a term or window that the rules wait for is still open; a run over all months of
        an edition together is always provisional."""
        all_months = self.periods.by_month and period is None
        return all_months or as_of < self.settles_until(edition, period)

    def no_line(self, edition: Edition, period: str | None, subject: str) -> tuple[str, str]:
        """A sentence for a subject without a line, and what to do."""
        when = f" in {period}" if period else ""
        month = f" {period or month_of(edition.first)}" if self.periods.by_month else ""
        return (
            f"{edition.program} has no line for the {self.subject} {subject!r}{when}: "
            f"{self.absent(edition, period)}.",
            f"List the lines: duebook settle {edition.program}{month}",
        )
