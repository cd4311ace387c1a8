"""The admission of partners: one decision per application, in the month in which it was made.

Map: each application is decided from what is stated of it and known of who applied; nothing has
to be reduced. Source: seed 000.
"""

from ledger.kernel.decision import Step
from ledger.kernel.instants import day_of
from ledger.programs.contract import Answer, Asked, Reader, in_chunks
from ledger.programs.decisions import told
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Line
from ledger.programs.partner_admission.gather import Decided, decided, terms_of
from ledger.programs.periods import month_of, month_or_all


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every application that was made on a day of the run.

    With subjects, ids of applications, only theirs; of a single one, without a period, the
    answer names its month.
    """
    edition, subjects = asked.edition, asked.subjects
    terms = terms_of(reader, edition, asked.assume)
    window = month_or_all(edition, asked.period).window
    if subjects is None:
        subjects = frozenset(name for name, _ in reader.names("partner-applies", *window))
    found = [one for chunk in in_chunks(subjects) for one in decided(reader, chunk, window, terms)]
    month = asked.period
    if month is None and asked.subjects is not None and len(found) == 1:
        month = month_of(day_of(found[0].at, edition.zone))
    return Answer(sorted(_line(one, edition) for one in found), period=month)


def _line(one: Decided, edition: Edition) -> Line:
    case, decision = one.case, one.decision
    partner = f"partner:{case.report.event.partner}"
    tree = Step(
        f"admission of {partner}: {decision.outcome}",
        required="every condition that is asked",
        observed=", ".join(decision.unmet or decision.held_for) or told(case.report, edition),
        events=(case.report.position,),
        parts=(*one.conditions, *_others(one)),
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


def _others(one: Decided) -> tuple[Step, ...]:
    """Other reports of the application, which do not count."""
    report = one.case.report
    kin = [other for other in one.case.state.reports if type(other.event) is type(report.event)]
    others = sorted(other.position for other in kin if other.position != report.position)
    if not others:
        return ()
    label = "other reports of the application"
    return (Step(label, observed="do not count", events=tuple(others)),)
