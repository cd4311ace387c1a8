"""`duebook evidence`: a closed period as one file that an outsider checks alone."""

import click

from cli.options import Ask, answering
from cli.progress import progress
from cli.signing import say_signed, signing_key
from cli.talk import say
from cli.typed import completing
from ledger.kernel.counted import counted


@click.command()
@click.argument("program", shell_complete=completing("programs"))
@click.argument("period", required=False, shell_complete=completing("closed_months"))
@click.option(
    "--payee",
    metavar="PAYEE",
    shell_complete=completing("payees"),
    help="Only this payee's statements, such as partner:P-01, and nothing of others.",
)
@answering(also=("zip",), formats=("zip",))
def evidence(program: str, period: str | None, payee: str | None, ask: Ask) -> None:
    """Pack a closed period with all that it rests on into one file, to be checked without the book.

    It has the events, the terms, the statements with their explanations, the lines with their
    salts, the digests of input and order files, and a list of it all, signed by the key that
    DUEBOOK_KEY names. It brings verify.py along, which needs Python alone, and a page that does the
    same in a browser. For one payee it has proofs of the events of their own statements instead of
    the log. The same book and question give the same bytes. Files of order lines are not in it.

    \b
    duebook evidence recruiting-eu-jp-2026q1 -o 2026q1.zip
    DUEBOOK_KEY=finance.key duebook evidence technical-fee-2020 2020-05 -o may.zip
    duebook evidence recruiting-eu-jp-2026q1 --payee partner:P-01 -o P-01.zip
    python3 verify.py 2026q1.zip --key finance.key.pub --checkpoint kept.note
    """
    if ask.out.destination is None or ask.out.format != "zip":
        raise click.UsageError("A package is a zip file: -o FILE.zip")
    from ledger.usecases.evidence.checkpoints import signed_checkpoint
    from ledger.usecases.evidence.package import Evidence
    from projections.evidence.package import pack

    key = signing_key()
    with ask.opened() as book, book.reading() as connection, progress() as report:
        note = signed_checkpoint(connection, key)
        gathered = Evidence.gathered(book, connection, note, program, period, payee)
        with ask.out.binary() as file:
            packed = pack(gathered, key, file, report)
    say(f"{counted(packed.files, 'file')}, listed in MANIFEST, sha256:{packed.manifest}")
    say_signed(note, key)
    if payee and gathered.unsalted:
        say(
            "An earlier version issued the statements, without salts: whoever gets this can "
            "confirm a guess of a neighbouring amount."
        )
    for name in packed.lost:
        say(f"Not in it: {name} was kept and is missing or altered. See duebook verify")
    for position in packed.without_lines:
        say(f"The lines of position {position:,} are in its events, without salts: no secret kept.")
