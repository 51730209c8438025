"""People of a workspace on a server: give a role, take it away."""

import secrets
from dataclasses import dataclass

from orbench_studio.domain.team.role import Role
from orbench_studio.errors import WorkspaceError
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.workspace import grants

_BYTES = 18  # of a password: 24 letters


@dataclass(frozen=True, slots=True)
class Admission:
    """A person with their role; the password only if a login was created, because it is stored nowhere."""

    name: str
    role: Role
    password: str | None


def add(workspace: Workspace, name: str, role: Role) -> Admission:
    """Give a person a role, in place of another one; a login that the server does not know is created.

    Raises WorkspaceError for a workspace in a file, and where the user may not do this.
    """
    _require_server(workspace)
    password = secrets.token_urlsafe(_BYTES)
    with workspace.writing() as db:
        is_new = grants.add_person(db, name, role, password)
    return Admission(name, role, password if is_new else None)


def remove(workspace: Workspace, name: str) -> None:
    """Take a person's role away. Their decisions, and their login on the server, remain."""
    _require_server(workspace)
    with workspace.writing() as db:
        if name not in grants.members(db):
            raise WorkspaceError(f"{name} has no role in this workspace.")
        grants.remove_person(db, name)


def roles(workspace: Workspace) -> dict[str, Role]:
    """The people with a role, by name; none for a workspace in a file."""
    if not workspace.on_server:
        return {}
    with workspace.reading() as db:
        return grants.members(db)


def _require_server(workspace: Workspace) -> None:
    if not workspace.on_server:
        raise WorkspaceError(
            "A workspace in a file has no roles: everybody who can write to the file can do everything. To share it on "
            "a server: orbench-studio push FILE postgresql://USER@HOST/DATABASE"
        )
