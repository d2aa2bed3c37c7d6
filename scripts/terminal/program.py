"""A Typer application as a program: options that every command has, examples in its help, errors and exit codes."""

from __future__ import annotations

import errno
import os
import re
import sys
import traceback
from importlib.metadata import version
from typing import Annotated, Any, NoReturn

import typer

from zoograph.data.errors import ZoographError
from zoograph.data.files.hub import import_without_sockets
from zoograph.data.text.printable import show
from zoograph.scripts.terminal.messages import Loudness, current_messages, listening
from zoograph.scripts.terminal.output import print_error
from zoograph.scripts.terminal.streams import prepare_streams

MAINTAINERS = "For maintainers"
"""Panel of the help for what a user of the package does not need; it is the last one."""

FAILED, WRONG, BUG, STOPPED = 1, 2, 70, 130
"""Exit codes; ``docs/json.md`` says what each means for each command."""

# Typer brings a click of its own: what it raises for wrong usage is what its BadParameter is one of.
_UsageError: Any = typer.BadParameter.__bases__[0]
_SHOWN = 60  # characters of a name that is too long
_LISTING = ("list", "ls", "show", "models", "datasets", "runs", "records")
_LISTS = (
    "What lists things: 'zoograph zoo list' models, datasets and collections, 'zoograph zoo show NAME' one of them, "
    "'zoograph status' the store, 'zoograph versions' predictors, 'zoograph undo --list' batches."
)


def new_app(help: str | None = None) -> typer.Typer:
    """Return an application, or a group of commands, with the settings of all."""
    return typer.Typer(
        help=help,
        no_args_is_help=help is not None,
        pretty_exceptions_enable=False,
        rich_markup_mode="markdown",
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def run(app: typer.Typer, name: str | None = None) -> NoReturn:
    """Run an application on the arguments of this process, and end the process.

    Args:
        app: the application.
        name: by which it is called, and completed in a shell; default: as it was started.
    """
    outlet = prepare_streams()
    import_without_sockets()
    try:
        with listening():
            status = _run(app, name)
        sys.stdout.flush()
    except KeyboardInterrupt:
        status = STOPPED
    except BrokenPipeError:  # found at the last line
        _forget_stdout()
        status = FAILED
    if outlet is not None and outlet.lost is not None:
        print(f"Error: What was to be said cannot be written to stdout ({outlet.lost}).", file=sys.stderr)
        status = status or WRONG
    sys.exit(status)


def tell_error(error: Exception) -> None:
    """Say on stderr, in a sentence, what went wrong; on stdout too, as JSON, if JSON was asked for."""
    if current_messages().loudness is Loudness.VERBOSE:
        traceback.print_exception(error)
    print(f"Error: {show(str(error))}", file=sys.stderr, flush=True)
    if _wants_json():
        print_error(type(error).__name__, str(error), WRONG)


def build_program(app: typer.Typer) -> Any:
    """Return the command, or group of commands, of an application, complete with what all have."""
    program = typer.main.get_command(app)
    _complete(program)
    program.params += _parameters(_version)
    return program


def _run(app: typer.Typer, name: str | None) -> int:
    try:
        return int(build_program(app).main(prog_name=name, standalone_mode=False) or 0)
    except ZoographError as error:
        tell_error(error)
        return WRONG
    except _UsageError as error:
        _tell_usage(error)
        return int(error.exit_code)
    except KeyboardInterrupt:
        return STOPPED
    except Exception as error:  # noqa: BLE001 - whatever is left is a bug of ours, and is told as one
        if (mistake := _find_odd_path(error)) is not None:
            tell_error(mistake)
            return WRONG
        _tell_bug(error)
        return BUG


def _find_odd_path(error: Exception) -> ZoographError | None:
    """Return what is wrong with a path that no system has, wherever it was looked at; None if it is no path."""
    if isinstance(error, OSError) and error.errno == errno.ENAMETOOLONG:
        name = str(error.filename)
        return ZoographError(f"'{name[:_SHOWN]}…' is too long for the name of a file. Give another.")
    if isinstance(error, RuntimeError) and str(error).startswith("Could not determine home"):
        return ZoographError("A path begins with '~' and the name of a user that nobody knows. Give the full path.")
    return None


def _forget_stdout() -> None:
    """Let what nobody reads go nowhere, so that the end of the process does not try it once more."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123
        os.dup2(nowhere.fileno(), 1)


def _tell_usage(error: Any) -> None:
    from typer.rich_utils import rich_format_error  # a Markdown reader, of which answers have no need

    name = re.match(r"No such command '(.+?)'", error.message)
    error.message = str(error.message).removeprefix("Value error, ")  # so pydantic begins, in which typer reads choices
    if name and name[1] in _LISTING:
        error.message = f"No such command '{name[1]}'. {_LISTS}"
    rich_format_error(error)
    if _wants_json():
        print_error("UsageError", error.format_message(), error.exit_code)


def _tell_bug(error: Exception) -> None:
    what = f"{type(error).__name__}: {error}".partition("\n")[0]
    verbose = current_messages().loudness is Loudness.VERBOSE
    advice = "Please report it with the lines above." if verbose else "Run it again with -v, and report what that says."
    if verbose:
        traceback.print_exception(error)
    print(
        f"Error: This is a bug of zoograph {version('zoograph')} ({show(what)}). {advice}", file=sys.stderr, flush=True
    )
    if _wants_json():
        print_error(type(error).__name__, str(error), BUG)


def _wants_json() -> bool:
    arguments = sys.argv[1:]
    return "--json" in arguments[: arguments.index("--") if "--" in arguments else None]


def _complete(command: Any) -> None:
    """Give every command of a group its common options, and put the example of its docstring at the end of its help."""
    if hasattr(command, "commands"):
        for inner in command.commands.values():
            _complete(inner)
        last = sorted(command.commands.items(), key=lambda item: item[1].rich_help_panel == MAINTAINERS)
        command.commands = dict(last)
    else:
        text, _, example = (command.help or "").partition("\n\nExample: ")
        examples = example.replace("\nExample: ", "\n\nExample: ")  # one a paragraph
        command.help, command.epilog = text, f"Example: {examples}" if examples else command.epilog
        command.params += _parameters(_common)


def _parameters(function: Any) -> list[Any]:
    """Return the options of a function, which are for their callbacks alone."""
    app = typer.Typer(add_completion=False)
    app.command()(function)
    parameters = [parameter for parameter in typer.main.get_command(app).params if parameter.name != "help"]
    for parameter in parameters:
        parameter.expose_value = False
    return parameters


def _set_quiet(chosen: bool) -> None:
    if chosen:
        current_messages().loudness = Loudness.QUIET


def _set_verbose(chosen: bool) -> None:
    if chosen:
        current_messages().loudness = Loudness.VERBOSE


def _print_version(chosen: bool) -> None:
    if chosen:
        print(f"zoograph {version('zoograph')}")
        raise typer.Exit


def _common(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", callback=_set_quiet, help="No progress and no warnings.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", callback=_set_verbose, help="Logs, and where an error came from.")
    ] = False,
) -> None:
    """Every command."""


def _version(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Every program."""
