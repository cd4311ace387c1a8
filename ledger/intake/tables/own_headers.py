"""Files with our own headers: every column is what it is called."""

from collections.abc import Sequence

from ledger.intake.tables.mapping import Column, Mapping
from ledger.intake.tables.refusals import MissingColumns
from ledger.intake.tables.targets import Target
from ledger.kernel.fold import fold
from ledger.kernel.near import listed


def own_headers(target: Target, names: Sequence[str]) -> Mapping:
    """The mapping of a file that has our own headers: every column is what it is called."""
    known = {fold(name): name for name in target.kinds}
    columns = {}
    for name in names:
        ours = known.get(fold(name))
        if ours is None and target.nested and name.partition(".")[0] in target.kinds:
            ours = name
        if ours is not None:
            columns[ours] = (Column(header=(name,)),)
    if not columns:
        shown = listed([*map(repr, filter(None, names))], 20) or "no column"
        raise MissingColumns(
            f"None of the columns is one of ours; found {shown}.",
            "Have a mapping drafted: duebook files FILE",
        )
    return Mapping(name="canonical", for_=target.name, columns=columns)
