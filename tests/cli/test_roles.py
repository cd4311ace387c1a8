"""PostgreSQL with least rights: what each role of `init --roles` can do, and what it cannot."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.closing import AS_OF, BY, JSON, LEFT, PAY, STATEMENT
from tests.quarter import PROGRAM, closure
from tests.roles import Roles

Duebook = Callable[..., Any]
MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]+Z")
LINE = f"{PROGRAM}/S-1"
ONBOARDED = {"type": "MerchantOnboarded", "at": "2026-01-10T09:00:00+08:00", "market": "EU"}
LATER = [ONBOARDED | {"merchant": "M-77", "store": "S-77"}]
ORDER = "order_id,store,created_at,amount,currency,traffic,channel,payment,category\n"
ORDER += "o-1,S-1,2026-01-25T10:00:00+08:00,10.00,CNY,ordinary,other,online,apparel\n"
ASKED = {
    "settle": ("settle", PROGRAM, *AS_OF),
    "explain": ("explain", LINE, *AS_OF),
    "statement": ("statement", PROGRAM),
    "replay": ("replay", PROGRAM),
    "adjust --dry-run": ("adjust", PROGRAM, "--dry-run", "--by", "lin"),
    "journal": ("journal",),
    "balances": ("balances",),
    "report stores": ("report", "stores"),
    "report exceptions": ("report", "exceptions"),
    "report statements": ("report", "statements"),
    "report at other clocks": ("report", "stores", *AS_OF),
    "query": ("query", "select count(*) as n from stores"),
    "log": ("log", "store:S-1"),
    "show": ("show", "store:S-1"),
    "programs": ("programs",),
    "export": ("export", "facts"),
    "verify": ("verify",),
}
"""Every question, of a book whose quarter is closed."""


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("login", ["clerk", "reviewer", "keeper"])
def test_every_role_can_ask_everything(
    closed_once: Roles, duebook: Duebook, login: str, asked: str
) -> None:
    """The same answers, whoever asks, and nobody is called a superuser."""
    arguments = (*ASKED[asked], *(() if asked == "export" else JSON))
    ran = duebook(*arguments, "--book", closed_once.of(login))
    by_administrator = duebook(*arguments, "--book", closed_once.url)
    assert ran.code in (0, 3), ran.err
    found, expected = (MOMENT.sub("now", one.out) for one in (ran, by_administrator))
    if login == "reviewer" and asked == "verify":  # a reader does not see what salts come from
        expected = expected.replace(
            "1 tree worked out again", "not checked: the secrets of 1 tree are hidden"
        )
        assert found != MOMENT.sub("now", by_administrator.out)
    assert (ran.code, found) == (by_administrator.code, expected)
    assert "superuser" not in ran.err


def test_a_writer_records_and_decides_everything(
    roles: Roles, duebook: Duebook, file: Callable[..., str], here: Path
) -> None:
    """With SELECT, and INSERT into the log and its indexes; everything verifies afterwards."""
    clerk = ("--book", roles.of("clerk"))

    def done(*arguments: object, code: int = 0) -> Any:
        ran = duebook(*arguments, *clerk)
        assert ran.code == code, (arguments, ran.err)
        return ran

    recorded = done("record", file(LATER), *JSON).json
    done("withdraw", recorded["position"], "--reason", "another store", *BY)
    done("orders", file(ORDER, "orders.csv"), *JSON)
    done("pay", STATEMENT, "--amount", "1000", "--ref", "bank-1", *PAY)
    done("record", file([closure("S-1")], "closed.ndjson"))
    done("adjust", PROGRAM, *BY)
    line = f"line,amount,currency\n{LINE},5.00,CNY\n"
    done("lock", "2026-03-31", *BY)
    done("reconcile", PROGRAM, "--against", file(line, "theirs.csv"), "--keep", *BY, code=3)
    breaks = done("report", "reconciliation", *AS_OF, *JSON)
    assert breaks.json
    terms = done("programs", "growth-2026-05", "--format", "toml").out
    changed = terms.replace('publisher = "duebook"', 'publisher = "acme"')
    done("publish", file(changed, "terms.toml"), *BY)
    done("close", "growth-2026-05", *BY, *LEFT)
    stores = done("report", "stores", *JSON).json
    assert {"S-1", "S-2"} <= {row["store"] for row in stores}
    assert "clerk" not in done("verify", *JSON).err
    rows = roles.ask("SELECT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert {owner for (owner,) in rows} == {"duebook_owner"}


def test_a_writer_who_may_not_keep_secrets_decides_all_the_same_and_is_told(
    roles: Roles, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Without a tree over its lines, which could not be proved later; everything verifies."""
    clerk = ("--book", roles.of("clerk"))
    proof = ("proof", "statement", STATEMENT, *clerk)
    assert duebook(*proof).code == 0
    roles.ask("REVOKE ALL ON duebook_secrets FROM duebook_writer")
    assert duebook("record", file([closure("S-1")]), *clerk).code == 0
    ran = duebook("adjust", PROGRAM, *BY, *clerk)
    assert ran.code == 0
    assert "No single line of this can be proved later" in ran.err
    ran = duebook(*proof)
    assert ran.code == 1
    assert "may not be read by this account" in ran.err
    roles.run_script()
    ran = duebook("proof", "line", LINE, *clerk)
    assert ran.code == 1
    assert "was recorded without a tree over its lines" in ran.err
    assert duebook("verify", *clerk).code == 0


@pytest.mark.parametrize(
    "decided",
    [
        ("record", "facts.ndjson"),
        ("close", PROGRAM, *BY),
        ("adjust", PROGRAM, *BY),
        ("pay", STATEMENT, "--amount", "1", "--ref", "r", *PAY),
        ("withdraw", "20", "--reason", "wrong", *BY),
        ("publish", "terms.toml", *BY),
        ("orders", "orders.csv"),
    ],
    ids=lambda words: words[0],
)
def test_a_reader_is_refused_in_words_and_told_what_to_ask_for(
    closed_once: Roles, duebook: Duebook, file: Callable[..., str], decided: tuple[str, ...]
) -> None:
    """Exit 1, what the role lacks, and the grant that would change it."""
    file(LATER)
    file(ORDER, "orders.csv")
    reviewer = ("--book", closed_once.of("reviewer"))
    terms = duebook("programs", "growth-2026-05", "--format", "toml", *reviewer).out
    file(terms.replace('publisher = "duebook"', 'publisher = "acme"'), "terms.toml")
    before = closed_once.ask("SELECT count(*) FROM events")
    ran = duebook(*decided, *reviewer)
    assert (ran.code, ran.out) == (1, "")
    assert "The role reviewer may only read this book" in ran.err
    assert "no right to INSERT into events, refs, withdrawn, snapshots" in ran.err
    assert "GRANT duebook_writer TO reviewer;" in ran.err
    assert closed_once.ask("SELECT count(*) FROM events") == before


def test_a_writer_and_a_reader_never_see_a_view_of_before(
    roles: Roles, duebook: Duebook, file: Callable[..., str]
) -> None:
    """The read models of the owner stay as they are; what others are told holds the new fact."""
    clerk, reviewer = (("--book", roles.of(login)) for login in ("clerk", "reviewer"))
    where = "SELECT position FROM duebook_views WHERE view = 'stores'"
    stood = roles.ask(where)
    assert duebook("record", file(LATER), *clerk).code == 0
    for who in (clerk, reviewer):
        for asked in (("report", "stores"), ("query", "select store from stores")):
            ran = duebook(*asked, *JSON, *who)
            assert "S-77" in {row["store"] for row in ran.json}, ran.err
    assert roles.ask(where) == stood
    assert duebook("report", "stores", "--book", roles.of("keeper")).code == 0
    assert roles.ask(where) > stood
    assert duebook("verify", *reviewer).code == 0


def test_a_writer_rebuilds_nothing(closed_once: Roles, duebook: Duebook) -> None:
    """Told in words; nothing was touched."""
    for login, said in (("clerk", "may not make tables"), ("reviewer", "may only be read")):
        ran = duebook("rebuild", "--book", closed_once.of(login))
        assert (ran.code, ran.out) == (1, "")
        assert said in ran.err
        assert "Reports build what they need next to it." in ran.err


def test_the_keeper_rebuilds_and_what_is_made_belongs_to_the_owner(
    roles: Roles, duebook: Duebook
) -> None:
    """Whoever acts as the owner; the others read the new tables without another word."""
    assert duebook("rebuild", "--book", roles.of("keeper")).code == 0
    rows = roles.ask("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'")
    assert rows == [("duebook_owner",)]
    assert roles.ask("SELECT count(*) FROM stores", "reviewer") == [(4,)]


def test_twelve_writers_at_once_all_succeed(
    roles: Roles, file: Callable[..., str], duebook: Duebook, process: Callable[..., Any]
) -> None:
    """Each of them with the rights of a clerk; each fact once."""
    shared = {"type": "StockListed", "at": "2026-02-10T08:00:00Z", "store": "S-1", "country": "FR"}
    names = [
        file([shared, {**shared, "country": "DE", "source": f"clerk-{number}"}], f"{number}.ndjson")
        for number in range(12)
    ]
    clerk = ("--book", roles.of("clerk"))
    ((before,),) = roles.ask("SELECT max(position) FROM events")
    writers = [process("record", name, *clerk) for name in names]
    said = [one.communicate()[1] for one in writers]
    assert [one.returncode for one in writers] == [0] * 12, said
    ((after,),) = roles.ask("SELECT max(position) FROM events")
    assert after - before == 12 + 12 + 1, "a batch and a fact of its own each, and the shared one"
    assert duebook("verify", *clerk).code == 0


def test_who_may_make_tables_but_not_change_the_owners_is_answered_beside_them(
    roles: Roles, duebook: Duebook, file: Callable[..., str]
) -> None:
    """Rights that somebody gave by hand: views of somebody else are neither changed nor trusted."""
    roles.ask("GRANT CREATE ON SCHEMA public TO clerk")
    clerk = ("--book", roles.of("clerk"))
    assert duebook("record", file(LATER), *clerk).code == 0
    ran = duebook("report", "stores", *JSON, *clerk)
    assert "S-77" in {row["store"] for row in ran.json}
    ran = duebook("rebuild", "stores", *clerk)
    assert ran.code == 1
    assert "some there are somebody else's" in ran.err
    roles.ask("REVOKE CREATE ON SCHEMA public FROM clerk")
