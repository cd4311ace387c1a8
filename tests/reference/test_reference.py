"""The reference in `docs/reference/` is what the product says of itself."""

import ast
from pathlib import Path

import pytest

from ledger.intake.rejection import CODES
from tests.reference.pages import EXIT_CODES, REFERENCE, pages

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


@pytest.mark.parametrize("name", sorted(path.name for path in REFERENCE.glob("*.md")))
def test_a_page_is_current(name: str, made: dict[str, str]) -> None:
    """`make reference` writes it anew; read the difference before it is committed."""
    assert (REFERENCE / name).read_text(encoding="utf-8") == made[name]


def test_no_page_is_missing(made: dict[str, str]) -> None:
    """And none is left of what is not made any more."""
    assert {path.name for path in REFERENCE.iterdir()} == set(made)


def test_every_code_of_a_rejection_says_what_it_means() -> None:
    """Wherever a row is rejected, its code is one of the list."""
    named = set()
    for path in (ROOT / "ledger" / "intake").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
                "Problem",
                "RowFault",
            ):
                texts = [part.value for part in node.args if isinstance(part, ast.Constant)]
                named |= {text for text in texts if isinstance(text, str) and "_" in text}
    named = {text for text in named if " " not in text and text != "order_id"}
    assert len(named) > 8
    assert named <= set(CODES)


def test_every_exit_code_of_the_command_line_is_listed() -> None:
    """Those of refusals, and those of what went well, differs or was stopped."""
    from cli.main import EXIT, INTERRUPTED

    assert {0, 3, INTERRUPTED, *EXIT.values()} == set(EXIT_CODES)
