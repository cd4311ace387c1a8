"""The tree over what a decision states, and what a proof says of its rows."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from ledger.aggregates.settlement import (
    AdjustedLine,
    StatedLine,
    StatementAdjusted,
    StatementIssued,
)
from ledger.kernel.line_leaves import SaltedRow, range_of_rows, root_of_rows, salted
from ledger.kernel.proof_errors import BadProof
from ledger.usecases.evidence.proofs_of_lines import checked_rows
from ledger.usecases.line_trees import place_to_payee, read_row, rows_of, with_trees

SECRET = bytes(32)


def issued(payee: str, *lines: StatedLine) -> StatementIssued:
    common = {"rules": "affiliate", "program": "p", "zone": "UTC"}
    return StatementIssued(**common, payee=payee, lines=lines)


def line(name: str, amount: str = "1.00", **more: Any) -> StatedLine:
    common = {"kind": "commission", "subject": "store:S-1", "outcome": "payable"}
    return StatedLine(line=name, amount=amount, currency="USD", **common, **more)


STATEMENTS = [
    issued("partner:P-2", line("p/2"), line("p/3")),
    issued("merchant:M-1", line("p/1", "-1.00", payee="partner:P-1")),
    issued("partner:P-1", line("p/1", payer="merchant:M-1")),
]


def test_the_rows_of_a_payee_stand_together_whatever_the_order_of_the_statements() -> None:
    rows = rows_of(STATEMENTS)
    assert rows == rows_of(STATEMENTS[::-1])
    assert [row.statement.rpartition("/")[2] for row in rows] == [
        "merchant:M-1",
        "partner:P-1",
        "partner:P-2",
        "partner:P-2",
    ]
    assert [row.to_payee for row in rows] == [False, True, True, True]


def test_a_line_that_is_passed_on_is_proved_as_its_payee_was_told_of_it() -> None:
    rows = rows_of(STATEMENTS)
    assert place_to_payee(rows, "p/1") == 1
    assert place_to_payee(rows[:1], "p/1") is None


def test_a_leaf_says_where_its_row_stands_and_all_that_was_stated() -> None:
    place, stated = read_row(rows_of(STATEMENTS)[3].text)
    assert (place.row, place.rows) == (2, 2)
    assert stated == line("p/3")


def test_two_adjustments_that_state_the_same_have_secrets_and_roots_of_their_own() -> None:
    """Else equal rows would be seen to be equal, and a salt of one tell those of the other."""
    row = AdjustedLine(line="p/1", kind="commission", subject="store:S-1", outcome="payable")
    common = {"rules": "affiliate", "program": "p", "zone": "UTC", "payee": "partner:P-1"}
    clocks = {"as_of": 0, "known_at": 9, "closed": 8, "digest": "d"}
    adjusted = StatementAdjusted(**common, **clocks, lines=(row,))
    sealed, secrets = with_trees([adjusted, adjusted])
    trees = [event.line_tree for event in sealed if isinstance(event, StatementAdjusted)]
    assert [tree.rows for tree in trees if tree] == [1, 1]
    assert {tree.root for tree in trees if tree} == set(secrets)
    assert len(set(secrets.values())) == 2


def test_a_decision_that_states_nothing_has_no_tree() -> None:
    events = [issued("partner:P-1")]
    assert with_trees(events) == (events, {})


def proof_of(texts: list[str], first: int = 0, last: int = 0) -> tuple[dict[str, Any], Any]:
    """What whoever makes log and proof alike could say."""
    rows = salted(SECRET, texts)
    tree = {"root": root_of_rows(rows).hex(), "rows": len(rows)}
    shown = [{"salt": row.salt.hex(), "text": row.text} for row in rows[first : last + 1]]
    hashes = [value.hex() for value in range_of_rows(rows, first, last)]
    return {"line_tree": tree}, {"first": first, "rows": shown, "hashes": hashes}


def test_all_rows_of_one_statement_are_a_whole_one_and_others_are_not() -> None:
    texts = [row.text for row in rows_of(STATEMENTS)]
    assert checked_rows(*proof_of(texts, 2, 3))["whole"] is True
    for first, last in ((2, 2), (3, 3), (1, 2), (0, 3)):
        assert checked_rows(*proof_of(texts, first, last))["whole"] is False


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        "{}",
        '{"statement": "p/1", "row": 1, "rows": 1}',
        '{"statement": 1, "row": 1, "rows": 1, "line": "p/1", "outcome": "payable"}',
    ],
)
def test_a_row_that_no_decision_states_is_refused_though_everything_fits(text: str) -> None:
    with pytest.raises(BadProof):
        checked_rows(*proof_of([text]))


@pytest.mark.parametrize(
    "change",
    [
        {"amount": "a lot"},
        {"amount": "1.00", "currency": "doubloons"},
        {"amount": 1},
        {"row": "1"},
        {"rows": None},
        {"more": "than a line has"},
    ],
)
def test_a_field_that_no_line_has_is_refused(change: dict[str, Any]) -> None:
    text = json.dumps(json.loads(rows_of(STATEMENTS)[1].text) | change)
    with pytest.raises(BadProof):
        checked_rows(*proof_of([text]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda says, said: says.update(line_tree=None),
        lambda says, said: says.pop("line_tree"),
        lambda says, said: says["line_tree"].update(rows=10**30),
        lambda says, said: says["line_tree"].update(root="00"),
        lambda says, said: said.update(first=-1),
        lambda says, said: said.update(first=True),
        lambda says, said: said.update(rows={}),
        lambda says, said: said.update(hashes=["00"]),
    ],
)
def test_a_proof_of_another_shape_is_refused(spoil: Callable[[Any, Any], Any]) -> None:
    says, said = proof_of([row.text for row in rows_of(STATEMENTS)])
    spoil(says, said)
    with pytest.raises(BadProof):
        checked_rows(says, said)


def test_a_salt_that_was_altered_is_refused() -> None:
    says, said = proof_of([row.text for row in rows_of(STATEMENTS)])
    said["rows"][0]["salt"] = "00" * 16
    with pytest.raises(BadProof, match="states no such lines"):
        checked_rows(says, said)
    assert SaltedRow(bytes(16), "").leaf()
