"""Exceptions around an admission: applications reported twice or unknown, acts too early or late.

Each is judged at the clocks, so that a late or withdrawn fact makes an exception appear or go. An
edition judges acts up to its end, and the applications that it decides. Source: seed 000.
"""

from collections.abc import Collection, Iterator, Sequence

from ledger.aggregates.application import PartnerApplied
from ledger.aggregates.application_state import ApplicationState
from ledger.aggregates.base import Recorded
from ledger.aggregates.judge import Surprise
from ledger.kernel.instants import local
from ledger.programs.contract import Reader
from ledger.programs.decisions import reported_twice
from ledger.programs.edition import Edition
from ledger.programs.partner_admission.gather import Decided, applications_of, before
from ledger.programs.program import Judged, Names


def judge_applications(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """An application must be reported once, by a partner that is not admitted already. A second
    report is not judged any further."""
    mine = _until_end(edition, facts)
    states = _states(reader, {fact.event.application for fact in mine})
    of_partner = applications_of(reader, edition, {fact.event.partner for fact in mine})
    for fact in mine:
        name, partner = fact.event.application, fact.event.partner
        counts = states[name].report(PartnerApplied)
        assert counts is not None, "this fact reports it itself"
        if counts.position != fact.position:
            yield fact, reported_twice(fact, counts, name, edition)
            continue
        earlier = [
            other for other in of_partner.get(partner, []) if before(other.case.report, fact)
        ]
        admitted = next((other for other in earlier if other.stands_admitted(fact.at)), None)
        if admitted:
            yield (
                fact,
                _surprise(
                    edition,
                    "applied_while_admitted",
                    f"partner {partner} applies as {name} but has been admitted since "
                    f"{_since(admitted)}.",
                    "Withdraw the application, or record the PartnerTerminated that it lacks.",
                    name,
                ),
            )


def judge_records(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """A risk record dated after an application does not undo its admission but must be reviewed,
    unless the partner was terminated by the time it was reported."""
    mine = _until_end(edition, facts)
    of_partner = applications_of(reader, edition, {fact.event.partner for fact in mine})
    for fact in mine:
        partner, on = fact.event.partner, fact.event.on
        admitted = next(
            (
                other
                for other in of_partner.get(partner, [])
                if on > other.case.day and other.stands_admitted(fact.at)
            ),
            None,
        )
        if admitted:
            yield (
                fact,
                _surprise(
                    edition,
                    "risk_after_admission",
                    f"partner {partner}, admitted since {_since(admitted)}, "
                    f"has a risk record of {on} ({fact.event.kind}).",
                    "It remains admitted; record a PartnerTerminated if the cooperation ends.",
                    partner,
                ),
            )


def judge_certifications(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """A partner that has applied may be certified only while admitted. Partners that never applied
    are not judged: some were certified before there was an application form."""
    mine = _until_end(edition, facts)
    of_partner = applications_of(reader, edition, {fact.event.partner for fact in mine})
    for fact in mine:
        by_then = [other for other in of_partner.get(fact.event.partner, []) if other.at <= fact.at]
        if by_then and not any(other.stands_admitted(fact.at) for other in by_then):
            yield (
                fact,
                _surprise(
                    edition,
                    "certified_not_admitted",
                    f"partner {fact.event.partner} is certified at "
                    f"{local(fact.at, edition.zone)} but is not admitted: "
                    f"{', '.join(map(_outcome, by_then))}.",
                    "Record what its application lacks, or withdraw the certification.",
                    fact.event.partner,
                ),
            )


def judge_supplements(reader: Reader, edition: Edition, facts: Sequence[Recorded]) -> Judged:
    """A supplement waits for its application, under whichever edition that is decided."""
    mine = _until_end(edition, facts)
    states = _states(reader, {fact.event.application for fact in mine})
    for fact in mine:
        name = fact.event.application
        if not states[name].reports:
            yield (
                fact,
                _surprise(
                    edition,
                    "unknown_application",
                    f"application {name} is not known yet.",
                    "The fact is recorded and waits until the application is reported.",
                    name,
                ),
            )


def streams_touched(reader: Reader, edition: Edition, changed: Names) -> Iterator[str]:
    """From changed applications, partners and rates to all applications of the same partners, and
    to the partners: the decision on one application affects judgements of the others."""
    names = set(changed.get("application", ()))
    currencies = {pair.partition("-")[0] for pair in changed.get("rate", ())}
    for streams in reader.named("capital", currencies).values():
        names |= {stream.partition(":")[2] for stream in streams}
    partners = set(changed.get("partner", ()))
    for state in _states(reader, names).values():
        partners |= {
            report.event.partner
            for report in state.reports
            if isinstance(report.event, PartnerApplied)
        }
    for streams in reader.named("applies", partners).values():
        yield from streams
    yield from (f"partner:{partner}" for partner in sorted(partners))


def _states(reader: Reader, names: Collection[str]) -> dict[str, ApplicationState]:
    return reader.states("application", names, ApplicationState) if names else {}


def _until_end(edition: Edition, facts: Sequence[Recorded]) -> list[Recorded]:
    return [fact for fact in facts if fact.at < edition.window.end]


def _since(decided: Decided) -> str:
    return f"application {decided.case.state.application} of {decided.case.day}"


def _outcome(decided: Decided) -> str:
    codes = ", ".join(decided.decision.unmet or decided.decision.held_for)
    outcome = decided.decision.outcome + (f" ({codes})" if codes else "")
    if decided.decision.outcome == "granted":
        outcome = "granted, then terminated"
    return f"{_since(decided)} {outcome}"


def _surprise(edition: Edition, code: str, sentence: str, hint: str, name: str) -> Surprise:
    return Surprise(code, sentence, hint, name, edition.program)
