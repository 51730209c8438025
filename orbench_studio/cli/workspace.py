"""`orbench-studio stats`, `check`, `index` and `doctor`: counts, integrity, text index; what the machine lacks."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import Exit, show_progress, write_json, write_line, write_table
from orbench_studio.domain.core.amounts import counted

if TYPE_CHECKING:
    from orbench_studio.services.workspace.statistics import Rate, Reveals

_TITLES = {"prompts_by_label_basis": "prompts by source of the final label (in queries: basis:)"}

_BY_CLASS = "responses_by_answer_class"


def stats(workspace: options.Workspace, as_json: options.Json = False) -> None:
    """Count prompts, votes, responses, judgements and decisions, and the prompts by category, status and label."""
    from orbench_studio.services.workspace import statistics

    with options.open_workspace(workspace) as opened:
        found = statistics.statistics(opened)
        consistency = statistics.consistency(opened)
        reveals = statistics.after_reveal(opened)
        by_template = statistics.by_template(opened)
    if as_json:
        found["results_by_template"] = by_template
        found["self_consistency"] = {annotator: _rate_as_json(rate) for annotator, rate in consistency.items()}
        found["changed_after_reveal"] = {what: _reveals_as_json(counted) for what, counted in reveals.items()}
        write_json(found)
        return
    plain: dict[str, object] = {name: value for name, value in found.items() if isinstance(value, int)}
    on_responses = plain.pop("votes_on_responses")
    if on_responses:
        plain["votes"] = f"{plain['votes']} (on responses: {on_responses})"
    _table(plain)
    for name, by in found.items():
        if isinstance(by, dict):
            write_line("", _TITLES.get(name, name.replace("_", " ")))
            _table({"no final class" if of == "none" and name == _BY_CLASS else of: count for of, count in by.items()})
    if by_template:
        write_line("", "results by template")
        _table(
            {f"{one.what}, {one.template_hash[:12]}{' (built-in)' * one.builtin}": one.results for one in by_template}
        )
    _write_consistency(consistency, reveals)


def _write_consistency(consistency: "dict[str, Rate]", reveals: "dict[str, Reveals]") -> None:
    if consistency:
        write_line("", "self-consistency (same label when a prompt is shown again)")
        write_table(("", ""), [(annotator, rate.words) for annotator, rate in consistency.items()], indent=2)
    for what, found in reveals.items():
        if found.changed.n:
            write_line("", f"{what.replace('_', ' ')} changed after votes were revealed")
            write_line(f"  changed {found.changed.words}")
            write_line(
                f"  towards the consensus {found.toward:,}, away from it {found.away:,}, unchanged {found.kept:,}"
            )


def _rate_as_json(rate: "Rate") -> dict[str, Any]:
    return {"n": rate.n, "count": rate.count, "rate": rate.value, "interval": rate.interval}


def _reveals_as_json(counted: "Reveals") -> dict[str, Any]:
    more = {"kept": counted.kept, "toward": counted.toward, "away": counted.away}
    return {"changed": _rate_as_json(counted.changed), **more}


def _table(counts: Mapping[str, object]) -> None:
    write_table(("", ""), [(name.replace("_", " "), count) for name, count in counts.items()], indent=2)


def check(
    workspace: options.Workspace,
    repair: Annotated[
        bool,
        typer.Option(
            "--repair",
            help="Move rows that cannot be read, or were changed outside the program, to the table quarantine, and "
            "compute derived values again.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON: problems, and what was set aside.")] = False,
) -> None:
    """Check the file, its schema, its references, every value, and all derived values.

    Nothing is changed without `--repair`, except that a workspace of an older version is migrated first. With
    `--repair`, rows are moved, never changed or deleted, and the journal records that.
    """
    from orbench_studio.services.workspace import workspace as service

    moved, problems = service.repair(workspace) if repair else ([], service.problems_in(workspace))
    if as_json:
        write_json({"workspace": str(workspace), "set_aside": moved, "problems": problems})
    else:
        found = f"has {counted(len(problems), 'problem')}:" if problems else "no problems found."
        mark = " " if problems else ": "
        for line in (*moved, f"{workspace.name}{mark}{found}", *(f"  {problem}" for problem in problems)):
            write_line(line)
    if problems:
        raise typer.Exit(Exit.PROBLEMS)


def index(
    workspace: options.Workspace,
    remove: Annotated[bool, typer.Option("--remove", help="Delete the index.")] = False,
) -> None:
    """Build a full-text index to speed up response search (response:"..."). The results are the same without it.

    For a million responses, the index takes about half a minute and 300 MB. It is updated automatically.
    """
    from orbench_studio.services.review import search

    with options.open_workspace(workspace) as opened:
        if remove:
            search.drop_response_index(opened)
            write_line(f"{workspace.name}: index deleted. Searches read every response.")
            return
        with show_progress("Indexing responses") as on_progress:
            search.index_responses(opened, on_progress)
    write_line(f"{workspace.name}: index of responses built.")


def doctor(as_json: options.Json = False) -> None:
    """Show the version, and what this machine has and lacks: Qt, fonts, keyring, PostgreSQL client, keys, servers.

    Keys are listed by name, never with their value. The output can go into a bug report.
    """
    from orbench_studio.services.evaluation.installation import installation

    result = installation()
    if as_json:
        write_json({"works": result.works, **asdict(result)})
    else:
        write_table(("part", "state", "details"), [(part.name, part.state, part.detail) for part in result.parts])
        keys = [(name, "set" if is_set else "not set") for name, is_set in result.keys.items()]
        write_line("")
        write_table(("API key", "state"), keys)
        write_line("A key is needed only to send requests to its vendor. Import, review and audit need none.", "")
        for title, models in result.servers.items():
            write_line(f"{title} on this machine: {', '.join(models) or 'no models'}")
        if not result.servers:
            write_line("No model server runs on this machine. One is needed only for local models.")
        if remedies := [(part.name, part.remedy) for part in result.parts if part.remedy]:
            write_line("")
            write_table(("to add", "do this"), remedies)
        write_line("", result.summary)
    if not result.works:
        raise typer.Exit(Exit.PROBLEMS)
