"""The entry of the command line: a command, or a workspace to open. Commands import services when they run."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

import typer
from typer.core import TyperCommand, TyperGroup

from orbench_studio import log
from orbench_studio.cli import (
    audit,
    audit_people,
    audit_raters,
    audit_sample,
    calibrate,
    curate,
    duplicates,
    evaluation,
    export,
    generation,
    import_files,
    judge,
    judge_file,
    judge_testing,
    labels,
    models,
    push_pull,
    review,
    rules,
    team,
    window,
    workspace,
)
from orbench_studio.cli.console import Exit, write_error, write_line
from orbench_studio.cli.display import missing_library
from orbench_studio.cli.single_values import SingleValues
from orbench_studio.cli.terminal import guard, in_one_line
from orbench_studio.domain.workspace.location import exists, location_of
from orbench_studio.env_file import load_env_file
from orbench_studio.errors import StudioError
from orbench_studio.version import __version__

_HELP = """
Review, audit and curate over-refusal benchmarks of language models.

Without a command, the window opens: orbench-studio [WORKSPACE]
"""
_EPILOG = (
    "To start: orbench-studio demo, or orbench-studio import my.orbench FILE... "
    "Exit codes: 0 success; 1 error in a file, the workspace or the machine (details on standard error); "
    "2 usage error; 3 check or doctor found problems, items of a batch failed, or import --strict rejected a file; "
    "130 interrupted."
)


_UsageError: Any = typer.BadParameter.__base__


@contextmanager
def _in_one_line() -> Iterator[None]:
    """Escape the arguments that usage errors quote."""
    try:
        yield
    except _UsageError as error:
        error.message = in_one_line(error.message)
        raise


# What an invalid value of a damaged row can raise when it is used.
_DAMAGED_ROW_ERRORS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)


def _unreadable_row(arguments: list[str]) -> str | None:
    """The message about an unreadable row in a workspace of the command line; None if there is none."""
    from orbench_studio.services.workspace.workspace import unreadable_row

    named = [location_of(one) for one in arguments if one.endswith(".orbench") or "://" in one]
    return next((message for place in named if exists(place) and (message := unreadable_row(place))), None)


class _Commands(TyperGroup):
    """Opens a workspace if the first argument is not a command; turns errors into messages and exit codes."""

    def main(self, *args: Any, **more: Any) -> Any:
        guard()
        return super().main(*args, **more)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        if not args or (args[0] not in self.commands and not args[0].startswith("-")):
            if args[1:]:
                ctx.fail(f"Unknown command {args[0]!r}.{window.did_you_mean(args[0], self.commands)}")
            args = ["open", *args]
        self.arguments = list(args)
        with _in_one_line():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: Any) -> Any:
        if without_log := log.set_up():
            write_error(without_log)
        try:
            with _in_one_line():
                return super().invoke(ctx)
        except StudioError as error:
            write_error(str(error))
            raise typer.Exit(Exit.FAILED) from error
        except _DAMAGED_ROW_ERRORS as error:
            message = _unreadable_row(self.arguments)
            if message is None:
                raise
            write_error(message)
            raise typer.Exit(Exit.FAILED) from error
        except ImportError as error:
            message = missing_library(error)
            if message is None:
                raise
            write_error(*message.split("\n"))
            raise typer.Exit(Exit.FAILED) from error
        except KeyboardInterrupt as error:
            write_error("Interrupted.")
            raise typer.Exit(Exit.INTERRUPTED) from error


app = typer.Typer(cls=_Commands, add_completion=False, help=_HELP, epilog=_EPILOG, pretty_exceptions_enable=False)
app.command("open", hidden=True)(window.open_window)
app.command("demo")(window.demo)
app.command("import")(import_files.import_files)
app.command("evaluate")(evaluation.evaluate)
app.command("generate")(generation.generate)
app.command("rewrite")(generation.rewrite)
app.command("moderate")(generation.moderate)
app.command("judge")(judge.judge)
app.command("worker")(evaluation.worker)
app.command("models")(models.models)
app.command("prices")(models.prices)
app.command("batches")(evaluation.batches)
app.command("judge-file", cls=judge_file.MultiValueTrain)(judge_file.judge_file)
app.command("judge-test")(judge_testing.judge_test)
app.command("judge-presets")(judge_testing.judge_presets)
app.command("calibrate")(calibrate.calibrate)
app.command("audit")(audit.audit)
app.command("export")(export.export)
app.command("curate")(curate.curate)
app.command("diff")(curate.diff)
app.command("duplicates")(duplicates.duplicates)
app.command("rules")(rules.rules)
app.command("labels")(labels.labels)
app.command("merge")(labels.merge)
app.command("team")(team.team)
app.command("audit-sample")(audit_sample.audit_sample)
app.command("audit-people")(audit_people.audit_people)
app.command("audit-raters")(audit_raters.audit_raters)
app.command("push")(push_pull.push)
app.command("pull")(push_pull.pull)
app.command("stats")(workspace.stats)
app.command("journal")(review.journal)
app.command("guidelines")(review.guidelines)
app.command("index")(workspace.index)
app.command("check")(workspace.check)
app.command("doctor")(workspace.doctor)
for _command in app.registered_commands:
    _command.cls = SingleValues if _command.cls in (None, TyperCommand) else _command.cls


def _show_version(wanted: bool) -> None:
    if wanted:
        write_line(f"orbench-studio {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", callback=_show_version, is_eager=True)
    ] = False,
    env_file: Annotated[
        str,
        typer.Option(
            "--env-file",
            metavar="FILE",
            envvar="ORBENCH_ENV_FILE",
            help="A .env file with API keys and network settings. Environment variables take precedence.",
        ),
    ] = "",
) -> None:
    load_env_file(env_file)
