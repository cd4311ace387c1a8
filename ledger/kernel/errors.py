"""Every refusal, one class each, with its facts as fields and the next step as a hint.

A refusal is an exception because the person asked for something that may not be done. Rows of
a file that cannot be used are not exceptions but values (`ledger.intake.rejection`), gathered
and shown together. Only the command line maps refusals to exit codes, by `kind`.
"""

from typing import ClassVar, Literal

Kind = Literal["refused", "conflict", "broken", "usage"]


class Refusal(Exception):
    """Something that may not be done, with its facts and what to do instead."""

    kind: ClassVar[Kind] = "refused"
    several_lines: ClassVar[bool] = False
    """Whether the sentence has several lines; every text in it has been made visible already."""
    hint: str = ""

    def __init__(self, sentence: str, hint: str = "", **facts: object) -> None:
        super().__init__(sentence)
        self.sentence = sentence
        self.hint = hint or type(self).hint
        self.facts = facts

    @property
    def code(self) -> str:
        """The stable name of the refusal, for scripts: the class name in snake case."""
        name = type(self).__name__
        return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).lstrip("_")


class BadAmount(Refusal):
    """An amount that is not an exact decimal of its currency."""

    kind = "usage"


class UnknownCurrency(Refusal):
    """A currency code that ISO 4217 does not list, or a commodity nobody declared."""

    kind = "usage"


class MixedCurrencies(Refusal):
    """Amounts of two currencies in one sum. They are never added; they are converted first."""


class BadInstant(Refusal):
    """A text that is not an instant with a zone, or not a date."""

    kind: ClassVar[Kind] = "usage"


class InFuture(BadInstant):
    """An instant still to come, where something is decided."""

    kind = "refused"


class NoZone(BadInstant):
    """An instant without an offset: it could be any of two dozen moments."""


class BookMissing(Refusal):
    """No book where one is needed."""


class BookExists(Refusal):
    """A book is already there; nothing is ever overwritten."""


class ForeignBook(Refusal):
    """The file or database is there but is not a book."""


class NewerBook(Refusal):
    """The book was written by a newer version of duebook."""


class OlderBook(Refusal):
    """A book of an older version, opened by somebody who may not bring it up to date."""


class BookLocked(Refusal):
    """Somebody else holds the write lock for too long."""

    kind = "conflict"


class ServerLost(Refusal):
    """A database server that went away; `known`: it is certain that nothing was recorded."""

    hint = "Run the same command again: what is recorded is not recorded twice."

    def __init__(self, said: str, *, known: bool = True) -> None:
        became = "Nothing was recorded" if known else "Whether it was recorded is not known"
        super().__init__(f"The database server went away: {said}. {became}.")
        self.said, self.known = said, known


class ReadOnlyBook(Refusal):
    """A write to a book that may only be read."""


class RightMissing(Refusal):
    """Something that the database server's role may not do."""


class ClockDoubted(Refusal):
    """A write by a clock that lies far from the last event, or from the server's."""

    hint = (
        "Nothing was recorded. Set the clock right; if it is right, say why: "
        "--clock-is-right --reason TEXT."
    )


class FollowerAhead(Refusal):
    """A follower has seen positions that the book does not have: another book, or an old copy."""

    hint = (
        "Run `duebook verify` with your last receipt. If the book was restored, build the follower"
        " anew; if it is another book, give that a name of its own."
    )


class ConcurrentWrite(Refusal):
    """Somebody else wrote between our read and our write; safe to repeat."""

    kind = "conflict"
    hint = "Run the same command again: what is already recorded is recognised."


class LogBroken(Refusal):
    """The log, one of its indexes, or a receipt fails verification."""

    kind = "broken"
    hint = "Run `duebook verify` for the place, and restore the book from a backup."


class UndecodableEvent(LogBroken):
    """A stored event whose bytes do not read back as an event of its topic."""


class UnknownProgram(Refusal):
    """No edition of that id is published at the known-at of the run."""

    kind = "usage"


class UnknownTopic(LogBroken):
    """A stored topic that this version of duebook does not know."""


class BadTerms(Refusal):
    """A terms file that cannot be published."""


class TermsConflict(Refusal):
    """The same publisher's version exists with other content, or editions overlap."""


class NoSuchEvent(Refusal):
    """A position at which the book holds nothing that can be withdrawn."""


class NoSuchPosition(NoSuchEvent):
    """A position that the log does not have."""

    kind = "usage"


class AlreadyWithdrawn(Refusal):
    """The fact at that position was withdrawn before."""


class NoSuchLine(Refusal):
    """A line id that the settlement does not have."""

    kind = "usage"


class NoSuchStream(Refusal):
    """A stream that the book does not have."""

    kind = "usage"


class NoSuchReport(Refusal):
    """A report or view of a name that does not exist."""

    kind = "usage"


class BadQuery(Refusal):
    """A query that is not one read-only statement, or that the database refused."""


class NoSuchColumn(BadQuery):
    """A column that a report does not have."""

    kind = "usage"


class BadKnownAt(Refusal):
    """A known-at that the book has not reached or that precedes its first event."""

    kind = "usage"


class MissingFile(Refusal):
    """A file that was named and cannot be read."""


class MissingExtra(Refusal):
    """An answer that needs a library which is installed on request alone."""

    kind = "usage"


class OutputRefused(Refusal):
    """An output path that is the book itself, an input, another output, or not a file."""


class OutputExists(Refusal):
    """An output file that already exists."""

    hint = "Nothing was done. Name another file, or replace this one with --overwrite."


class WorkerLost(Refusal):
    """A process that worked a part of a run out has ended before it was done."""

    hint = "Nothing was recorded. Where memory is short, run it again with fewer --jobs."


class WrongPeriod(Refusal):
    """A period for an edition that does not settle by month, or none for one that does."""

    kind = "usage"


class AlreadyClosed(Refusal):
    """A period that was closed before."""


class PeriodOpen(Refusal):
    """A period that cannot be closed yet: its term or a window of its rules is still open."""


class NoLines(Refusal):
    """A close of an edition that has no lines: its terms only judge what was reported."""


class LeftOpen(Refusal):
    """Held lines, or exceptions that concern the program, at a close."""

    several_lines = True


class NotClosed(Refusal):
    """A period that has to be closed first."""


class NoSuchStatement(Refusal):
    """A statement that was never issued."""

    kind = "usage"


class BadPayment(Refusal):
    """A payment that its statement cannot take."""


class NoSuchAccount(Refusal):
    """An account without any entry."""

    kind = "usage"


class NoSuchBreak(Refusal):
    """A break that no reconciliation of the book has found."""

    kind: ClassVar[Kind] = "usage"


class NothingKept(NoSuchBreak):
    """A break asked for of a period without any kept comparison."""

    kind = "refused"


class BadResolution(Refusal):
    """A break that cannot be resolved in that way."""


class NoOrders(Refusal):
    """Orders asked for of a program that does not settle by order."""
