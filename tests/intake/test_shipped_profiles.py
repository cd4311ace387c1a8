"""Every shipped profile: its good sample gives exactly these rows, each bad row is told."""

import runpy
from pathlib import Path

import pytest

from ledger.intake.tables.mappings import SHIPPED, shipped_names
from ledger.intake.tables.workbook import rows_of_workbook
from tests.platform_files import FILES, read_orders, refused
from tests.shipped_profiles import BY_NAME, SAMPLES, Sample

TIKTOK_ORDERS = [
    "577510000000000001 1729001 8500 USD online jewellery 2026-04-03T16:30:00Z",
    "577510000000000002 1729001 18000 USD online jewellery 2026-04-04T06:59:59Z",
    "577510000000000002 1729002 2500 USD online bags 2026-04-04T06:59:59Z",
    "577510000000000003 1729003 1250 USD cod apparel 2026-04-13T19:00:00Z",
    "577510000000000004 1729003 3000 3000 USD online apparel 2026-04-14T15:00:00Z",
]
ON_HOLD = [
    "577520000000000001 -1.17",
    "577520000000000002 -12.60",
    "577520000000000003 0.00",
]
STATEMENT = [
    "recruiting-eu-jp-2026q1/S-1 0.00 CNY declined",
    "recruiting-eu-jp-2026q1/S-2 2000.00 CNY payable",
    "recruiting-eu-jp-2026q1/S-3 0.00 CNY declined",
    "recruiting-eu-jp-2026q1/S-4 declined",
]
GOOD = {
    "tiktok-orders.csv": TIKTOK_ORDERS,
    "tiktok-orders.xlsx": TIKTOK_ORDERS,
    "shopify-orders.csv": [
        "1001 12420 USD online beauty 2025-11-03T15:00:00Z",
        "1002 5000 2000 USD online beauty 2025-11-02T03:59:59Z",
        "1003 1500 USD cod beauty 2025-11-04T13:00:00Z",
        "1004 10000 10000 USD online beauty 2025-11-05T13:00:00Z",
    ],
    "tiktok-on-hold.csv": ON_HOLD,
    "tiktok-on-hold.xlsx": ON_HOLD,
    "tiktok-affiliate.csv": [
        "577530000000000001 17.00",
        "577530000000000002 20.50",
        "577530000000000003 0.00",
    ],
    "tiktok-affiliate-partner.csv": [
        "586330000000000001 1210.00",
        "586330000000000002 1710.00",
        "586330000000000003 400.00",
    ],
    "tiktok-payments.ndjson": ["TT-01 200.50 GBP"],
    "tiktok-transactions.ndjson": [
        "576460000000000001 -0.90",
        "576460000000000002 -9.00",
        "576460000000000003 -3.20",
    ],
    "douyin-bill.csv": [
        "6930000000000000001 -1.50",
        "6930000000000000002 -1.00",
        "6930000000000000003 -20.00",
    ],
    "amazon-settlement-v2.tsv": ["304-1000001-0000001 76.35", "304-1000002-0000002 102.00"],
    "stripe-payouts.csv": ["1001 120.30", "1002 28.25", "pi_4 1446"],
    "adyen-settlement.csv": ["W-1001 2.78", "W-1002 -12.00", "W-1003 88.20"],
    "duebook-statement.csv": STATEMENT,
    "duebook-statement.xlsx": STATEMENT,
}
"""Orders for `orders`: id, item, amount and what was refunded in minor units, currency, payment,
category, instant. Others: order or line with what they come to."""
EQUATION, ID, DAY, AMOUNT = "equation_differs", "spoilt_id", "invalid_field", "bad_amount"
CURRENCY, MISSING, CELLS = "unknown_currency", "missing_field", "wrong_cells"
TWICE, MIXED = "repeated_row", "mixed_currencies"
TIKTOK_ORDERS_BAD = [EQUATION, ID, DAY, AMOUNT, EQUATION, MISSING, DAY]
BAD = {
    "tiktok-orders.csv": [*TIKTOK_ORDERS_BAD, CELLS],
    "tiktok-orders.xlsx": [*TIKTOK_ORDERS_BAD, MISSING],
    "shopify-orders.csv": [
        *(MISSING, AMOUNT, DAY, CURRENCY, "bad_refund", ID, MISSING, CELLS, MISSING),
        *("conflicting_rows", "conflicting_rows"),
    ],
    "tiktok-on-hold.csv": [EQUATION, ID, DAY, AMOUNT, CURRENCY, MISSING, MIXED],
    "tiktok-on-hold.xlsx": [EQUATION, ID, DAY, AMOUNT, CURRENCY, MISSING, MIXED],
    "tiktok-affiliate.csv": [ID, AMOUNT, DAY, CURRENCY, MISSING, AMOUNT, CELLS, MIXED],
    "tiktok-affiliate-partner.csv": [ID, MISSING, AMOUNT, DAY, AMOUNT, CELLS, MISSING],
    "tiktok-payments.ndjson": [
        *(EQUATION, EQUATION, DAY, AMOUNT, CURRENCY, MISSING, TWICE, MISSING, DAY),
    ],
    "tiktok-transactions.ndjson": [EQUATION, ID, DAY, AMOUNT, AMOUNT, MISSING, TWICE, AMOUNT],
    "douyin-bill.csv": [EQUATION, ID, DAY, AMOUNT, MISSING, AMOUNT, TWICE, CELLS, EQUATION],
    "amazon-settlement-v2.tsv": [AMOUNT, ID, DAY, AMOUNT, MISSING, CELLS],
    "stripe-payouts.csv": [EQUATION, ID, DAY, AMOUNT, CURRENCY, TWICE, AMOUNT, MISSING, CELLS],
    "adyen-settlement.csv": [EQUATION, ID, DAY, AMOUNT, CURRENCY, MISSING, MIXED, CELLS, EQUATION],
    "duebook-statement.csv": [MISSING, AMOUNT, CURRENCY, DAY, MISSING, AMOUNT, CELLS, MIXED],
    "duebook-statement.xlsx": [AMOUNT, AMOUNT, CURRENCY, AMOUNT, MIXED, CELLS],
}
"""What is wrong with each row after the first, one after another."""
FIRST_BAD = {"amazon-settlement-v2.tsv": 4, "duebook-statement.xlsx": 7}
"""The row of the first problem, where it is not the second row below a header in row 1."""
PLACES = {"duebook-statement.xlsx": [7, 8, 9, 10, 14, 15]}


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_the_good_sample_gives_exactly_these(sample: Sample) -> None:
    """Rows of one order added up where an amount stands in several; nothing else is claimed."""
    assert sample.read(sample.path("good")) == GOOD[str(sample)]


@pytest.mark.parametrize("sample", SAMPLES, ids=str)
def test_each_bad_row_is_told_with_its_row_and_code(sample: Sample) -> None:
    """All at once; the first row is good, and is not among them."""
    name = str(sample)
    first = FIRST_BAD.get(name, 2 if sample.suffix == "ndjson" else 3)
    places = PLACES.get(name) or list(range(first, first + len(BAD[name])))
    assert sample.problems(sample.path("bad")) == list(zip(places, BAD[name], strict=True))


def test_every_shipped_profile_has_samples_and_says_what_it_is() -> None:
    """A comment on top for whoever opens the file; this list, so that none is forgotten."""
    sampled = {sample.profile for sample in SAMPLES} | {"tiktok-income"}
    assert sampled == set(shipped_names())
    for name in shipped_names():
        assert (SHIPPED / f"{name}.toml").read_text(encoding="utf-8").startswith("# "), name


def test_the_workbooks_are_those_that_the_script_makes(tmp_path: Path) -> None:
    """Cell by cell: compressed bytes may differ from one library to the next."""
    script = runpy.run_path(str(FILES / "make_workbooks.py"))
    for name in script["OTHERS"]:
        made = tmp_path / f"{name}.xlsx"
        script["other"](made)
        sheet = script["SHEETS"].get(name.rpartition("-")[0], "Statement")
        of_made, of_committed = (
            list(rows_of_workbook("a.xlsx", path.read_bytes(), sheet))
            for path in (made, FILES / made.name)
        )
        assert of_made == of_committed, name


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("tiktok-on-hold.csv", ["577590000000000002"]),
        ("tiktok-affiliate.csv", ["577530000000000004"]),
        ("tiktok-affiliate-partner.csv", ["586330000000000004"]),
        ("tiktok-transactions.ndjson", ["163670000000000006"]),
        ("douyin-bill.csv", ["'AS2026051401"]),
        ("amazon-settlement-v2.tsv", [None, None]),
        ("stripe-payouts.csv", ["txn_5", "txn_6"]),
        ("adyen-settlement.csv", [None, None]),
    ],
)
def test_rows_that_claim_nothing_are_shown(name: str, shown: list[str | None]) -> None:
    """Estimates without an actual figure, adjustments of no order, payouts, a summary: told by the
    order or the id that they have."""
    sample = BY_NAME[name]
    found = read_orders(
        sample.path("good"), sample.profile, **({"store": "TT-01"} | sample.options)
    )
    assert [one.get("related", one.get("id")) for one in found.other] == shown


def test_a_store_that_the_file_does_not_name_is_asked_for() -> None:
    """Whose file it is cannot be guessed."""
    path = FILES / "stripe-payouts-good.csv"
    assert refused(path, "stripe-payouts", store=None).endswith("has no store column.")


def test_a_currency_that_the_file_does_not_name_is_asked_for() -> None:
    """An amount without its currency is none."""
    said = refused(FILES / "tiktok-transactions-good.ndjson", "tiktok-transactions")
    assert "nothing gives currency" in said
