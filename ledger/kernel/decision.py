"""The decision tree: how an amount came about, in named steps that rest on recorded facts."""

from typing import Any, NamedTuple

from ledger.kernel.money import Money


class Step(NamedTuple):
    """One step: what was required, what was observed, which clause, which facts.

    `met` is True, False, or None where the step is no condition or cannot be judged yet; then
    `pending` names what is missing. Candidates that lost stay in `parts`.
    """

    label: str
    amount: Money | None = None
    met: bool | None = None
    required: str | None = None
    observed: str | None = None
    clause: str | None = None
    events: tuple[int, ...] = ()
    parts: tuple["Step", ...] = ()
    code: str | None = None
    pending: str | None = None

    def as_json(self) -> dict[str, Any]:
        """The step in the shape of the public contract."""
        out: dict[str, Any] = {"label": self.label}
        if self.amount is not None:
            out |= {"amount": self.amount.text, "currency": self.amount.currency}
        for key in ("code", "met", "pending", "required", "observed", "clause"):
            value = getattr(self, key)
            if value is not None:
                out[key] = value
        out["events"] = list(self.events)
        out["parts"] = [part.as_json() for part in self.parts]
        return out

    def positions(self) -> set[int]:
        """Every position that the step and its parts rest on."""
        found = set(self.events)
        for part in self.parts:
            found |= part.positions()
        return found
