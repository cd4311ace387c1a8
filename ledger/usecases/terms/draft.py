"""Draft terms: read from a file, never recorded."""

from ledger.intake.border import MIB, read_bounded
from ledger.kernel.errors import BadTerms
from ledger.programs.edition import Edition, parse_toml
from ledger.programs.registry import checked

BYTES_MAX = MIB


def read_terms(path: str) -> Edition:
    """An edition from a TOML file, checked. Raises `MissingFile` or `BadTerms`."""
    try:
        text = read_bounded(path, BYTES_MAX).decode("utf-8")
    except UnicodeDecodeError:
        raise BadTerms(f"{path} is not UTF-8 text.", "Save the terms as TOML in UTF-8.") from None
    return checked(parse_toml(text, path))
