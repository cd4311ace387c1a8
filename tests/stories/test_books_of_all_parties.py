"""One month of agreements in the books of everybody: who owes whom, and nobody else's business."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from ledger.kernel.clocks import FOREVER, Clocks
from ledger.kernel.errors import BadPayment
from ledger.kernel.money import Money
from ledger.store.book import Book
from ledger.usecases.init import init
from ledger.usecases.statements.pay import pay
from ledger.usecases.statements.statement import statement
from tests.marks import decision
from tests.quarter import NOW, Quarter

PROGRAM, MAY, JUNE = "service-agreements-2022", "2026-05", "2026-06"
PARTIES = ("platform", "partner:P-1", "partner:P-2", "merchant:M-1", "merchant:M-2", "creator:C-1")
SIGNED = {"type": "AgreementSigned", "at": "2026-04-01T00:00:00Z", "currency": "CNY"}
FEE = SIGNED | {
    "agreement": "AG-1",
    "partner": "P-1",
    "merchant": "M-1",
    "flat": "3000.00",
    "per": "month",
    "from": "2026-05-01",
}
SPLITS = [
    SIGNED
    | {"agreement": name, "partner": partner, "creator": "C-1", "share": share}
    | {"of": "commission", "from": "2026-05-01"}
    for name, partner, share in (("AG-2", "P-1", "0.3333"), ("AG-3", "P-2", "0.3333"))
]
EARNED = {
    "type": "CommissionEarned",
    "at": "2026-05-20T00:00:00Z",
    "creator": "C-1",
    "day": "2026-05-20",
    "amount": "100.01",
    "currency": "CNY",
}
GRANTED = {
    "type": "IncentiveGranted",
    "at": "2026-05-21T00:00:00Z",
    "program": PROGRAM,
    "partner": "P-1",
}
FACTS = [
    {"type": "PartnerCertified", "at": "2026-03-01T00:00:00Z", "partner": "P-1"},
    {"type": "PartnerCertified", "at": "2026-03-01T00:00:00Z", "partner": "P-2"},
    FEE | {"id": "fee"},
    *SPLITS,
    EARNED,
    GRANTED | {"grant": "G-1", "amount": "50000", "commodity": "TRAFFIC"},
    GRANTED | {"grant": "G-2", "amount": "88.00", "currency": "CNY"},
]
LEFT = {"leave_open": "two agencies share the creator by agreement"}
BETWEEN = f"{PROGRAM}/{MAY}/partner:P-1/merchant:M-1"

pytestmark = decision


@pytest.fixture
def books(new_location: Callable[[], str], tmp_path: Path) -> Iterator[dict[str, Quarter]]:
    """A book per party that was told the same and has closed May."""
    made: dict[str, Quarter] = {}
    for party in PARTIES:
        folder = tmp_path / party.replace(":", "-")
        folder.mkdir()
        book, _ = init(new_location(), party)
        made[party] = Quarter(book, folder)
        made[party].tell(FACTS)
        made[party].close(PROGRAM, period=MAY, **LEFT)
    yield made
    for one in made.values():
        one.book.close()


def owed(books: dict[str, Quarter]) -> dict[tuple[str, str], dict[str, Money]]:
    """Per pair of parties what the first has to come from the second, by its own book."""
    found: dict[tuple[str, str], dict[str, Money]] = {}
    for party, quarter in books.items():
        for account, balance in quarter.balances().items():
            name, _, currency = account.rpartition(" ")
            kind, _, *other = name.split(":", 2)
            if kind in ("Assets", "Liabilities") and other and other[0] in books:
                amount = Money.parse(balance, currency)
                own = found.setdefault((party, other[0]), {})
                own[currency] = own.get(currency, Money.zero(currency)).plus(amount)
    return found


def test_every_line_stands_in_the_books_of_its_sides_and_in_no_other(
    books: dict[str, Quarter],
) -> None:
    """What is handed on in three; what two settle between themselves in two; our own in two."""
    share, fee = f"AgencyShare:{PROGRAM}", f"ServiceFee:{PROGRAM}"
    grant = f"Incentive:{PROGRAM}"
    assert books["platform"].balances() == {
        "Assets:Receivable:creator:C-1 CNY": "66.66",
        f"Expenses:{grant} CNY": "88.00",
        f"Expenses:{grant} TRAFFIC": "50000",
        "Liabilities:Payable:partner:P-1 CNY": "-121.33",
        "Liabilities:Payable:partner:P-1 TRAFFIC": "-50000",
        "Liabilities:Payable:partner:P-2 CNY": "-33.33",
    }
    assert books["partner:P-1"].balances() == {
        "Assets:Receivable:merchant:M-1 CNY": "3000.00",
        "Assets:Receivable:platform CNY": "121.33",
        "Assets:Receivable:platform TRAFFIC": "50000",
        f"Income:{share} CNY": "-33.33",
        f"Income:{grant} CNY": "-88.00",
        f"Income:{grant} TRAFFIC": "-50000",
        f"Income:{fee} CNY": "-3000.00",
    }
    assert books["merchant:M-1"].balances() == {
        f"Expenses:{fee} CNY": "3000.00",
        "Liabilities:Payable:partner:P-1 CNY": "-3000.00",
    }
    assert books["creator:C-1"].balances() == {
        f"Expenses:{share} CNY": "66.66",
        "Liabilities:Payable:platform CNY": "-66.66",
    }
    assert books["merchant:M-2"].balances() == {}


def test_the_table_of_lines_has_each_once_as_its_payee_has_it(books: dict[str, Quarter]) -> None:
    """What is handed on stands on two statements, and is one row, of the payee's."""
    quarter = books["platform"]
    clocks = Clocks(FOREVER, quarter.book.head().position)
    with quarter.book.reading() as connection:
        said = statement(connection, PROGRAM, MAY, None, clocks)["lines"]
    names = ("line", "payer", "payee", "amount", "currency", "outcome")
    rows = quarter.rows("lines")
    assert len({row["line"] for row in rows}) == len(rows)
    assert sorted(tuple(str(row[name]) for name in names) for row in rows) == sorted(
        tuple(str(line[name]) for name in names) for line in said
    )
    assert {row["statement"] for row in rows if row["payer"] == "merchant:M-1"} == {BETWEEN}
    handed = [row for row in rows if row["payer"] == "creator:C-1"]
    assert handed
    assert {row["statement"] for row in handed} <= {f"{PROGRAM}/{MAY}/{r['payee']}" for r in handed}
    quarter.tell([EARNED | {"amount": "200.00", "at": "2026-05-20T01:00:00Z"}])
    quarter.adjust(PROGRAM, period=MAY)
    adjusted = {row["line"]: row for row in quarter.rows("adjustments")}
    assert len(adjusted) == len(quarter.rows("adjustments")) == 2
    for row in quarter.rows("lines"):
        if row["payer"] == "creator:C-1":
            assert row["amount"] == adjusted[row["line"]]["now"]
            assert row["issued"] == adjusted[row["line"]]["was"]
            assert row["statement"] == adjusted[row["line"]]["statement"]


def assert_mirrored(books: dict[str, Quarter]) -> None:
    """What one has to come, the other owes, to the cent."""
    found = owed(books)
    for (party, other), amounts in found.items():
        mirrored = found[other, party]
        assert {code: money.negated() for code, money in amounts.items()} == mirrored


def test_what_one_has_to_come_the_other_owes(books: dict[str, Quarter]) -> None:
    """Issued, paid, paid too much, adjusted: in all books of all parties."""
    assert len(owed(books)) == 8
    assert_mirrored(books)
    late = FEE | {"agreement": "AG-9", "flat": "0.07", "at": "2026-04-02T00:00:00Z"}
    more = EARNED | {"amount": "-0.03", "at": "2026-05-31T00:00:00Z"}
    for quarter in books.values():
        book = quarter.book
        paid = {"currency": "CNY", "by": "lin", "now": NOW}
        pay(book, BETWEEN, amount="3500.00", ref="bank-1", **paid)
        pay(book, f"{PROGRAM}/{MAY}/creator:C-1", amount="-66.66", ref="bank-2", **paid)
        quarter.tell([late, more])
        quarter.adjust(PROGRAM, period=MAY)
        quarter.catch_up()
        assert quarter.failing() == {}
    assert_mirrored(books)
    for quarter in books.values():
        assert sum_of(quarter) == {}
    cash = {name: one.balances().get("Assets:Cash CNY") for name, one in books.items()}
    assert cash == dict.fromkeys(PARTIES) | {
        "platform": "66.66",
        "partner:P-1": "3500.00",
        "merchant:M-1": "-3500.00",
        "creator:C-1": "-66.66",
    }


def sum_of(quarter: Quarter) -> dict[str, int]:
    """What all accounts of a book come to, per commodity, where that is not zero."""
    found: dict[str, int] = {}
    for account, balance in quarter.balances().items():
        currency = account.rpartition(" ")[2]
        found[currency] = found.get(currency, 0) + Money.parse(balance, currency).minor
    return {code: minor for code, minor in found.items() if minor}


def test_what_was_paid_ahead_goes_to_the_next_statement_of_the_same_two(
    books: dict[str, Quarter],
) -> None:
    """Not to the payee's statement with the platform, nor to one with another merchant."""
    other = FEE | {"agreement": "AG-5", "merchant": "M-2", "flat": "10.00"}
    quarter = books["partner:P-1"]
    quarter.tell([other | {"from": "2026-06-01"}])
    pay(quarter.book, BETWEEN, amount="3500.00", currency="CNY", ref="bank-1", by="lin", now=NOW)
    closed = quarter.close(PROGRAM, period=JUNE, **LEFT)
    brought = {one["statement"]: one["brought_forward"] for one in closed["statements"]}
    assert f"{PROGRAM}/{JUNE}/partner:P-1/merchant:M-2" in brought
    assert {name: one for name, one in brought.items() if one} == {
        f"{PROGRAM}/{JUNE}/partner:P-1/merchant:M-1": [
            {"statement": BETWEEN, "amount": "-500.00", "currency": "CNY"}
        ]
    }
    balances = quarter.balances()
    assert balances["Assets:Receivable:merchant:M-1 CNY"] == "2500.00"
    assert balances["Assets:Receivable:merchant:M-2 CNY"] == "10.00"
    assert "Liabilities:Advances:merchant:M-1 CNY" not in balances


def test_an_agreement_with_another_merchant_is_void_on_one_statement_and_new_on_another(
    books: dict[str, Quarter],
) -> None:
    """The line keeps its id and its payee; who pays is another."""
    corrected = FEE | {"merchant": "M-2", "id": "fee-2"}
    for quarter in books.values():
        withdrawn = {"type": "FactWithdrawn", "at": FEE["at"], "id": "fee", "reason": "wrong"}
        quarter.tell([withdrawn, corrected])
        rows = quarter.adjust(PROGRAM, period=MAY)["adjustments"]
        assert {(row["payer"], row["outcome"], row["difference"]) for row in rows} == {
            ("merchant:M-1", "void", "-3000.00"),
            ("merchant:M-2", "payable", "3000.00"),
        }
        quarter.catch_up()
        assert quarter.failing() == {}
        assert quarter.adjust(PROGRAM, period=MAY)["adjustments"] == []
    assert books["merchant:M-1"].balances() == {}
    owes = {
        f"Expenses:ServiceFee:{PROGRAM} CNY": "3000.00",
        "Liabilities:Payable:partner:P-1 CNY": "-3000.00",
    }
    assert books["merchant:M-2"].balances() == owes
    assert_mirrored(books)
    for quarter in books.values():  # and back: then what is new is told before what is void
        quarter.tell([withdrawn | {"id": "fee-2"}, FEE | {"id": "fee-3"}])
        assert len(quarter.adjust(PROGRAM, period=MAY)["adjustments"]) == 2
        assert quarter.adjust(PROGRAM, period=MAY)["adjustments"] == []
        quarter.catch_up()
        assert quarter.failing() == {}
    assert books["merchant:M-1"].balances() == owes
    assert books["merchant:M-2"].balances() == {}


def statement_of(book: Book, payee: str) -> dict[str, Any]:
    with book.reading() as connection:
        clocks = Clocks(FOREVER, book.head().position)
        return statement(connection, PROGRAM, MAY, payee, clocks)


def test_a_party_finds_every_statement_that_it_is_a_side_of(books: dict[str, Quarter]) -> None:
    """The one with the platform, and those with others, seen from the payee; each line once."""
    book = books["platform"].book
    partner = statement_of(book, "partner:P-1")
    assert {one["statement"] for one in partner["statements"]} == {
        f"{PROGRAM}/{MAY}/partner:P-1",
        BETWEEN,
    }
    assert partner["totals"] == {"CNY": "3121.33", "TRAFFIC": "50000"}
    merchant = statement_of(book, "merchant:M-1")
    assert [(one["payee"], one["payer"], one["due"]) for one in merchant["statements"]] == [
        ("partner:P-1", "merchant:M-1", "3000.00")
    ]
    assert [(one["amount"], one.get("side")) for one in merchant["lines"]] == [("3000.00", None)]
    creator = statement_of(book, "creator:C-1")
    assert [(one["amount"], one["side"]) for one in creator["lines"]] == [
        ("-33.33", "payer"),
        ("-33.33", "payer"),
    ]


def test_a_payment_between_two_names_their_statement(books: dict[str, Quarter]) -> None:
    """The currency is the statement's; the platform records it and books nothing."""
    quarter = books["platform"]
    before = quarter.balances()
    with quarter.refused(BadPayment):
        pay(quarter.book, BETWEEN, amount="1", currency="TRAFFIC", ref="r", by="lin", now=NOW)
    answer = pay(
        quarter.book, BETWEEN, amount="3000.00", currency="CNY", ref="r", by="lin", now=NOW
    )
    assert (answer["open"], answer["recorded"]) == ("0.00", True)
    assert quarter.balances() == before
    (row,) = [one for one in quarter.rows("statements") if one["statement"] == BETWEEN]
    assert (row["payer"], row["paid"], row["open"]) == ("merchant:M-1", "3000.00", "0.00")
