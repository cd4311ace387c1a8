"""The catalogue of facts, and terms from `programs` through an editor to `publish`."""

import json
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

Duebook = Callable[..., Any]
File = Callable[..., str]
PROGRAM = "recruiting-eu-jp-2026q1"
AS_OF = ("--as-of", "2026-06-30")
JSON = ("--format", "json")
TYPES = [
    *("PartnerCertified", "PartnerTerminated", "IncentiveWithheld", "MerchantTargeted"),
    *("MerchantUntargeted", "MerchantOnboarded", "StoreVerified", "StockListed", "StockDelisted"),
    *("FirstSale", "GMVRecorded", "StoreSuspended", "StoreClosing", "StoreReopened"),
    *("StoreClosed", "RateQuoted", "MerchantInvited", "MerchantEnrolled", "ContentPromised"),
    *("ContentDelivered", "FixedFeePaid", "DiscountRevoked", "LiveTaskOrdered", "LinkListed"),
    *("StoreCategoriesSet", "DepositRequired", "DepositPaid", "DepositCompensated"),
    *("DepositDeducted", "DepositReturned"),
    *("PartnerApplied", "ShopApplied", "ApplicationSupplemented", "RiskRecordFound"),
    *("AgreementSigned", "AgreementEnded", "CommissionEarned", "IncentiveGranted"),
    *("ProbationStarted", "ProbationEnded", "FollowersCounted", "StoreNamed", "AccountNamed"),
    *("AccountUnbound", "AccountBound", "PidUnlinked", "PidLinked"),
    *("CreatorRegistered", "AffiliatePlanSet", "AffiliatePlanEnded", "CreatorApproved"),
    *("CreatorDisapproved", "ProceedsSettled", "BalancePaid", "SampleFreightAdvanced"),
    *("PayoutMade", "SampleThresholdSet", "ProductSubmitted", "SampleRequested", "SampleApproved"),
    *("CampaignCreated", "PromotionConfirmed", "CampaignEntered"),
    "FactWithdrawn",
]


def test_the_catalogue_lists_every_fact_with_its_meaning(duebook: Duebook) -> None:
    """Those of the contract that the shipped rules rest on, in its order."""
    rows = duebook("facts", *JSON).json
    assert [row["type"] for row in rows] == TYPES
    assert all(row["meaning"] for row in rows)


def test_every_example_of_the_catalogue_can_be_recorded(
    empty: Path, duebook: Duebook, file: File
) -> None:
    """All in one call: what is shown as an example is taken as it stands."""
    types = [row["type"] for row in duebook("facts", *JSON).json]
    examples = [duebook("facts", one, *JSON).json["example"] for one in types]
    assert [one["type"] for one in examples] == types
    ran = duebook("record", file(examples), *JSON)
    assert (ran.code, ran.json["rejected"]) == (0, [])
    assert ran.json["recorded"] == len(types)


def test_one_fact_in_full_names_its_fields_and_warnings(duebook: Duebook) -> None:
    """The table ends with a line that can be copied into a file."""
    ran = duebook("facts", "GMVRecorded")
    assert "placed, settled" in ran.out
    assert "two_feeds" in ran.out
    assert json.loads(ran.out.splitlines()[-1])["type"] == "GMVRecorded"


def test_the_schema_is_a_json_schema_of_every_fact(duebook: Duebook, here: Path) -> None:
    """Each names its type, asks for `at`, and takes its own example."""
    document = duebook("facts", "--schema").json
    assert document["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    types = [row["type"] for row in duebook("facts", *JSON).json]
    assert [one["properties"]["type"]["const"] for one in document["oneOf"]] == types
    for one in document["oneOf"]:
        example = duebook("facts", one["properties"]["type"]["const"], *JSON).json["example"]
        assert set(example) <= set(one["properties"])
        assert set(one["required"]) <= set(example)
    alone = duebook("facts", "StoreClosed", "--schema").json
    assert alone["properties"] == document["oneOf"][types.index("StoreClosed")]["properties"]
    assert duebook("facts", "--schema", "-o", "facts.json").code == 0
    assert json.loads((here / "facts.json").read_text(encoding="utf-8")) == document


@pytest.fixture
def mine(demo: Path, duebook: Duebook, here: Path) -> Path:
    """The published terms as a file, with another award and a table of ratios."""
    assert duebook("programs", PROGRAM, "--format", "toml", "-o", "mine.toml").code == 0
    path = here / "mine.toml"
    text = path.read_text(encoding="utf-8")
    text = text.replace('publisher = "duebook"', 'publisher = "acme"')
    text = text.replace('award = "2000.00"', 'award = "1500.00"')
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("program", "key", "value"),
    [(PROGRAM, "award", "2000.00"), ("growth-2026-05", "fixed_fee", "6000.00")],
)
def test_printed_terms_read_back_as_what_is_published(
    demo: Path, duebook: Duebook, program: str, key: str, value: str
) -> None:
    """Published again they are known, not recorded a second time."""
    text = duebook("programs", program, "--format", "toml").out
    assert tomllib.loads(text)["terms"][key] == value
    (published,) = duebook("log", f"terms:{program}", "--format", "ndjson").lines
    Path("same.toml").write_text(text, encoding="utf-8")
    ran = duebook("publish", "same.toml", "--by", "lin", *JSON)
    expected = (0, False, published["position"])
    assert (ran.code, ran.json["recorded"], ran.json["position"]) == expected


def test_a_draft_shows_what_would_change_and_records_nothing(mine: Path, duebook: Duebook) -> None:
    """Line by line, in the table's talk and under `changes` in JSON."""
    before = duebook("log", "--format", "ndjson").out
    answer = duebook("settle", PROGRAM, *AS_OF, "--terms", mine.name, *JSON).json
    assert answer["totals"] == {"CNY": "40500.00"}
    assert answer["terms"]["publisher"] == "acme"
    assert len(answer["changes"]) == 27
    assert {(one["was"], one["now"]) for one in answer["changes"]} == {("2000.00", "1500.00")}
    shown = duebook("settle", PROGRAM, *AS_OF, "--terms", mine.name)
    assert "Against the published terms 27 lines would change:" in shown.err
    assert f"{PROGRAM}/S-1001: payable 2,000.00 -> payable 1,500.00 CNY" in shown.err
    assert duebook("log", "--format", "ndjson").out == before
    assert duebook("settle", PROGRAM, *AS_OF, *JSON).json["totals"] == {"CNY": "54000.00"}


def test_published_terms_are_what_settle_uses_from_then_on(mine: Path, duebook: Duebook) -> None:
    """Known at an earlier position the old ones count; the list shows both versions."""
    ran = duebook("publish", mine.name, "--by", "lin", *JSON)
    assert ran.code == 0
    assert {"program": PROGRAM, "publisher": "acme", "recorded": True}.items() <= ran.json.items()
    answer = duebook("settle", PROGRAM, *AS_OF, *JSON).json
    assert (answer["totals"], answer["terms"]["publisher"]) == ({"CNY": "40500.00"}, "acme")
    before = str(ran.json["position"] - 1)
    earlier = duebook("settle", PROGRAM, *AS_OF, "--known-at", before, *JSON).json
    assert earlier["totals"] == {"CNY": "54000.00"}
    rows = duebook("programs", *JSON).json
    assert [(row["program"], row["publisher"], row["version"]) for row in rows] == [
        ("account-binding-us-2024", "duebook", 1),
        ("affiliate-us-2024", "duebook", 1),
        ("growth-2026-05", "duebook", 2),
        ("partner-admission-2022", "duebook", 1),
        ("pid-binding-2020", "duebook", 1),
        (PROGRAM, "duebook", 2),
        ("service-agreements-2022", "duebook", 1),
        ("shop-admission-2020", "duebook", 1),
        ("star-map-2020", "duebook", 1),
        ("deposit-2020", "duebook", 1),
        ("samples-us-2024", "duebook", 1),
        ("technical-fee-2020", "duebook", 1),
        (PROGRAM, "acme", 2),
    ]


def test_terms_that_cannot_be_published_name_the_key(mine: Path, duebook: Duebook) -> None:
    """Other content under a version, unknown keys, floats, no TOML, no file."""
    text = mine.read_text(encoding="utf-8")
    for old, new, said in [
        ('publisher = "acme"', 'publisher = "duebook"', "award"),
        ('award = "1500.00"', "award = 1500.5", "award"),
        ('award = "1500.00"', 'awart = "1500.00"', "awart"),
        (f'program = "{PROGRAM}"', 'program = "mine"', PROGRAM),
        ("[terms]", "[terms", "mine.toml"),
    ]:
        assert old in text
        mine.write_text(text.replace(old, new), encoding="utf-8")
        ran = duebook("publish", mine.name, "--by", "lin")
        assert (ran.code, ran.out, said in ran.err) == (1, "", True), ran.err
    assert duebook("publish", "nowhere.toml", "--by", "lin").code == 1
    assert duebook("publish", mine.name).code == 2
    assert duebook("programs", "--format", "toml").code == 2
