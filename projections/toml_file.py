"""TOML files that people write for the command line."""

import tomllib
from pathlib import Path
from typing import Any

from ledger.kernel.errors import Refusal


def read_toml(path: Path, refusal: type[Refusal]) -> dict[str, Any]:
    """What a file says. Raises the refusal where it cannot be read, or is not TOML in UTF-8."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise refusal(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise refusal(f"{path} is not TOML in UTF-8: {error}.") from None
