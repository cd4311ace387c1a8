"""The header of a file, by names as people see them."""

from collections.abc import Sequence

from ledger.kernel.fold import fold, fold_signs


class Header:
    """The column of each name. Of columns that share a name the first is also called `Name (1)`,
    the next `Name (2)`, unless another column has that name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.doubled: dict[str, list[str]] = {}
        """Names that occur more than once, folded."""
        self._at: dict[str, int] = {}
        for at, name in enumerate(names):
            for folded in {fold(name), fold_signs(name)} - {""}:
                if self._at.setdefault(folded, at) != at:
                    self.doubled.setdefault(folded, [names[self._at[folded]]]).append(name)
        for folded in self.doubled:
            for number, at in enumerate(self._all(folded), start=1):
                for numbered in (f"{folded} ({number})", f"{folded}({number})"):
                    self._at.setdefault(numbered, at)

    def _all(self, folded: str) -> list[int]:
        return [
            at for at, name in enumerate(self.names) if folded in (fold(name), fold_signs(name))
        ]

    def at(self, synonyms: Sequence[str]) -> int | None:
        """The column of the first of some headers that exists; None if none does."""
        for name in synonyms:
            for folded in (fold(name), fold_signs(name)):
                if folded in self._at:
                    return self._at[folded]
        return None

    def knows(self, name: str) -> bool:
        """Whether a column has that name."""
        return self.at((name,)) is not None
