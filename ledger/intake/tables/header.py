"""The header of a file, by names as people see them."""

from collections.abc import Sequence

from ledger.kernel.fold import fold, fold_signs


class Header:
    """Where each name stands. Of columns that have one name the first is also called `Name (1)`,
    the next `Name (2)`, unless another column has that name."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = list(names)
        self.doubled: dict[str, list[str]] = {}
        """Names that stand there more than once, folded."""
        self._at: dict[str, int] = {}
        for at, name in enumerate(names):
            for folded in {fold(name), fold_signs(name)} - {""}:
                if self._at.setdefault(folded, at) != at:
                    self.doubled.setdefault(folded, [names[self._at[folded]]]).append(name)
        for folded in self.doubled:
            for number, at in enumerate(self._all(folded), start=1):
                for told in (f"{folded} ({number})", f"{folded}({number})"):
                    self._at.setdefault(told, at)

    def _all(self, folded: str) -> list[int]:
        return [
            at for at, name in enumerate(self.names) if folded in (fold(name), fold_signs(name))
        ]

    def at(self, synonyms: Sequence[str]) -> int | None:
        """Where the first of some headers stands that is there."""
        for name in synonyms:
            for folded in (fold(name), fold_signs(name)):
                if folded in self._at:
                    return self._at[folded]
        return None

    def knows(self, name: str) -> bool:
        """Whether a column has that name."""
        return self.at((name,)) is not None
