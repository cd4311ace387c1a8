"""The admission of partners as a program."""

from collections.abc import Iterator

from ledger.aggregates.application import (
    ApplicationSupplemented,
    PartnerApplied,
    RiskRecordFound,
)
from ledger.aggregates.partner import PartnerCertified
from ledger.kernel.period import in_days
from ledger.programs.contract import Asked, Reader
from ledger.programs.edition import Edition
from ledger.programs.partner_admission import exceptions
from ledger.programs.partner_admission.gather import admitted_since
from ledger.programs.partner_admission.parameters import checked
from ledger.programs.partner_admission.rules import settle_v1
from ledger.programs.partner_admission.variants import of
from ledger.programs.periods import MONTH_OR_ALL, month_or_all
from ledger.programs.program import Figures, Judging, Program, covers, of_no_store


def _not_made(edition: Edition, period: str | None) -> str:
    days = month_or_all(edition, period)
    return f"no partner made it {in_days(days)}"


def _made(reader: Reader, asked: Asked) -> Iterator[tuple[str, str]]:
    """Each application by itself."""
    window = month_or_all(asked.edition, asked.period).window
    return ((name, name) for name, _ in reader.names("partner-applies", *window))


PROGRAM = Program(
    versions={1: settle_v1},
    checked=checked,
    accounts={},
    subject="application",
    dealt=_made,
    absent=_not_made,
    periods=MONTH_OR_ALL,
    subjects_of_store=of_no_store,
    scope=covers("all applications"),
    variants=of,
    figures={"partners": Figures(("admitted_since",), admitted_since)},
    judges=(
        Judging(
            facts=(PartnerApplied,),
            judge=exceptions.judge_applications,
            listed="partner-applies",
            touches=exceptions.streams_touched,
        ),
        Judging((RiskRecordFound,), exceptions.judge_records, "risk"),
        Judging((PartnerCertified,), exceptions.judge_certifications, "certified"),
        Judging((ApplicationSupplemented,), exceptions.judge_supplements, "supplements"),
    ),
)
