"""The input of a month's commissions: its orders, their stores, creators, plans and accounts."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple

from ledger.aggregates.affiliate import PLANS_OF_STORE
from ledger.aggregates.affiliate_state import CreatorState, PlanState
from ledger.aggregates.base import Recorded, in_order
from ledger.aggregates.binding import AccountBound, AccountUnbound
from ledger.aggregates.binding_state import StoreBonds
from ledger.aggregates.store import MerchantOnboarded
from ledger.aggregates.store_state import StoreState
from ledger.kernel.period import Window
from ledger.programs.affiliate_commission import tables
from ledger.programs.affiliate_commission.expression import EXPRESSIONS, Setting
from ledger.programs.affiliate_commission.parameters import Parameters
from ledger.programs.affiliate_commission.plans import Plans
from ledger.programs.by_order import refuse_negative
from ledger.programs.contract import OrderReader, OrderSession, OrderTables, Reader
from ledger.programs.edition import Edition
from ledger.programs.order_questions import OrderQuestion
from ledger.programs.variants import ONCE_PER_LINE, rounding_of

ABOUT = "creator <> ''"
"""The SQL condition of affiliate orders."""
PAIRS_SQL = f"SELECT DISTINCT store, creator FROM orders WHERE {ABOUT}"
CALLS_SQL = (
    f"SELECT store, creator, array_agg(DISTINCT file) FROM orders WHERE {ABOUT}"
    " GROUP BY store, creator"
)
BOND_TOPICS = [AccountBound.TOPIC, AccountUnbound.TOPIC]
PLAN = "plan:"
Pair = tuple[str, str]
"""A store and a creator."""


class Month(NamedTuple):
    """The affiliate orders of a month, with everything that decides their commission."""

    session: OrderSession
    window: Window
    setting: Setting
    parameters: Parameters
    onboardings: dict[str, Recorded]
    """The onboarding that counts, by the edition's stores."""
    creators: dict[str, CreatorState]
    plans: Plans
    bonds: dict[Pair, list[Recorded]]
    """Bindings and unbindings of creators as a store's accounts, in business order."""

    def ask(
        self, kind: str, columns: tuple[str, ...], order: tuple[str, ...] = ()
    ) -> list[tuple[Any, ...]]:
        """Rows of the expression `kind` (see `EXPRESSIONS`), with these columns."""
        question = OrderQuestion(EXPRESSIONS[kind], self.setting, columns, order)
        return self.session.ask(question, self.tables())

    def tables(self) -> OrderTables:
        """The small tables that the expression joins the orders with."""
        approved = "creator_approved" in self.setting.met
        turns = {pair: list(turns_of(facts)) for pair, facts in self.bonds.items()}
        return {
            "stores": {"shop": [tables.NOBODY, *self.onboardings]},
            **tables.plan_tables(self.plans, all_approved=approved),
            "creators": tables.creators_table(self.creators.values(), self.parameters, self.window),
            "own_accounts": tables.own_table(turns, self.window),
        }

    def calls(self, reader: OrderReader) -> dict[Pair, frozenset[int]]:
        """The calls that brought the orders that count, by store and creator."""
        rows = self.session.ask(CALLS_SQL, {})
        positions: dict[tuple[int, ...], frozenset[int]] = {}
        calls = {}
        for store, creator, files in rows:
            key = tuple(sorted(files))
            if key not in positions:
                positions[key] = frozenset(map(reader.order_position, key))
            calls[store, creator] = positions[key]
        return calls


def setting_of(
    edition: Edition, parameters: Parameters, plans: Plans, assume: frozenset[str]
) -> Setting:
    """What the expression is built from."""
    return Setting(
        edition.currency,
        plans.count,
        deduct_refunds=parameters.refunds == "deduct",
        declines_unapproved=parameters.unapproved == "declined",
        own_earn=parameters.own_accounts == "commission",
        met=assume,
        rounding=rounding_of(assume),
        once=ONCE_PER_LINE in assume,
    )


def month_of_orders(
    reader: OrderReader,
    edition: Edition,
    parameters: Parameters,
    window: Window,
    stores: Collection[str] | None,
    assume: frozenset[str] = frozenset(),
) -> Month | None:
    """The affiliate orders created in a window, of some stores or all; None without any."""
    session = reader.order_session(window, None if stores is None else sorted(stores))
    if session is None:
        return None
    pairs: list[Pair] = session.ask(PAIRS_SQL, {})
    known = onboardings(reader, parameters, {store for store, _ in pairs})
    mine = [pair for pair in pairs if pair[0] in known]
    if not mine:
        return None
    plans = Plans(plans_of(reader, known).values(), window)
    month = Month(
        session,
        window,
        setting_of(edition, parameters, plans, assume),
        parameters,
        known,
        reader.states(
            "creator", {creator for _, creator in mine}, CreatorState, CreatorState.TOPICS
        ),
        plans,
        _bonds(reader, known, set(mine)),
    )
    bare = Setting(edition.currency, 0, month.setting.deduct_refunds)  # nothing else matters here
    least = OrderQuestion(EXPRESSIONS["least"], bare, ("store", "least"))
    refuse_negative(dict(session.ask(least, {})))
    return month


def onboardings(
    reader: Reader, parameters: Parameters, stores: Collection[str]
) -> dict[str, Recorded]:
    """The onboardings of those of the stores that are onboarded in one of the edition's markets.

    Orders of stores not onboarded yet wait; stores onboarded elsewhere do not concern the edition.
    """
    states = reader.states("store", stores, StoreState, [MerchantOnboarded.TOPIC])
    markets = parameters.markets
    return {
        name: state.onboarding
        for name, state in states.items()
        if state.onboarding is not None
        and (markets is None or state.onboarding.event.market in markets)
    }


def plans_of(reader: Reader, stores: Collection[str]) -> dict[str, PlanState]:
    """The plans of the given stores, by id; a plan's store is the one in its first report."""
    streams = reader.named(PLANS_OF_STORE, stores)
    names = {stream.removeprefix(PLAN) for listed in streams.values() for stream in listed}
    states = reader.states("plan", names, PlanState)
    wanted = set(stores)
    return {name: state for name, state in states.items() if state.store in wanted}


def turns_of(facts: Iterable[Recorded]) -> Iterator[tables.Turn]:
    """The instants from which an account is bound to its store in some role, or in none."""
    roles: set[str] = set()
    for fact in facts:
        if isinstance(fact.event, AccountBound):
            roles.add(fact.event.role)
        else:
            roles.discard(fact.event.role)
        yield fact.at, bool(roles)


def _bonds(
    reader: Reader, stores: Collection[str], pairs: Collection[Pair]
) -> dict[Pair, list[Recorded]]:
    """The bonds between the stores and creators of the given pairs. Every report counts as it was
    made: whether it was allowed depends on other terms."""
    bonds: dict[Pair, list[Recorded]] = defaultdict(list)
    for store, state in reader.states("store", stores, StoreBonds, BOND_TOPICS).items():
        for fact in in_order(state.facts):
            pair = (store, fact.event.account)
            if pair in pairs:
                bonds[pair].append(fact)
    return dict(bonds)
