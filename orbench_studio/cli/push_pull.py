"""`orbench-studio push` and `pull`: copy a workspace to a database on a server, and back to a file."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli.console import show_progress, write_line
from orbench_studio.cli.options import location_with_warning
from orbench_studio.domain.workspace.location import Server, as_argument, location_of

_Named = partial(typer.Argument, parser=location_with_warning, metavar="FILE")
_File = Annotated[Path, _Named(help="A workspace file.")]
_NewFile = Annotated[Path, _Named(help="The new file; an existing one is never replaced.")]
_Url = Annotated[str, typer.Argument(metavar="URL", help="postgresql://USER@HOST/DATABASE, without a password.")]


def push(file: _File, url: _Url) -> None:
    """Copy a workspace to a PostgreSQL database for a team: all data, with the journal.

    You must own the database, and it must be empty (createdb -E UTF8 -T template0 NAME). The file is not changed. If
    the copy is interrupted, nothing is left on the server. The password comes from the system keyring, PGPASSWORD or
    ~/.pgpass.
    """
    from orbench_studio.services.data import push_pull

    server = _server(url)
    with show_progress(f"push {file.name}") as on_progress:
        remaining_step = push_pull.push(file, server, on_progress)
    write_line(f"{file.name} was copied to {server}. To open it: orbench-studio {as_argument(server)}")
    if remaining_step:
        write_line(remaining_step)


def pull(url: _Url, file: _NewFile) -> None:
    """Copy the workspace of a PostgreSQL database to a new file: all data, with the journal.

    The file appears when the copy is complete. The database is not changed, and others can continue to work in it.
    """
    from orbench_studio.services.data import push_pull

    server = _server(url)
    with show_progress(f"pull {server.name}") as on_progress:
        push_pull.pull(server, file, on_progress)
    write_line(f"{server} was copied to {file}. To open it: orbench-studio {as_argument(file)}")


def _server(url: str) -> Server:
    place = location_of(url)
    if not isinstance(place, Server):
        raise typer.BadParameter(f"{place} is not a database address: postgresql://USER@HOST/DATABASE.")
    return place
