"""`orbench-studio doctor`: what the machine has and lacks."""

from dataclasses import asdict

import typer

from orbench_studio.cli import options
from orbench_studio.cli.console import Exit, write_json, write_line, write_table


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
