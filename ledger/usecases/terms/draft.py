"""Terms that are only tried: read from a file, never recorded."""

from pathlib import Path

from ledger.kernel.errors import BadTerms, MissingFile
from ledger.programs.edition import Edition, parse_toml
from ledger.programs.registry import checked


def read_terms(path: str) -> Edition:
    """An edition from a TOML file, checked. Raises `MissingFile` or `BadTerms`."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise BadTerms(f"{path} is not UTF-8 text.", "Save the terms as TOML in UTF-8.") from None
    except OSError as error:
        raise MissingFile(f"{path} cannot be read: {error.strerror}.", "Check the path.") from None
    return checked(parse_toml(text, path))
