"""A creator's commissions of a month, shared with its agencies to the last cent.

Per creator and currency, the exact parts (the creator's is the rest) are cut off to whole minor
units, and the units left over go to the largest remainders. All arithmetic is in whole numbers.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from ledger.aggregates.agreement_state import CommissionState
from ledger.aggregates.base import Recorded
from ledger.kernel.decision import Step
from ledger.kernel.money import DIGITS_MAX, EXACT, Money
from ledger.programs.contract import Reader, in_chunks
from ledger.programs.line import Line
from ledger.programs.service_agreement.gather import (
    InForce,
    Terms,
    in_force,
    names_under,
    partners_of,
)
from ledger.programs.service_agreement.lines import line_of
from ledger.programs.service_agreement.parameters import COMMISSION_SPLIT

WHOLE: int = 10**DIGITS_MAX
"""The share 1 as a whole number; shares have at most as many decimals as amounts have digits."""
HALF_UP = "half_up"
"""The what-if in which each part is rounded by itself."""


def split_lines(
    reader: Reader, agreements: Sequence[InForce], terms: Terms, known: Sequence[InForce] | None
) -> Iterator[Line]:
    """The lines for shares of commissions of the given agreements. All other agreements of the
    same creators take part in the pools: those in `known` or, if None, those in the index."""
    mine = {
        agreement.name: agreement
        for agreement in agreements
        if agreement.signing.event.of == "commission"
    }
    partners = partners_of(reader, list(mine.values()), terms)
    for chunk in in_chunks({agreement.signing.event.creator for agreement in mine.values()}):
        if known is None:
            names = names_under(reader, "agreement-creator", chunk)
            others: Iterable[InForce] = in_force(reader, names, terms)
        else:
            others = known
        members: dict[str, list[InForce]] = {creator: [] for creator in chunk}
        for other in others:
            event = other.signing.event
            if event.of == "commission" and event.creator in members:
                members[event.creator].append(mine.get(other.name, other))
        months = {f"{creator}/{terms.period}": creator for creator in chunk}
        for month, state in reader.states("commission", months, CommissionState).items():
            own = sorted(members[months[month]], key=lambda agreement: agreement.name)
            for other, part in _parts(months[month], state.earned, own, terms):
                if other.name in mine:
                    required = f"{other.share} x commissions of days in force, largest remainder"
                    yield line_of(
                        *(other, COMMISSION_SPLIT, part.amount, part.held_for, part.steps),
                        *(required, partners, terms),
                    )


class Part(NamedTuple):
    """An agreement's part of a pool, what it is held for, and its steps."""

    amount: Money
    held_for: set[str]
    steps: tuple[Step, ...]


class Pool(NamedTuple):
    """A creator's commissions of a month in one currency."""

    currency: str
    by_day: dict[date, int]
    """In minor units; includes days whose commissions sum to zero."""
    events: tuple[int, ...]

    @property
    def minor(self) -> int:
        """The whole pool in minor units."""
        return sum(self.by_day.values())


def _pools(earned: Iterable[Recorded]) -> dict[str, Pool]:
    days: dict[str, dict[date, int]] = {}
    events: dict[str, list[int]] = defaultdict(list)
    for fact in earned:
        event = fact.event
        own = days.setdefault(event.currency, defaultdict(int))
        own[event.day] += Money.parse(event.amount, event.currency).minor
        events[event.currency].append(fact.position)
    return {code: Pool(code, own, tuple(sorted(events[code]))) for code, own in days.items()}


def _parts(
    creator: str, earned: Sequence[Recorded], members: Sequence[InForce], terms: Terms
) -> Iterator[tuple[InForce, Part]]:
    """Each agreement of a creator with its part of the pool in its currency.

    An agreement whose line is held or declined still takes part; its part stays with the creator.
    """
    pools = _pools(fact for fact in earned if fact.event.day in terms.days)
    by_currency: dict[str, list[InForce]] = defaultdict(list)
    for member in members:
        by_currency[member.signing.event.currency].append(member)
    for currency, own in by_currency.items():
        pool = pools.get(currency) or Pool(currency, {}, ())
        exact = [_exact(agreement, pool) for agreement in own]
        parts = allocate(pool.minor, exact, half_up=HALF_UP in terms.assume)
        shared = _pool_step(creator, pool, own, exact, parts, terms)
        over = _over_whole(own, pool)
        foreign = [pool for code, pool in pools.items() if code != currency]
        for member, minor in zip(own, parts[1:], strict=True):
            held = [
                *_foreign(member, foreign),
                *([over[member.name]] if member.name in over else []),
            ]
            codes = {step.pending for step in held if step.pending}
            yield member, Part(Money(minor, currency), codes, (shared, *held))


def _exact(agreement: InForce, pool: Pool) -> int:
    """Share times commissions of the days in force: exact, in minor units times `WHOLE`."""
    return _scaled(agreement) * sum(
        minor for day, minor in pool.by_day.items() if day in agreement.days
    )


def _scaled(agreement: InForce) -> int:
    """A share as a whole number: 1 is `WHOLE`."""
    return int(EXACT.scaleb(Decimal(agreement.share or "0"), DIGITS_MAX))


def allocate(pool: int, exact: Sequence[int], *, half_up: bool = False) -> list[int]:
    """The creator's part of a pool, then those of the agreements, in minor units.

    `exact` are the agreements' parts times `WHOLE`; the creator gets the rest. Each is cut off
    towards minus infinity; the units left over go one each to the largest remainders, among equal
    ones first to the creator, then in the order given. So the parts sum to the pool. With
    `half_up` each part is rounded by itself instead.
    """
    whole = [pool * WHOLE - sum(exact), *exact]
    cut = [divmod(part, WHOLE) for part in whole]
    parts = [units for units, _ in cut]
    if half_up:
        return [_rounded(part) for part in whole]
    left = pool - sum(parts)
    largest = sorted(range(len(cut)), key=lambda place: (-cut[place][1], place))
    assert 0 <= left < len(cut), "remainders are below one unit each"
    for place in largest[:left]:
        parts[place] += 1
    assert sum(parts) == pool
    return parts


def _rounded(part: int) -> int:
    """Rounds to the nearest unit, halves away from zero."""
    units = (2 * abs(part) + WHOLE) // (2 * WHOLE)
    return -units if part < 0 else units


def _over_whole(own: Sequence[InForce], pool: Pool) -> dict[str, Step]:
    """A holding step for each agreement in force on a commission day whose shares exceed 1."""
    over: dict[str, Step] = {}
    for day in sorted(pool.by_day):
        there = [agreement for agreement in own if day in agreement.days]
        total = sum(map(_scaled, there))
        if total > WHOLE:
            step = Step(
                "shares in force",
                required="on each day with a commission at most 1 together",
                observed=f"{day}: {' + '.join(agreement.share or '' for agreement in there)}",
                events=tuple(
                    sorted(position for agreement in there for position in agreement.events)
                ),
                pending="shares_exceed_whole",
                discreet=f"{day}: the shares in force sum above 1",
            )
            for agreement in there:
                over.setdefault(agreement.name, step)
    return over


def _foreign(agreement: InForce, pools: Sequence[Pool]) -> list[Step]:
    """A holding step for commissions in another currency on the agreement's days in force."""
    foreign = [pool for pool in pools if any(day in agreement.days for day in pool.by_day)]
    if not foreign:
        return []
    currencies = ", ".join(sorted(pool.currency for pool in foreign))
    observed = (
        f"commissions in {currencies}; the agreement is in {agreement.signing.event.currency}"
    )
    events = tuple(sorted(position for pool in foreign for position in pool.events))
    label = "currency of commissions"
    return [Step(label, observed=observed, events=events, pending="currency_differs")]


def _pool_step(
    creator: str,
    pool: Pool,
    own: Sequence[InForce],
    exact: Sequence[int],
    parts: Sequence[int],
    terms: Terms,
) -> Step:
    """The pool with every part, the same step for all of its agreements."""
    rest = pool.minor * WHOLE - sum(exact)
    names = [f"creator {creator}", *(f"agreement {agreement.name}" for agreement in own)]
    events: list[tuple[int, ...]] = [(), *(agreement.events for agreement in own)]
    shared = [
        Step(
            name,
            Money(minor, pool.currency),
            observed=f"exactly {_exact_text(part, pool)}",
            events=at,
        )
        for name, minor, part, at in zip(names, parts, [rest, *exact], events, strict=True)
    ]
    return Step(
        f"commissions of {creator} in {terms.period}",
        Money(pool.minor, pool.currency),
        required="shared by largest remainder, of equal ones first the creator's",
        clause=terms.edition.cite.get(COMMISSION_SPLIT),
        events=pool.events,
        parts=tuple(shared),
        discreet="everybody's shares of the days in force",
    )


def _exact_text(part: int, pool: Pool) -> str:
    """An exact part in major units with its currency, without trailing zeros."""
    one_minor = Money(1, pool.currency).decimal
    exact = EXACT.multiply(EXACT.scaleb(Decimal(part), -DIGITS_MAX), one_minor)
    return f"{exact.normalize(EXACT):f} {pool.currency}"
