"""What is wrong with an act, as codes in the order of the terms, each with a sentence.

Source: seed 003, sections 1.2 and 1.4 to 1.7.
"""

from collections.abc import Iterator
from typing import NamedTuple

from ledger.aggregates.base import Recorded
from ledger.aggregates.binding import AccountBound, AccountNamed, AccountUnbound
from ledger.kernel.instants import format_instant
from ledger.programs.account_binding.standing import Standing

HOUR = 3_600_000_000
HARMLESS = ("followers_unknown",)
"""Codes that do not make an act unfit: it takes effect even where unfit acts are refused."""


class Finding(NamedTuple):
    """One exception: its code, a sentence, and the parameter that is not met."""

    code: str
    sentence: str
    parameter: str
    hint: str = "Withdraw the report where it is wrong, or record what it lacks."


def against(standing: Standing, recorded: Recorded) -> list[Finding]:
    """What is wrong with an act, given the state that the acts before it left."""
    event = recorded.event
    match event:
        case AccountBound():
            return list(_binding(standing, recorded, event))
        case AccountUnbound():
            return list(_unbinding(standing, recorded, event))
        case AccountNamed():
            return list(_naming(standing, event))
    return []


def _binding(standing: Standing, recorded: Recorded, event: AccountBound) -> Iterator[Finding]:
    account, store, role = event.account, event.store, event.role
    bond = standing.bond(event)
    if bond is not None:
        since = format_instant(bond.since.at)
        yield Finding(
            "bound_twice",
            f"account {account} stands at store {store} as {role} since {since}",
            "official_max" if role == "official" else "channel_max",
            "Withdraw the report that is wrong; it changes nothing.",
        )
        return
    if role == "official":
        yield from _official_limits(standing, event)
    other = "channel" if role == "official" else "official"
    if (account, other) in standing.at_store[store]:
        sentence = f"account {account} stands at store {store} as {other} and is bound as {role}"
        yield Finding("both_roles", sentence, "official_max")
    if standing.terms.one_store_per_account and (stores := standing.elsewhere(event)):
        sentence = f"account {account} stands at {', '.join(stores)} and is bound to store {store}"
        yield Finding("bound_elsewhere", sentence, "one_store_per_account")
    if role == "channel":
        yield from _channel_limits(standing, recorded, event)
        yield from _followers(standing, event)


def _official_limits(standing: Standing, event: AccountBound) -> Iterator[Finding]:
    terms, store = standing.terms, event.store
    bound = standing.in_role(store, "official")
    if len(bound) >= terms.official_max:
        accounts = ", ".join(sorted(bond.account for bond in bound)) or "none"
        yield Finding(
            "official_already_bound",
            f"store {store} may have {_many(terms.official_max, 'official account')} and has "
            f"{accounts}",
            "official_max",
        )
    used = standing.unbindings(event)
    if not terms.rebind_after_limit and used >= terms.official_unbinds_max:
        yield Finding(
            "rebound_after_limit",
            f"account {event.account} is bound to store {store} as official after "
            f"{_many(used, 'official unbinding')}; the limit is {terms.official_unbinds_max}",
            "rebind_after_limit",
        )


def _channel_limits(
    standing: Standing, recorded: Recorded, event: AccountBound
) -> Iterator[Finding]:
    terms, store = standing.terms, event.store
    bound = len(standing.in_role(store, "channel"))
    probation = standing.in_probation(store)
    most = terms.channel_max_probation if probation else terms.channel_max
    if bound >= most:
        when = "in probation" if probation else "after probation"
        yield Finding(
            "channel_limit",
            f"store {store} may have {_many(most, 'channel account')} {when} and has {bound}",
            "channel_max_probation" if probation else "channel_max",
        )
    lately = standing.channel_bindings(store, recorded.at)
    if lately >= terms.bindings_max:
        yield Finding(
            "bind_rate_limit",
            f"channel accounts were bound to store {store} {_many(lately, 'time')} within "
            f"{_many(terms.bindings_within_days, 'day')}; {terms.bindings_max} is the limit",
            "bindings_max",
        )


def _followers(standing: Standing, event: AccountBound) -> Iterator[Finding]:
    counted, over = standing.followers.get(event.account), standing.terms.followers_over
    if counted is None:
        yield Finding(
            "followers_unknown",
            f"no count of followers of account {event.account} is known at its binding",
            "followers_over",
            "Record the FollowersCounted that was made before it.",
        )
    elif counted <= over:
        had = f"account {event.account} had {_many(counted, 'follower')}"
        sentence = f"{had}; more than {over} are needed"
        yield Finding("too_few_followers", sentence, "followers_over")


def _unbinding(standing: Standing, recorded: Recorded, event: AccountUnbound) -> Iterator[Finding]:
    terms, account, store = standing.terms, event.account, event.store
    bond = standing.bond(event)
    if bond is None:
        sentence = f"account {account} does not stand at store {store} as {event.role}"
        hint = "Record its binding, or withdraw the report where it is wrong; it changes nothing."
        yield Finding("not_bound", sentence, "unbind_after_hours", hint)
        return
    if recorded.at - bond.since.at < terms.unbind_after_hours * HOUR:
        yield Finding(
            "unbound_too_early",
            f"account {account} was bound to store {store} at {format_instant(bond.since.at)}, "
            f"less than {_many(terms.unbind_after_hours, 'hour')} before it was unbound",
            "unbind_after_hours",
        )
    used = standing.unbindings(event)
    if event.role == "official" and used >= terms.official_unbinds_max:
        whose = f"store {store}" if terms.unbind_scope == "store" else f"account {account}"
        yield Finding(
            "unbind_limit",
            f"{_many(used, 'official unbinding')} of {whose} before this one; "
            f"{terms.official_unbinds_max} is the limit",
            "official_unbinds_max",
        )


def _naming(standing: Standing, event: AccountNamed) -> Iterator[Finding]:
    if not standing.terms.same_name:
        return
    stores = {bond.store for bond in standing.named_otherwise(event)}
    if stores:
        named = ", ".join(f"{store} ({standing.store_names[store]})" for store in sorted(stores))
        yield Finding(
            "name_differs",
            f"account {event.account} is the official account of store {named} and is named "
            f"{event.name}",
            "same_name",
        )


def _many(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
