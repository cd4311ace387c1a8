"""What happens to the demo's book after its quarter: terms, a close, a late closure, money."""

from pathlib import Path

from cli.main import run

FIXTURES = Path(__file__).parents[2] / "fixtures" / "demo"
QUARTER = "recruiting-eu-jp-2026q1"
DIFFERENCES = 3


def keep_busy(book: Path) -> None:
    """A quarter and a month of fees by order are closed, the quarter adjusted, a partner paid in
    part and a comparison kept, in a book of the demo."""
    for words in (
        ("publish", FIXTURES / "terms-governance.toml", "--by", "lin"),
        ("publish", FIXTURES / "terms-fees.toml", "--by", "lin"),
        ("record", FIXTURES / "shops-2020.ndjson"),
        ("orders", FIXTURES / "orders-2020-05.csv", "--by", "lin"),
        ("close", QUARTER, "--leave-open", "--reason", "two ratios", "--by", "lin"),
        ("close", "technical-fee-2020", "2020-05", "--by", "lin"),
        ("record", FIXTURES / "after-close.ndjson"),
        ("adjust", QUARTER, "--by", "lin"),
        ("pay", "P-01", "--amount", "20000", "--currency", "CNY", "--ref", "r-1", "--by", "lin"),
        ("reconcile", QUARTER, "--against", FIXTURES / "platform-2026q1.csv", "--keep", "--by",
         "lin"),
    ):  # fmt: skip
        code = run([*map(str, words), "--book", str(book)])
        assert code == (DIFFERENCES if words[0] == "reconcile" else 0), words
