"""The command `duebook`: parses, calls, shows. The only place that knows exit codes."""

import gc
import os
import sys
from typing import Any

import click

from cli import commands
from cli.talk import forget_done, point_away, say, say_what_is_done
from ledger.kernel.errors import Refusal, ServerLost
from ledger.kernel.garbage import SELDOM
from ledger.kernel.shown import is_text, visible

EXIT = {"refused": 1, "usage": 2, "conflict": 4, "broken": 5}
STOPPED = "Stopped. Run it again: what is already recorded is recognised."
INTERRUPTED = 130
EPILOG = """\b
Exit codes: 0 done, 1 refused or failed, 2 usage, 3 differences found,
4 somebody else wrote meanwhile (repeat), 5 the log does not hold, 130 stopped.
Shell completion: eval "$(_DUEBOOK_COMPLETE=bash_source duebook)"  (or zsh_source, fish_source)"""


class Commands(click.Group):
    """The commands, each imported when it is used: importing all takes longer than most run."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(commands.MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in commands.MODULES and cmd_name not in self.commands:
            self.add_command(commands.command(cmd_name))
        return self.commands.get(cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args[0] not in commands.MODULES:  # suggestions need all commands
            for name in commands.MODULES:
                self.get_command(ctx, name)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog=EPILOG,
)
@click.option("--book", metavar="BOOK", help="A file path or postgresql:// URL.")
@click.option("-v", "--verbose", is_flag=True, help="Show Python's traceback of a failure.")
@click.version_option(package_name="duebook", prog_name="duebook")
@click.pass_context
def duebook(context: click.Context, book: str | None, verbose: bool) -> None:
    """The book of what is due: record facts, settle programs, explain every cent.

    \b
    duebook init --demo
    duebook settle recruiting-eu-jp-2026q1 --as-of 2026-06-30
    duebook explain recruiting-eu-jp-2026q1/S-1001
    """
    context.obj = {"book": book, "verbose": verbose}


def main() -> None:
    """Runs the command line and exits with the code of the contract."""
    if os.environ.get("_DUEBOOK_COMPLETE", "").endswith("_complete"):
        import cli.completion  # noqa: F401 (for bash, which ends words at colons)

    # Imports and facts make many objects but no cycles: collecting less often saves a tenth.
    gc.set_threshold(*SELDOM)
    code = run(sys.argv[1:])
    # The process is about to end; searching all its memory for cycles first would take a sixth of
    # a short command.
    gc.freeze()
    sys.exit(code)


def run(arguments: list[str]) -> int:
    """Runs one command line and returns the exit code.

    What it has committed is kept even if its answer fails: then it says so.
    """
    forget_done()
    for text in arguments:
        if not is_text(text):
            shown = text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
            say(f"Error: the argument '{shown}' is not UTF-8.", "Set the terminal to UTF-8.")
            return EXIT["usage"]
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # unencodable characters are written as escapes
            stream.reconfigure(errors="backslashreplace")
    try:
        result: Any = duebook.main(arguments, prog_name="duebook", standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else 0
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        if isinstance(error, click.NoSuchOption):
            error = _clearer(error, arguments)
        error.message = visible(error.message)  # type: ignore[misc]
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        say_what_is_done("it was stopped")
        click.echo(STOPPED, err=True)
        return INTERRUPTED
    except ServerLost as lost:
        return _lost(lost)
    except Refusal as refusal:
        return _refused(refusal)
    except Exception as error:
        if type(error) is RuntimeError and str(error) == "Query interrupted":  # DuckDB's Ctrl-C
            click.echo(STOPPED, err=True)
            return INTERRUPTED
        say_what_is_done(getattr(error, "strerror", None) or str(error).rstrip("."))
        point_away()
        if "-v" in arguments or "--verbose" in arguments:
            raise
        return _failed(error)


def _clearer(error: click.NoSuchOption, arguments: list[str]) -> click.NoSuchOption:
    """A clearer error for an option typed with one dash, or after the command instead of before
    it."""
    option = error.option_name
    typed = next((argument for argument in arguments if argument.startswith(option)), option)
    own = [name for param in error.ctx.command.params for name in param.opts] if error.ctx else []
    if typed in (name for param in duebook.params for name in param.opts):
        said = f"{typed} comes before the command: duebook {typed} {' '.join(arguments[:1])} ..."
        return click.NoSuchOption(typed, said, ctx=error.ctx)
    if not typed.startswith("--") and len(typed) > 2:
        return click.NoSuchOption(f"-{typed}", f"No such option {typed!r}.", own, error.ctx)
    return error


def _refused(refusal: Refusal) -> int:
    sentence = f"Error: {refusal.sentence}"
    say(*(sentence.split("\n") if refusal.several_lines else [sentence]))
    if refusal.hint:
        say(refusal.hint)
    return EXIT[refusal.kind]


def _lost(lost: ServerLost) -> int:
    """Names what was committed before the server was lost, or else refuses as usual."""
    if lost.known and say_what_is_done("the database server went away"):
        return EXIT[lost.kind]
    return _refused(lost)


def _failed(error: Exception) -> int:
    """Says in a sentence what the database or the file system reported; or how to report a bug."""
    from sqlalchemy.exc import DatabaseError, OperationalError

    if isinstance(error, DatabaseError):
        from ledger.store.rights import told

        if refusal := told(error):
            return _refused(refusal)
        said = str(error.orig).strip().splitlines()[0]
        if isinstance(error, OperationalError) and "locked" in said:
            say("Error: somebody else is writing to the book. Try again.")
            return EXIT["conflict"]
        broken = "malformed" in said or "not a database" in said
        say(f"Error: the database says: {said}.")
        say("Nothing was recorded." if not broken else "Restore the book.")
        return EXIT["broken"] if broken else 1
    if isinstance(error, MemoryError):
        say("Error: there is not enough memory for this.", "Nothing more was done.")
        return 1
    if isinstance(error, OSError):
        name = f"{error.filename}: " if error.filename else ""
        say(f"Error: {name}{error.strerror or error}.")
        return 1
    say(f"Error: duebook itself failed: {type(error).__name__}: {error}")
    say("Run the command again with `duebook -v ...` and report what it prints.")
    return 1


if __name__ == "__main__":
    main()
