"""Partners' agreements as a program."""

from collections.abc import Iterable, Iterator

from ledger.aggregates.agreement import PARTNER_OF, AgreementSigned
from ledger.aggregates.base import Recorded
from ledger.kernel.instants import EARLIEST
from ledger.programs.contract import Asked, OfOrders, Reader
from ledger.programs.edition import Edition
from ledger.programs.periods import BY_MONTH, MONTH, month
from ledger.programs.program import Judging, Program, agency, between, covers, expense
from ledger.programs.service_agreement import exceptions
from ledger.programs.service_agreement.gather import STREAM, all_names, names_under
from ledger.programs.service_agreement.parameters import (
    COMMISSION_SPLIT,
    FLAT_FEE,
    GMV_SHARE,
    INCENTIVE,
    KINDS,
    checked,
)
from ledger.programs.service_agreement.rules import settle_v1
from ledger.programs.service_agreement.variants import of


def _month_and_subject(rest: str) -> tuple[str | None, str]:
    """A line is named `PROGRAM/2026-05/AGREEMENT/KIND`. The subject of a grant's line keeps its
    kind, as a grant may have the same id as an agreement."""
    period, slash, named = rest.partition("/")
    if not (slash and MONTH.fullmatch(period)):
        period, named = "", rest
    subject, _, kind = named.rpartition("/")
    if kind in KINDS and subject and kind != INCENTIVE:
        named = subject
    return period or None, named


def _of_month(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each agreement by its creator, whose commissions it shares, or else by itself; each grant by
    its partner."""
    until = reader.clocks.as_of + 1
    by_creator = {
        stream.removeprefix(STREAM): creator
        for creator, stream in reader.names("agreement-creator", EARLIEST, until)
    }
    for name in all_names(reader):
        yield name, by_creator.get(name, name)
    for partner, stream in reader.names(PARTNER_OF, *month(asked.edition, asked.period).window):
        kind, _, name = stream.partition(":")
        if kind == "grant":
            yield f"{name}/{INCENTIVE}", partner


def _with_store(reader: Reader, edition: Edition, store: str) -> list[str]:
    """The agreements that name the store."""
    return sorted(names_under(reader, "agreement-store", [store]))


def _ended(reader: Reader, asked: Asked) -> Iterable[Recorded]:
    """The ends of the month: an end of an unreported agreement waits for its report."""
    window = month(asked.edition, asked.period).window
    return reader.at_positions(reader.within("agreement-ended", window))


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={
        FLAT_FEE: between("ServiceFee"),
        GMV_SHARE: between("ServiceFee"),
        COMMISSION_SPLIT: agency("AgencyShare"),
        INCENTIVE: expense("Incentive"),
    },
    subject="agreement",
    dealt=_of_month,
    absent=lambda edition, period: "it is not in force then, or nobody has reported it",
    periods=BY_MONTH,
    subject_of=_month_and_subject,
    subjects_of_store=_with_store,
    scope=covers("all agreements"),
    variants=of,
    judges=(
        Judging(
            facts=(AgreementSigned,),
            judge=exceptions.judge_agreements,
            listed="agreement",
            touches=exceptions.streams_touched,
        ),
    ),
    waiting=_ended,
    # each agreement may name its own basis of GMV
    asks_of_orders=lambda edition: frozenset({OfOrders.GMV}),
)
