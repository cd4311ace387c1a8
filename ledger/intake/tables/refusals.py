"""Why a mapping, or a file read through one, cannot be used as a whole."""

from ledger.kernel.errors import Refusal


class BadMapping(Refusal):
    """A mapping that contradicts itself, or says what no mapping can."""

    kind = "usage"


class BadTable(Refusal):
    """A file that is not a readable table, or not the one that a mapping is for."""

    hint = "Look at what it holds: duebook files FILE"


class HeaderNotFound(BadTable):
    """A file in which no row is the header that a mapping names."""


class UnmappedColumns(BadTable):
    """Columns of a file that a mapping neither reads nor ignores."""


class MissingColumns(BadTable):
    """What the file, the mapping and the options together do not supply."""
