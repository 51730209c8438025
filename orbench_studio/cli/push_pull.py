"""`orbench-studio push` and `pull`: a workspace into a database of a server, and back into a file."""

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from orbench_studio.cli.console import write_line
from orbench_studio.cli.options import location_with_warning
from orbench_studio.cli.progress import show_progress
from orbench_studio.domain.workspace.location import Server, location_of

_Named = partial(typer.Argument, parser=location_with_warning, metavar="FILE")
_File = Annotated[Path, _Named(help="A workspace in a file.")]
_NewFile = Annotated[Path, _Named(help="A new file for it; one that is there stays.")]
_Url = Annotated[str, typer.Argument(metavar="URL", help="postgresql://USER@HOST/DATABASE, without the password.")]


def push(file: _File, url: _Url) -> None:
    """Put a workspace into a database of a PostgreSQL server, for a team: everything, the journal too.

    The database is yours, and empty (createdb -E UTF8 -T template0 NAME). The file stays as it is; interrupted, nothing
    is left on the server. The password comes from PGPASSWORD, ~/.pgpass or the system keyring.
    """
    from orbench_studio.services.data import push_pull

    server = _server(url)
    with show_progress(f"push {file.name}") as on_progress:
        still_to_do = push_pull.push(file, server, on_progress)
    write_line(f"{file.name} is in {server}. To open it: orbench-studio {server}")
    if still_to_do:
        write_line(still_to_do)


def pull(url: _Url, file: _NewFile) -> None:
    """Write the workspace of a PostgreSQL database into a new file: everything, the journal too.

    The file appears when it is whole. The database stays as it is, and others can go on working in it.
    """
    from orbench_studio.services.data import push_pull

    server = _server(url)
    with show_progress(f"pull {server.name}") as on_progress:
        push_pull.pull(server, file, on_progress)
    write_line(f"{server} is in {file}. To open it: orbench-studio {file}")


def _server(url: str) -> Server:
    place = location_of(url)
    if not isinstance(place, Server):
        raise typer.BadParameter(f"{place} is no address of a database: postgresql://USER@HOST/DATABASE.")
    return place
