"""Refusals of proofs and of checkpoints, by whoever reads them: they come from other people."""

from ledger.kernel.errors import Refusal


class BadProof(Refusal):
    """A proof that cannot prove: it has not the form, or the number of hashes, that one has."""

    hint = "Ask whoever made it for the whole file as it was made; a mail may have wrapped it."


class BadNote(Refusal):
    """A checkpoint, or a key that checks its signature, that is not in the form that it has."""

    hint = "Ask whoever made it for the whole file as it was made; a mail may have wrapped it."
