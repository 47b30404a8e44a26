"""The command `sendcycle`: one line with an exit status for everything that goes wrong.

Exit status: 0 done, 2 the input or the machine kept it from being done, 130 interrupted. The model is imported only
by the commands that need it, so that help is there at once.
"""

import sys
from collections.abc import Sequence
from importlib import metadata
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from sendcycle_experiments.terminal import (
    bench_command,
    calibration_commands,
    list_commands,
    run_commands,
    study_commands,
    sweep_commands,
)
from sendcycle_experiments.terminal.messages import INTERRUPTED, interrupted, say

USAGE_ERROR: type[Exception] = typer.BadParameter.__bases__[0]  # typer keeps its base in places that move


class Commands(TyperGroup):
    """The commands, of which an interrupted one says so."""

    def invoke(self, ctx: Any) -> Any:
        """Run the command; Ctrl-C ends it with status 130."""
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt:
            raise interrupted("nothing was written.") from None


app = typer.Typer(cls=Commands, add_completion=False, pretty_exceptions_enable=False)
app.add_typer(run_commands.commands)
app.add_typer(sweep_commands.commands)
app.add_typer(calibration_commands.commands)
app.add_typer(study_commands.forecasts)
app.add_typer(bench_command.commands)
app.add_typer(list_commands.listing, name="list", epilog="Example: sendcycle list parameters --group loops")
app.add_typer(study_commands.experiments, name="experiment", epilog="Example: sendcycle experiment e03 --smoke")


def check_arguments(arguments: Sequence[str]) -> None:
    """Refuse what no argument can be: nothing, characters that cannot be shown, numbers in other digits than 0 to 9."""
    for argument in arguments:
        if not argument or argument.isspace():
            raise typer.BadParameter("an argument is empty: leave it out, or give it a value.")
        if not argument.isprintable():
            raise typer.BadParameter(f"an argument holds characters that cannot be shown: {argument!r}.")
        if not argument.isascii() and argument.replace(".", "").isnumeric():
            raise typer.BadParameter(f"{argument} is no number: write digits from 0 to 9.")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    try:
        check_arguments(sys.argv[1:] if arguments is None else arguments)
        status = app(args=arguments, prog_name="sendcycle", standalone_mode=False)
        return status if isinstance(status, int) else 0
    except KeyboardInterrupt:
        return say("interrupted; nothing was written.", INTERRUPTED)
    except USAGE_ERROR as error:
        context = getattr(error, "ctx", None)
        path = context.command_path if context is not None else "sendcycle"
        message = error.format_message().strip()  # type: ignore[attr-defined]
        return say(f"{message}{'' if message[-1:] in '.?!' else '.'} Try '{path} --help'.")
    except MemoryError:
        return say("out of memory; take a smaller --scale.")
    except OSError as error:
        return say(f"{error.strerror or error}{f': {error.filename}' if error.filename else ''}.")
    except Exception as error:
        from sendcycle.errors import SendcycleError

        if not isinstance(error, SendcycleError):
            raise
        return say(str(error))


@app.callback(invoke_without_command=True, epilog="Example: sendcycle run --scale 0.01")
def sendcycle(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and end.")] = False,
) -> None:
    """England's special-needs system as an agent-based model: run it, list its parts, measure its speed."""
    if version:
        print(f"sendcycle {_version()}")
        raise typer.Exit
    if context.invoked_subcommand is None:
        print(context.get_help())


def _version() -> str:
    try:
        return metadata.version("sendcycle")
    except metadata.PackageNotFoundError:  # a checkout that is not installed
        from sendcycle import __version__

        return __version__


if __name__ == "__main__":
    sys.exit(main())
