"""`duebook checkpoint`, `proof` and `check`: evidence that holds without trust in the book."""

from typing import TYPE_CHECKING, Any

import click

from cli.destination import INPUT
from cli.options import Ask, answering, now
from cli.output import FORMATS, Out
from cli.signing import say_signed, signing_key
from cli.talk import say
from ledger.kernel.counted import counted, grouped

if TYPE_CHECKING:
    from ledger.kernel.notes import SignedNote


@click.command()
@click.option(
    "--new-key", metavar="PATH", help="Make a key instead: PATH, and PATH.pub for whoever checks."
)
@click.option("--name", metavar="NAME", help="Of the new key: acme.example/partners, no blanks.")
@answering(also=("note",), formats=(*FORMATS, "note"))
def checkpoint(new_key: str | None, name: str | None, ask: Ask) -> None:
    """State the log's size and the root of its Merkle tree, as a signed note.

    Whoever keeps one sees later, without trust in the book, its keeper or this program, whether the
    log still begins as it did: `duebook verify --checkpoint FILE`, or by a proof. It is signed by
    the key that DUEBOOK_KEY names; without one it is unsigned, and worth what its way to its keeper
    is worth. A key signs nothing that contradicts what it has signed.

    \b
    duebook checkpoint --new-key finance.key --name acme.example/finance
    DUEBOOK_KEY=finance.key duebook checkpoint -o 2026q1.note
    """
    if new_key is not None:
        if not name:
            raise click.UsageError("--new-key needs --name: whose key it is.")
        _make_key(new_key, name)
        return
    if name is not None:
        raise click.UsageError("--name goes with --new-key.")
    from ledger.usecases.evidence.checkpoints import signed_checkpoint

    key = signing_key()
    with ask.opened() as book, book.reading() as connection:
        note = signed_checkpoint(connection, key)
    answer = {
        "origin": note.checkpoint.origin,
        "size": note.checkpoint.size,
        "root": note.checkpoint.root.hex(),
        "signed_by": key.public.name if key else None,
        "note": note.text(),
    }
    _write(ask.out, answer, note.text())
    say_signed(note, key)


def _make_key(path: str, name: str) -> None:
    from ledger.usecases.evidence.key_files import make_key

    public = make_key(path, name)
    say(f"Wrote the key to {path}, for nobody else, and {path}.pub for whoever checks:")
    say(public.text())


@click.command()
@click.argument("what", type=click.Choice(["fact", "line", "statement", "between"]))
@click.argument("of", metavar="POSITION|LINE|STATEMENT|CHECKPOINT")
@click.argument("other", metavar="[CHECKPOINT]", required=False)
@answering(also=("proof",), formats=(*FORMATS, "proof"))
def proof(what: str, of: str, other: str | None, ask: Ask) -> None:
    """Prove an event, a line or a statement of the log, or that the log has only been added to.

    `proof fact POSITION` is of the log as it is, signed as `checkpoint` signs; it holds what the
    event says. `proof line` and `proof statement` show that line, or every line of that statement
    as it was issued, and the close or adjustment that states them: nothing of other payees. `proof
    between FIRST SECOND` is of two checkpoints, given as files. `duebook check` checks a proof
    without the book.

    \b
    duebook proof fact 1672 -o closure.proof
    duebook proof statement recruiting-eu-jp-2026q1/partner:P-01 -o p-01.proof
    duebook proof between 2026q1.note 2026q2.note -o grown.proof
    """
    from ledger.usecases.evidence.checkpoints import signed_checkpoint
    from ledger.usecases.evidence.proofs_of_facts import prove_fact
    from ledger.usecases.evidence.proofs_of_lines import prove_line, prove_statement
    from ledger.usecases.evidence.proofs_of_log import prove_between

    if (other is None) != (what != "between"):
        raise click.UsageError(
            "Write: proof fact POSITION, proof line LINE, proof statement ID, or proof between "
            "FIRST SECOND."
        )
    if what == "fact" and not (of.isascii() and of.isdigit() and len(of) < 19):
        raise click.UsageError(f"{of} is not a position.")
    more: dict[str, list[int]] = {}
    with ask.opened() as book, book.reading() as connection:
        if what == "between":
            text = prove_between(connection, _note(of), _note(other or "")).text()
        else:
            note = signed_checkpoint(connection, signing_key())
            if what == "fact":
                made = prove_fact(connection, int(of), note)
            elif what == "line":
                made = prove_line(book, connection, of, note, now=now())
            else:
                made, more["adjusted"] = prove_statement(book, connection, of, note)
            text = made.text()
    _write(ask.out, {"proves": what, "proof": text} | more, text)
    for position in more.get("adjusted", ()):
        say(f"It was adjusted since: duebook proof fact {position}")


@click.command()
@click.argument("file", type=INPUT)
@click.option(
    "--checkpoint",
    "kept",
    type=INPUT,
    required=True,
    metavar="FILE",
    help="The checkpoint that you kept, or trust.",
)
@click.option(
    "--key", type=INPUT, metavar="FILE.pub", help="The public key that has to have signed it."
)
@answering(book=False)
def check(file: str, kept: str, key: str | None, ask: Ask) -> None:
    """Check a proof with nothing but a checkpoint that you kept. No book is needed.

    \b
    duebook check closure.proof --checkpoint 2026q2.note --key finance.key.pub
    duebook check grown.proof --checkpoint 2026q1.note
    """
    from ledger.usecases.evidence.key_files import read_public, text_in
    from ledger.usecases.evidence.proofs_of_log import checked

    public = read_public(key) if key else None
    answer = checked(text_in(file), _note(kept), public)
    if not ask.out.is_table:
        ask.out.data(answer, [answer])
        return
    if answer["proves"] == "fact":
        lines = [f"Position {answer['position']} is in the log of {answer['size']:,} events."]
        lines += [f"  {name} = {answer[name]}" for name in ("stream", "type", "at", "recorded_at")]
        lines += [f"  {name} = {value}" for name, value in answer["says"].items()]
    elif answer["proves"] == "lines":
        lines = _lines(answer)
    else:
        lines = [f"The log of {answer['to']:,} events begins with the {answer['from']:,} of yours."]
    ask.out.text(lines)
    say(f"Signed by {public.name}." if public else "Whose signature it has was not asked: --key")


def _lines(answer: dict[str, Any]) -> list[str]:
    """What a proof of lines shows."""
    adjusts = answer["type"] == "statement-adjusted.v1"
    whole = "all of it" if adjusts else "every line"
    what = "Adjustment" if adjusts else "Close"
    shown = whole if answer["whole"] else counted(len(answer["lines"]), "line")
    lines = [f"{what} at position {answer['position']}, of {answer['statement']} {shown}:"]
    for line in answer["lines"]:
        amount, currency = line.get("amount", line.get("difference")), line.get("currency")
        by = "" if amount is None else f"  {'by ' * adjusts}{grouped(amount)} {currency}"
        lines.append(f"  {line['line']}  {line['outcome']}{by}")
    lines += [
        f"  in all {grouped(amount)} {currency}" for currency, amount in answer["totals"].items()
    ]
    return lines


@click.command()
@click.argument("checkpoint", type=INPUT)
@click.option("--key", type=INPUT, required=True, metavar="FILE", help="Your own key.")
@click.option(
    "--last", type=INPUT, metavar="FILE", help="The checkpoint that you cosigned the last time."
)
@answering(book=False, also=("note",), formats=(*FORMATS, "note"))
def cosign(checkpoint: str, key: str, last: str | None, ask: Ask) -> None:
    """Sign somebody else's checkpoint, after checking that it extends the last one you signed.

    No book is needed. CHECKPOINT is the file of `duebook proof between LAST NEW`, which brings the
    new checkpoint with it; the first time, or where nothing was recorded since, the checkpoint
    alone. Your key is made by `duebook checkpoint --new-key`.

    
    duebook cosign 2026q1.note --key partner.key -o cosigned.note
    duebook cosign grown.proof --key partner.key --last cosigned.note -o cosigned-q2.note
    """
    from ledger.usecases.evidence.cosign import cosign as usecase
    from ledger.usecases.evidence.key_files import read_key, text_in

    own = read_key(key)
    note = usecase(text_in(checkpoint), own, _note(last) if last else None, now=now())
    answer = {
        "origin": note.checkpoint.origin,
        "size": note.checkpoint.size,
        "root": note.checkpoint.root.hex(),
        "cosigned_by": own.public.name,
        "extends": last is not None,
        "note": note.text(),
    }
    _write(ask.out, answer, note.text())
    size = counted(note.checkpoint.size, "event")
    extends = "it extends the last one" if last else "the first one: nothing to compare it with"
    say(f"Cosigned by {own.public.name}: {size}, {extends}. Key: {own.cosigning.text()}")


def _note(path: str) -> "SignedNote":
    from ledger.kernel.notes import parsed
    from ledger.usecases.evidence.key_files import text_in

    return parsed(text_in(path))


def _write(where: Out, answer: dict[str, Any], text: str) -> None:
    """The file itself, to the character; or the answer as data."""
    if where.is_table or where.format in ("note", "proof"):
        where.page(text)
    else:
        where.data(answer, [answer])
