"""Account names that other programs accept, and no two accounts under one name."""

import re
import unicodedata

import pytest
from beancount.core.account import is_valid
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ledger.accounting.chart import KINDS, Account, parse_account
from projections.exporters.names import exported_account, exported_name

ANY_TEXT = st.text(max_size=8)
ANY_ACCOUNT = st.builds(Account, st.sampled_from(KINDS), ANY_TEXT, ANY_TEXT)
IDS = st.text(
    st.characters(categories=("L", "N", "M"), include_characters="._-"), min_size=1, max_size=64
)
NAMES = [
    ("Liabilities:Payable:partner:P-01", "Liabilities:Payable:Partner:P-01"),
    ("Assets:Receivable:merchant:M-7", "Assets:Receivable:Merchant:M-7"),
    ("Assets:Receivable:merchant:S-1001", "Assets:Receivable:Merchant:S-1001"),
    ("Assets:Receivable:merchant:7eleven", "Assets:Receivable:Merchant:7eleven"),
    ("Assets:Receivable:merchant:m_7", "Assets:Receivable:Merchant:X--lm--u7"),
    ("Assets:Receivable:merchant:7.a", "Assets:Receivable:Merchant:7--da"),
    ("Assets:Receivable:merchant:-a-", "Assets:Receivable:Merchant:X--l--ha--h"),
    ("Assets:Receivable:merchant:A--b", "Assets:Receivable:Merchant:A--h--hb"),
    ("Assets:Receivable:merchant:A-_b", "Assets:Receivable:Merchant:A--h--ub"),
    ("Assets:Receivable:merchant:北京-店", "Assets:Receivable:Merchant:X--l北京-店"),
    ("Assets:Receivable:merchant:Ünï", "Assets:Receivable:Merchant:X--l--xdczn--xefz"),
    ("Assets:Payable:platform", "Assets:Payable:X--lplatform"),
    ("Income:FixedFee:growth-2026-05", "Income:FixedFee:X--lgrowth-2026-05"),
    ("Assets:Cash", "Assets:Cash"),
]
LOOK_ALIKE = ["m_7", "m-7", "m.7", "M-7", "m--7", "m--u7", "X--lm-7", "X--lm--u7", "u7", "mu7"]
LOOK_ALIKE += ["m-_7", "m_-7", "m--x5fz7", "X", "X--l", "x", "partner", "Partner", "e\u0301", "é"]


@given(ANY_ACCOUNT)
@example(Account("Assets", "", ":"))
@example(Account("Assets", "Cash", "Partner:x"))
@settings(max_examples=300)
def test_an_account_can_be_read_back_from_its_name(account: Account) -> None:
    """Whatever its texts hold; so no two accounts have one name."""
    assert exported_account(exported_name(account)) == account


@given(
    st.sampled_from(("Payable", "AdCredit")), st.sampled_from(("partner:", "merchant:", "")), IDS
)
@settings(max_examples=300)
def test_a_name_of_any_id_is_one_for_both_programs(name: str, role: str, id_: str) -> None:
    """Beancount's own test; for hledger nothing that it would read as something else."""
    account = Account("Liabilities", name, role + id_)
    found = exported_name(account)
    assert exported_account(found) == account
    assert is_valid(found)
    assert re.fullmatch(
        r"[A-Z0-9][A-Za-z0-9\u4e00-\u9fff-]*(:[A-Z0-9][A-Za-z0-9\u4e00-\u9fff-]*)+", found
    )


@pytest.mark.parametrize(("text", "name"), NAMES)
def test_a_name_is_as_readable_as_it_can_be(text: str, name: str) -> None:
    """Ids in common use stay; the rest can be told."""
    assert exported_name(parse_account(text)) == name
    assert exported_account(name) == parse_account(text)


def test_ids_that_look_alike_have_names_of_their_own() -> None:
    """As a party, as a program, and as what another one is escaped to."""
    of = [role + one for one in LOOK_ALIKE for role in ("", "partner:", "merchant:")]
    names = {exported_name(Account("Assets", "Payable", one)) for one in of}
    assert len(names) == len(of)


@pytest.mark.parametrize(
    "name",
    [
        *(
            "Equity:Opening",
            "Assets",
            "Assets:a",
            "Assets:A:B:C:D",
            "Assets:A--q",
            "Assets:A--x5fz",
        ),
        *(
            "Assets:X--lA",
            "Assets:A-",
            "Assets:A B",
            "Assets:Cash:X--l:X--l:",
            "Assets:A--xffffffz",
        ),
    ],
)
def test_a_name_that_no_account_has_is_refused(name: str) -> None:
    """Also one that would read as an account, but is not how that one is written."""
    with pytest.raises(ValueError, match="is not an account name"):
        exported_account(name)


def test_the_characters_that_stay_are_letters_everywhere() -> None:
    """From the first to the last of those that are not escaped."""
    assert {unicodedata.category(chr(one)) for one in range(0x4E00, 0x9FA6)} == {"Lo"}
