"""The admission of shops: one decision per application, in the month in which it was made.

Map: each application is decided from what it states; there is no reduce step.
Source: seed 004.
"""

from collections.abc import Iterable, Iterator, Sequence

from ledger.aggregates.application import ShopApplied
from ledger.aggregates.application_state import ApplicationState
from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step, not_met
from ledger.kernel.period import Window
from ledger.programs.contract import Answer, Asked, Reader, in_chunks
from ledger.programs.decisions import decide, other_reports, reported_twice, told
from ledger.programs.edition import Edition
from ledger.programs.line import PLATFORM, Line
from ledger.programs.periods import month_asked, month_or_all
from ledger.programs.program import Judged
from ledger.programs.shop_admission.conditions import Case, Terms, judge
from ledger.programs.shop_admission.parameters import HELD, parameters_of


def settle_v1(reader: Reader, asked: Asked) -> Answer:
    """One line for every application made on a day of the run.

    With subjects, ids of applications, only theirs; for a single one, without a period, the
    answer names its month.
    """
    edition, subjects = asked.edition, asked.subjects
    terms = Terms(edition, parameters_of(edition), asked.assume)
    window = month_or_all(edition, asked.period).window
    if subjects is None:
        subjects = frozenset(name for name, _ in reader.names("shop-applies", *window))
    cases = list(_cases(reader, subjects, window, terms))
    instants = [case.report.at for case in cases]
    month = month_asked(asked.period, asked.subjects, instants, edition.zone)
    return Answer(sorted(_line(case, terms) for case in cases), period=month)


def _cases(reader: Reader, names: Iterable[str], window: Window, terms: Terms) -> Iterator[Case]:
    """The applications of these ids whose report that counts is in the window."""
    for chunk in in_chunks(names):
        for state in reader.states("application", chunk, ApplicationState).values():
            report = state.report(ShopApplied)
            if report is not None and report.at in window:
                yield Case.of(state, report, terms)


def _line(case: Case, terms: Terms) -> Line:
    edition, conditions = terms.edition, judge(case, terms)
    decision = decide(conditions, HELD)
    merchant = f"merchant:{case.report.event.merchant}"
    why = not_met(decision.unmet, decision.held_for)
    tree = Step(
        f"admission of a shop of {merchant}: {decision.outcome}",
        required="every condition that is asked",
        observed=why or told(case.report, edition),
        events=(case.report.position,),
        parts=(*conditions, *other_reports(case.report, case.state.reports)),
    )
    return Line(
        f"{edition.program}/{case.state.application}",
        "admission",
        PLATFORM,
        merchant,
        f"application:{case.state.application}",
        decision.outcome,
        None,
        decision.unmet,
        decision.held_for,
        tree,
    )


def judge_applications(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """An application must be reported once. An edition judges acts up to its end."""
    mine = [fact for fact in facts if fact.at < edition.window.end]
    names = {fact.event.application for fact in mine}
    states = reader.states("application", names, ApplicationState) if names else {}
    for fact in mine:
        name = fact.event.application
        counts = states[name].report(ShopApplied)
        assert counts is not None, "this fact reports it itself"
        if counts.position != fact.position:
            yield fact, reported_twice(fact, counts, name, edition)
