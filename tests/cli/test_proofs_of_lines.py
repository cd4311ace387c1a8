"""`duebook proof line` and `proof statement`: what is shown holds, and nothing of others is."""

import base64
import json
import re
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Ran

Duebook = Callable[..., Ran]
PROGRAM = "recruiting-eu-jp-2026q1"
STATEMENT = f"{PROGRAM}/partner:P-01"


def extra_of(proof: Path) -> tuple[str, dict[str, Any]]:
    line = next(row for row in proof.read_text().splitlines() if row.startswith("extra "))
    return line, json.loads(base64.b64decode(line.removeprefix("extra ")))


def altered(proof: Path, change: Callable[[dict[str, Any]], None]) -> Path:
    line, said = extra_of(proof)
    change(said)
    forged = base64.b64encode(json.dumps(said, ensure_ascii=False).encode()).decode()
    other = proof.with_name("altered.proof")
    other.write_text(proof.read_text().replace(line, f"extra {forged}"))
    return other


@pytest.fixture
def proofs(busy: Path, duebook: Duebook) -> tuple[Path, Path, Path]:
    """A whole statement, a line that was adjusted, and the checkpoint of both."""
    folder = busy.parent
    paths = folder / "whole.proof", folder / "line.proof", folder / "kept.note"
    assert duebook("checkpoint", "-o", paths[2]).code == 0
    assert duebook("proof", "statement", STATEMENT, "-o", paths[0]).code == 0
    assert duebook("proof", "line", f"{PROGRAM}/S-1001", "-o", paths[1]).code == 0
    return paths


def test_a_whole_statement_is_proved_without_the_book(
    proofs: tuple[Path, Path, Path], duebook: Duebook
) -> None:
    answer = duebook("check", proofs[0], "--checkpoint", proofs[2], "--format", "json").json
    assert (answer["proves"], answer["statement"], answer["whole"]) == ("lines", STATEMENT, True)
    assert len(answer["lines"]) == 16
    assert answer["totals"] == {"CNY": "28000.00"}


def test_a_proof_shows_nothing_of_other_payees(proofs: tuple[Path, Path, Path]) -> None:
    for proof in proofs[:2]:
        _, said = extra_of(proof)
        text = json.dumps(said) + bytes.fromhex(said["state"]).decode()
        assert not any(f"P-0{other}" in text for other in range(2, 6))


def test_a_line_is_proved_as_it_was_stated_last(
    proofs: tuple[Path, Path, Path], duebook: Duebook
) -> None:
    answer = duebook("check", proofs[1], "--checkpoint", proofs[2], "--format", "json").json
    (row,) = answer["lines"]
    assert (row["outcome"], row["was"], row["difference"]) == ("declined", "2000.00", "-2000.00")


@pytest.mark.parametrize(
    "change",
    [
        lambda said: said["lines"]["rows"][0].update(
            text=said["lines"]["rows"][0]["text"].replace("2000.00", "3000.00")
        ),
        lambda said: said["lines"]["rows"][0].update(salt="00" * 16),
        lambda said: said["lines"]["rows"].pop(),
        lambda said: said["lines"].update(first=said["lines"]["first"] + 1),
        lambda said: said["lines"].update(rows=[]),
        lambda said: said["lines"].update(first="0"),
        lambda said: said["lines"]["rows"][0].update(salt="not hex"),
        lambda said: said.update(lines=None),
    ],
)
def test_what_was_altered_is_refused_in_words(
    proofs: tuple[Path, Path, Path], duebook: Duebook, change: Callable[[dict[str, Any]], None]
) -> None:
    forged = altered(proofs[0], change)
    ran = duebook("check", forged, "--checkpoint", proofs[2])
    assert ran.code == 1
    assert ran.err.startswith("Error: ")
    assert "itself failed" not in ran.err


def test_the_secrets_are_the_owners_alone(busy: Path) -> None:
    assert stat.S_IMODE(Path(f"{busy}.secrets").stat().st_mode) == 0o600


def test_without_its_secret_no_line_is_proved_and_verify_says_so(
    busy: Path, duebook: Duebook
) -> None:
    Path(f"{busy}.secrets").unlink()
    ran = duebook("proof", "line", f"{PROGRAM}/S-1001")
    assert ran.code == 1
    assert "is not kept any more" in ran.err
    verified = duebook("verify")
    assert verified.code == 0
    assert "cannot be checked" in verified.out


def test_secrets_that_are_not_those_of_the_trees_do_not_verify(
    busy: Path, duebook: Duebook
) -> None:
    """The root in the log is neither of the lines nor of another secret."""
    kept = Path(f"{busy}.secrets")
    pairs = [line.split() for line in kept.read_text().splitlines() if line]
    kept.write_text("".join(f"{root} {secret[::-1]}\n" for root, secret in pairs))
    ran = duebook("verify")
    assert ran.code == 5
    assert re.search("line trees +NO? .* is not of its lines", ran.out, re.IGNORECASE)
    assert "are not those of its tree" in duebook("proof", "line", f"{PROGRAM}/S-1004").err


def test_a_line_of_the_secrets_that_was_cut_off_takes_no_other_with_it(
    busy: Path, duebook: Duebook
) -> None:
    kept = Path(f"{busy}.secrets")
    whole = kept.read_text()
    kept.write_text(f"{whole}{'0' * 70}")
    closing = ("close", "technical-fee-2020", "2020-05", "--by", "lin")
    assert duebook(*closing, "--leave-open", "--reason", "late").code in (0, 1)
    assert duebook("proof", "line", f"{PROGRAM}/S-1004").code == 0


def test_short_names_mean_what_they_mean_elsewhere(
    proofs: tuple[Path, Path, Path], duebook: Duebook
) -> None:
    for kind, short, proof in (("line", "S-1001", proofs[1]), ("statement", "P-01", proofs[0])):
        assert duebook("proof", kind, short).out == proof.read_text()


def test_what_is_shown_says_whether_it_was_stated_or_by_how_much_adjusted(
    proofs: tuple[Path, Path, Path], duebook: Duebook
) -> None:
    shown = [duebook("check", proof, "--checkpoint", proofs[2]).out for proof in proofs[:2]]
    assert re.match(rf"Close at position \d+, of {STATEMENT} every line:\n", shown[0])
    assert f"{PROGRAM}/S-1004  payable  2,000.00 CNY\n" in shown[0]
    assert shown[0].endswith("  in all 28,000.00 CNY\n")
    assert re.match(rf"Adjustment at position \d+, of {STATEMENT} all of it:\n", shown[1])
    assert f"{PROGRAM}/S-1001  declined  by -2,000.00 CNY\n" in shown[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("line", "S-9"), "names no line"),
        (("line", f"{PROGRAM}/S-9"), "names no line"),
        (("line", "growth-2026-05/M-401/commission"), "No statement has stated"),
        (("statement", "P-9"), "There is no statement 'P-9'"),
    ],
)
def test_what_nothing_stated_is_refused_in_words(
    busy: Path, duebook: Duebook, words: tuple[str, str], said: str
) -> None:
    ran = duebook("proof", *words)
    assert ran.code in (1, 2)
    assert said in ran.err
