"""The tutorial shows the files that its commands are run with."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.cli.documented import FILES, ROOT, blocks

PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
FOLDER = FILES / "tutorial"
TERMS = FOLDER / "acme-terms.toml"
NAMED = re.compile(r"`([\w-]+\.(?:csv|toml))`:\n\n```(?:csv|toml)\n(.*?)^```", re.S | re.M)


def test_every_file_is_shown_as_it_is() -> None:
    """Those that are typed in full; of the terms only what changes is shown."""
    shown = dict(NAMED.findall(PAGE)) | {"mapping.toml": mapping()}
    files = {file.name: file.read_text(encoding="utf-8") for file in FOLDER.iterdir()}
    assert shown == {name: text for name, text in files.items() if name != TERMS.name}


def mapping() -> str:
    """The mapping, the only block of its kind that is a whole file."""
    return next(block for block in blocks(PAGE, "toml") if block.startswith("name = "))


def test_the_terms_are_the_shipped_ones_with_the_changes_shown(
    duebook: Callable[..., Any], empty: Path
) -> None:
    """Nothing else differs from the edition that the reader is told to begin with."""
    shipped = duebook("programs", "recruiting-eu-jp-2026q1", "--format", "toml").out.splitlines()
    own = TERMS.read_text(encoding="utf-8").splitlines()
    shown = [line for block in blocks(PAGE, "toml") if block != mapping()
             for line in block.splitlines()]  # fmt: skip
    assert [line for line in own if line and line not in shipped] == [
        line for line in shown if line not in shipped
    ]
    gone = {line.partition(" = ")[0] for line in shipped if line not in own}
    assert gone == {"publisher", "version", "governance_ratios"}
