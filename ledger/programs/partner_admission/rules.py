"""The admission of partners: one decision per application, in the month in which it was made.

Map: each application is decided from what it states and what is known of the applicant; there is
no reduce step. Source: seed 000.
"""

from ledger.kernel.decision import Step, not_met
from ledger.programs.contract import Answer, Asked, Reader, in_chunks
from ledger.programs.decisions import other_reports, told
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Line
from ledger.programs.partner_admission.gather import Decided, decided, terms_of
from ledger.programs.periods import month_asked, month_or_all


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every application made on a day of the run.

    With subjects, ids of applications, only theirs; for a single one, without a period, the
    answer names its month.
    """
    edition, subjects = asked.edition, asked.subjects
    terms = terms_of(reader, edition, asked.assume)
    window = month_or_all(edition, asked.period).window
    if subjects is None:
        subjects = frozenset(name for name, _ in reader.names("partner-applies", *window))
    decisions = [
        application
        for chunk in in_chunks(subjects)
        for application in decided(reader, chunk, window, terms)
    ]
    instants = [decided.at for decided in decisions]
    month = month_asked(asked.period, asked.subjects, instants, edition.zone)
    return Answer(sorted(_line(decided, edition) for decided in decisions), period=month)


def _line(decided: Decided, edition: Edition) -> Line:
    case, decision = decided.case, decided.decision
    partner = f"partner:{case.report.event.partner}"
    tree = Step(
        f"admission of {partner}: {decision.outcome}",
        required="every condition that is asked",
        observed=not_met(decision.unmet, decision.held_for) or told(case.report, edition),
        events=(case.report.position,),
        parts=(*decided.conditions, *other_reports(case.report, case.state.reports)),
    )
    return Line(
        f"{edition.program}/{case.state.application}",
        "admission",
        PLATFORM,
        partner,
        f"application:{case.state.application}",
        decision.outcome,
        None,
        decision.unmet,
        decision.held_for,
        tree,
    )
