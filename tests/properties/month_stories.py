"""Random small stories of one month, of programs whose lines are between several parties."""

from collections.abc import Callable
from random import Random
from typing import Any, NamedTuple

Fact = dict[str, Any]
Facts = list[Fact]


class Subject(NamedTuple):
    """A program with a month of it, who keeps books, and how a story of it is drawn."""

    program: str
    period: str
    parties: tuple[str, ...]
    story: Callable[[Random], Facts]


def _day(chance: Random, year_and_month: str) -> str:
    return f"{year_and_month}-{chance.choice(['01', '15', '28'])}"


def agreements(chance: Random) -> Facts:
    """Fees, shares and splits of few partners with few merchants and one creator."""
    facts: Facts = [
        {"type": "MerchantOnboarded", "at": "2026-01-02T00:00:00Z", "market": "CN"}
        | {"merchant": f"M-{number}", "store": f"S-{number}"}
        for number in (1, 2)
    ]
    facts += [
        {"type": "PartnerCertified", "at": "2026-02-01T00:00:00Z", "partner": f"P-{number}"}
        for number in (1, 2)
        if chance.random() < 0.8
    ]
    for number in range(chance.randint(3, 6)):
        facts.append(_agreement(chance, f"AG-{number}"))
        if chance.random() < 0.3:
            ended = {"type": "AgreementEnded", "at": "2026-05-20T00:00:00Z"}
            facts.append(ended | {"agreement": f"AG-{number}", "on": _day(chance, "2026-05")})
    for _ in range(chance.randint(2, 5)):
        day, amount = _day(chance, "2026-05"), chance.choice(["100.01", "0.01", "-7.35", "33.33"])
        own = {"at": f"{day}T12:00:00Z", "day": day, "currency": "CNY"}
        earned = {"type": "CommissionEarned", "creator": "C-1", "amount": amount}
        sold = {"type": "GMVRecorded", "store": chance.choice(["S-1", "S-2"]), "amount": amount}
        facts.append(own | chance.choice([earned, sold | {"basis": "settled"}]))
    for number in range(chance.randint(0, 2)):
        money = chance.choice([{"currency": "CNY"}, {"commodity": "TRAFFIC"}])
        facts.append(
            {"type": "IncentiveGranted", "at": "2026-05-21T00:00:00Z", "grant": f"G-{number}"}
            | {"program": AGREEMENTS.program, "partner": "P-1", "amount": "88"}
            | money
        )
    return facts


def _agreement(chance: Random, name: str) -> Fact:
    signed = {
        "type": "AgreementSigned",
        "at": "2026-04-01T00:00:00Z",
        "agreement": name,
        "partner": chance.choice(["P-1", "P-2"]),
        "currency": "CNY",
        "from": _day(chance, chance.choice(["2026-04", "2026-05"])),
    }
    if chance.random() < 0.5:
        share = chance.choice(["0.3333", "0.5", "0"])
        return signed | {"creator": "C-1", "share": share, "of": "commission"}
    merchant = {"merchant": chance.choice(["M-1", "M-2"])}
    fee = {"flat": chance.choice(["3000.00", "0.01"]), "per": chance.choice(["month", "once"])}
    share = {"share": "0.05", "of": "gmv", "stores": ["S-1"]}
    return signed | merchant | chance.choice([fee, share, fee | share])


def deposits(chance: Random) -> Facts:
    """Two stores whose deposits are asked for, paid, used and given back around a closing."""
    facts: Facts = []
    for store in ("S-1", "S-2"):
        own = {"store": store}
        facts.append(
            {"type": "MerchantOnboarded", "at": "2020-01-02T00:00:00Z", "merchant": "M-1"}
            | {"market": "CN", **own}
        )
        for _ in range(chance.randint(3, 8)):
            month = chance.choice(["2020-04", "2020-05", "2020-05", "2020-06"])
            hour = chance.choice(["00:00:00", "15:59:59", "16:00:00"])
            at = {"at": f"{_day(chance, month)}T{hour}Z", **own}
            money = {"amount": chance.choice(["0.01", "50.00", "2000.00"]), "currency": "CNY"}
            facts.append(
                at
                | chance.choice(
                    [
                        {"type": "DepositPaid", **money},
                        {"type": "DepositPaid", **money},
                        {"type": "DepositRequired", **money},
                        {"type": "DepositCompensated", **money},
                        {"type": "DepositDeducted", "reason": "penalty", **money},
                        {"type": "DepositReturned", **money},
                        {"type": "StoreClosed", "reason": "voluntary"},
                        {"type": "StoreReopened"},
                    ]
                )
            )
    return facts


def admissions(chance: Random) -> Facts:
    """Applications of one partner with few statements about it, some told twice."""
    facts: Facts = []
    for number in range(chance.randint(2, 4)):
        applied = {
            "type": "PartnerApplied",
            "at": f"2026-03-{chance.choice(['01', '10', '31'])}T15:59:59Z",
            "application": f"A-{number}",
            "partner": "P-1",
            "kind": "agency",
            "region": chance.choice(["HK", "DE"]),
            "registered_on": "2020-01-01",
            "services": ["delivery"],
            "certificate": True,
            "fixed_office": True,
            "live_hardware": True,
        }
        facts.append(applied | chance.choice([{}, {"team_size": 4}, {"team_size": 5}]))
        if chance.random() < 0.5:
            facts.append(
                {"type": "ApplicationSupplemented", "at": "2026-04-02T00:00:00Z"}
                | {"application": f"A-{number}", "team_size": chance.choice([4, 5])}
            )
    if chance.random() < 0.5:
        facts.append(
            {"type": "RiskRecordFound", "at": "2026-04-05T00:00:00Z", "partner": "P-1"}
            | {"kind": "litigation", "on": chance.choice(["2026-03-01", "2026-03-10"])}
        )
    return facts


def samples(chance: Random) -> Facts:
    """Two stores whose balances move around the month, with requests of one creator."""
    facts: Facts = [
        {"type": "MerchantOnboarded", "at": "2023-06-01T00:00:00Z", "merchant": "M-1"}
        | {"market": "US", "store": store}
        for store in ("S-1", "S-2")
    ]
    for _ in range(chance.randint(8, 16)):
        month = chance.choice(["2024-04", "2024-05", "2024-05", "2024-06"])
        hour = chance.choice(["00:00:00", "15:59:59", "16:00:00"])
        at = {"at": f"{_day(chance, month)}T{hour}Z"}
        own = at | {"store": chance.choice(["S-1", "S-2"])}
        money = own | {"amount": chance.choice(["0.01", "7.49", "20.00"]), "currency": "USD"}
        request = {"request": f"R-{chance.randint(1, 3)}"}
        asked = own | request | {"product": "K-1", "creator": "C-1"}
        offered = own | {"product": "K-1", "floor_price": "1.00", "currency": "USD"}
        known = at | {"creator": "C-1", "country": "US", "age": 24}
        facts.append(
            chance.choice(
                [
                    {"type": "ProceedsSettled", **money},
                    {"type": "BalancePaid", **money},
                    {"type": "SampleFreightAdvanced", **money},
                    {"type": "SampleFreightAdvanced", **money},
                    {"type": "PayoutMade", **money},
                    {"type": "SampleThresholdSet", **own, "followers_min": 5000},
                    {"type": "ProductSubmitted", **offered, "free_samples": 1, "auto_approve": 0},
                    {"type": "SampleRequested", **asked},
                    {"type": "SampleRequested", **asked},
                    {"type": "SampleApproved", **at, **request, "by": "merchant"},
                    {"type": "CreatorRegistered", **known, "followers": chance.choice([10, 5000])},
                ]
            )
        )
    return facts


AGREEMENTS = Subject(
    "service-agreements-2022",
    "2026-05",
    ("platform", "partner:P-1", "partner:P-2", "merchant:M-1", "merchant:M-2", "creator:C-1"),
    agreements,
)
DEPOSITS = Subject("deposit-2020", "2020-05", ("platform", "store:S-1", "store:S-2"), deposits)
SAMPLES = Subject(
    *("samples-us-2024", "2024-05", ("platform", "store:S-1", "store:S-2", "creator:C-1")), samples
)
ADMISSIONS = Subject("partner-admission-2022", "2026-03", ("platform", "partner:P-1"), admissions)
