"""Texts that stay as they are: compared with a file, or written to it."""

import os
from pathlib import Path


def same_as(path: Path, text: str) -> None:
    """The text is the file's; with DUEBOOK_GOLDEN=write it becomes so."""
    if os.environ.get("DUEBOOK_GOLDEN") == "write":
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text
