"""`duebook stamp`: a timestamp authority says that a checkpoint was there; files alone."""

import click

from cli.destination import INPUT, OUTPUT_FILE, Destination
from cli.options import Ask, answering
from cli.talk import say


@click.command()
@click.argument("checkpoint", type=INPUT)
@click.option(
    "--request",
    type=OUTPUT_FILE,
    metavar="OUT.tsq",
    help="Write the request to an authority there.",
)
@click.option("--response", type=INPUT, metavar="FILE.tsr", help="Check the authority's answer.")
@click.option(
    "--authority",
    type=INPUT,
    metavar="CERT.pem",
    help="The certificates you trust, roots of authorities.",
)
@answering(book=False)
def stamp(
    checkpoint: str,
    request: Destination | None,
    response: str | None,
    authority: str | None,
    ask: Ask,
) -> None:
    """Have an authority stamp a checkpoint's file with the time (RFC 3161), and check its answer.

    Whoever doubts when a checkpoint was made need not take its maker's word. No connection is
    opened, and no book is needed: the request and the answer are files, carried by whatever you
    trust with it. The stamp is of the file to the byte, so keep both as they are.

    \b
    duebook stamp 2026q1.note --request q1.tsq
    curl -sS -H 'Content-Type: application/timestamp-query' --data-binary @q1.tsq URL -o q1.tsr
    duebook stamp 2026q1.note --response q1.tsr --authority root.pem
    """
    if (request is None) == (response is None):
        raise click.UsageError(
            "Write: stamp CHECKPOINT --request OUT.tsq, or stamp CHECKPOINT --response FILE.tsr."
        )
    if authority is not None and response is None:
        raise click.UsageError("--authority goes with --response: a request trusts nobody yet.")
    from ledger.usecases.evidence.stamps import checked_stamp, checkpoint_in, request_for

    noted = checkpoint_in(checkpoint)
    kept = noted.note.checkpoint
    answer = {
        "origin": kept.origin,
        "size": kept.size,
        "root": kept.root.hex(),
        "sha256": noted.digest.hex(),
    }
    if request is not None:
        content = request_for(noted)
        with request.binary() as file:
            file.write(content)
        line = f"Request for a stamp of {checkpoint}, SHA-256 {noted.digest.hex()}."
    else:
        answer |= checked_stamp(noted, response or "", authority)
        line = f"Stamped at {answer['stamped_at']} by {answer['by']}."
    if ask.out.is_table:
        ask.out.text([line])
    else:
        ask.out.data(answer, [answer])
    if authority is not None:
        say(f"Its certificate leads to a trusted one, {answer['authority']}.")
    elif response is not None:
        say("Whose certificate that is was not asked: anybody can make one. --authority CERT.pem")
