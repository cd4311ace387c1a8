"""The pictures of the documentation, made of the demo's book: `make pictures` writes them."""

import re
from pathlib import Path

from cli.main import run
from tests.cli.busy import QUARTER
from tests.cli.test_terminal import on_terminal
from tests.pictures.standalone import chart, terminal

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
FEES = ("technical-fee-2020", "2020-05")
CHARTS = {
    "quarter-outcomes": ((QUARTER,), "outcomes"),
    "quarter-waterfall": ((QUARTER,), "waterfall-cny"),
    "quarter-conditions": ((QUARTER,), "conditions"),
    "growth-return": (("growth-2026-05", "--as-of", "2026-10-01"), "return"),
    "fees-by-day": (FEES, "fees-by-day"),
}
"""By file, which chart of which report."""
TERMINALS = {
    "terminal-growth": ("settle growth-2026-05 --as-of 2026-10-01", 120),
    "terminal-close": (f"report close {QUARTER} --as-of 2026-06-30", 100),
}
"""By file, which command on a terminal of how many characters."""


def pictures() -> dict[str, str]:
    """Every picture by its file's name, of the busy demo book in the current folder."""
    made = {}
    for name, (words, own) in CHARTS.items():
        page = Path(f"{name}.html")
        assert run(["report", "close", *words, "-o", str(page)]) == 0
        text = page.read_text(encoding="utf-8")
        svg = re.search(rf'<svg [^>]*aria-labelledby="{own}-title.*?</svg>', text, re.S)
        assert svg is not None, own
        made[f"{name}.svg"] = chart(svg[0])
    for name, (command, width) in TERMINALS.items():
        (written,) = on_terminal([tuple(command.split())], width)
        made[f"{name}.svg"] = terminal(f"duebook {command}", written)
    return made
