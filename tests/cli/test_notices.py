"""What people are told beside an answer: that something is closed, accepted, or likely wrong."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.closing import AS_OF, BY, JSON, PAY, STATEMENT, Duebook
from tests.quarter import PROGRAM, amount_of, closure

LINE = f"{PROGRAM}/S-1"
Write = Callable[..., str]


def test_a_settle_of_a_closed_period_says_how_it_is_recalculated(closed: Duebook) -> None:
    """And a fresh run that it is one."""
    said = closed("settle", PROGRAM, *AS_OF).err
    assert "Closed at position" not in said, "not as of a day before the close"
    said = closed("settle", PROGRAM).err
    assert "Closed at position" in said
    assert f"Recalculated: duebook settle {PROGRAM} --fresh" in said
    assert "This is recalculated as of now" in closed("settle", PROGRAM, "--fresh").err


def test_an_explanation_of_a_closed_line_says_what_its_payee_was_told(
    closed: Duebook, file: Write
) -> None:
    """As issued, as adjusted, and by whose figure."""
    said = closed("explain", LINE).err
    assert "Issued to partner:P-1: 2,000.00 CNY payable." in said
    closed("record", file([closure("S-1")], "more.ndjson"))
    closed("adjust", PROGRAM, *BY)
    assert "; adjusted at position" in closed("explain", LINE).err
    platform = file(f"line,amount,currency\n{LINE},1500.00,CNY\n", "platform.csv")
    closed("reconcile", PROGRAM, "--against", platform, "--keep", *BY)
    accept = ("--as", "accept_theirs", "--reason", "as agreed", *BY)
    assert closed("reconcile", PROGRAM, "--resolve", f"{LINE}#amount_differs", *accept).code == 0
    said = closed("explain", LINE).err
    assert "to 1,500.00 CNY payable, the platform's figure, accepted because: as agreed." in said


def test_an_adjustment_says_which_lines_it_leaves_alone(closed: Duebook, file: Write) -> None:
    """Those whose figure was accepted, also when nothing else has changed."""
    platform = file(f"line,amount,currency\n{LINE},1500.00,CNY\n", "platform.csv")
    closed("reconcile", PROGRAM, "--against", platform, "--keep", *BY)
    accept = ("--as", "accept_theirs", "--reason", "as agreed", *BY)
    closed("reconcile", PROGRAM, "--resolve", f"{LINE}#amount_differs", *accept)
    closed("record", file([closure("S-1")], "more.ndjson"))
    ran = closed("adjust", PROGRAM, "--dry-run")
    assert f"Not adjusted: {LINE} keeps the platform's figure ({LINE}#amount_differs)" in ran.err


def test_an_adjustment_names_a_command_that_shows_its_fact(closed: Duebook, file: Write) -> None:
    """The very event, not the one after it."""
    closed("record", file([closure("S-1")], "more.ndjson"))
    ran = closed("adjust", PROGRAM, "--dry-run", *JSON)
    (position,) = ran.json["adjustments"][0]["because"]
    said = closed("adjust", PROGRAM, "--dry-run").err
    command = f"duebook log --after {position - 1} --limit 1"
    assert command in said
    (event,) = closed(*command.split()[1:], *JSON).json
    assert (event["position"], event["type"]) == (position, "StoreClosed")


def test_a_look_at_an_adjustment_may_be_of_an_earlier_position(
    closed: Duebook, file: Write
) -> None:
    """As every answer; what is issued is of all that is known."""
    head = closed("log", *JSON).json[-1]["position"]
    closed("record", file([closure("S-1")], "more.ndjson"))
    assert closed("adjust", PROGRAM, "--dry-run").code == 3
    assert closed("adjust", PROGRAM, "--dry-run", "--known-at", head).code == 0
    assert closed("adjust", PROGRAM, *BY, "--known-at", head).code == 2


def test_a_statement_may_be_of_an_earlier_as_of(closed: Duebook) -> None:
    """Without what was decided after it; before the close there is none."""
    issued = closed("statement", PROGRAM, *JSON).json["issued_at"]
    closed("pay", STATEMENT, "--amount", "1000.00", "--ref", "r-1", *PAY)
    paid = closed("statement", PROGRAM, *JSON).json["statements"][0]["paid"]
    assert paid == "1000.00"
    then = closed("statement", PROGRAM, "--as-of", issued, *JSON).json["statements"][0]["paid"]
    assert then == "0.00"
    ran = closed("statement", PROGRAM, "--as-of", "2026-06-30")
    assert (ran.code, "and as of 2026-06-30" in ran.err) == (1, True)


def test_a_statement_counts_the_lines_that_pay_nothing(closed: Duebook) -> None:
    """The table shows movements; these have none."""
    said = closed("statement", PROGRAM).err
    assert "Lines without an amount due: 1 declined, 1 held." in said


def test_a_payment_the_wrong_way_round_is_told(closed: Duebook) -> None:
    """It is recorded where somebody says that it is meant: what is open only grows by it."""
    wrong = ("pay", STATEMENT, "--amount", "-4000.00", "--ref", "r-1", *PAY)
    ran = closed(*wrong)
    assert (ran.code, "increases that to 8000.00" in ran.err) == (1, True)
    ran = closed(*wrong, "--yes")
    assert ran.code == 0
    assert "Careful: 4,000.00 CNY was open" in ran.err
    ran = closed("pay", STATEMENT, "--amount", "4000.00", "--ref", "r-2", *PAY)
    assert "Careful" not in ran.err


@pytest.mark.parametrize("strict", [False, True])
def test_two_files_with_the_same_content_are_told(
    empty: Path, duebook: Duebook, file: Write, strict: bool
) -> None:
    """Facts without an id count in both; with --strict nothing is recorded."""
    facts = [amount_of("S-1", "10.00")]
    names = [file(facts, "a.ndjson"), file(facts, "b.ndjson")]
    ran = duebook("record", *names, *(["--strict"] if strict else []))
    assert "b.ndjson:1: same_file: has the same content as a.ndjson" in ran.err
    assert ran.code == (1 if strict else 0)
    assert ("Without --strict it would be recorded" in ran.err) == strict


@pytest.mark.parametrize(
    "words",
    [("log", "--after", 10**20), ("log", "--limit", 10**20), ("withdraw", 10**20, "--reason", "x")],
)
def test_a_number_beyond_every_log_is_a_usage_error(
    empty: Path, duebook: Duebook, words: tuple[object, ...]
) -> None:
    """Not a failure of the database."""
    assert duebook(*words).code == 2


def test_the_table_of_the_log_cuts_long_events_and_the_data_do_not(closed: Duebook) -> None:
    """A close names all its lines."""
    table = closed("log").out
    assert max(map(len, table.splitlines())) < 500
    assert "(all of it: --format ndjson)" in table
    assert "(all of it" not in closed("log", "--format", "ndjson").out
