"""The location of a workspace: a file, or a database on a PostgreSQL server."""

import shlex
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote, urlsplit

from orbench_studio.errors import StudioError

SCHEMES = ("postgresql", "postgres")


@dataclass(frozen=True, slots=True)
class Server:
    """A PostgreSQL database that contains one workspace. Its text never contains the password."""

    database: str
    host: str = ""
    port: int | None = None
    user: str = ""
    password: str = field(default="", repr=False, compare=False)
    query: str = ""

    @property
    def name(self) -> str:
        """The name that is shown to the user."""
        return self.database

    def __str__(self) -> str:
        user = f"{quote(self.user, safe='')}@" if self.user else ""
        port = f":{self.port}" if self.port else ""
        query = f"?{self.query}" if self.query else ""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"postgresql://{user}{host}{port}/{quote(self.database, safe='')}{query}"


Location = Path | Server


def as_argument(place: Location) -> str:
    """The location as an argument of a command that a user can paste into a shell."""
    return shlex.quote(str(place))


def location_of(text: str) -> Location:
    """The place that a text names: `postgresql://USER@HOST/DATABASE` on a server, anything else a file."""
    scheme, separator, _ = text.partition("://")
    if not separator or scheme.lower() not in SCHEMES:
        return Path(text)
    try:
        found = urlsplit(text)
        port = found.port
    except ValueError as error:
        raise StudioError(f"The address of the workspace cannot be read: {error}.") from error
    database = unquote(found.path.lstrip("/"))
    if not database:
        raise StudioError(
            "The address names no database. Write it so: postgresql://USER@HOST/DATABASE. "
            "The password comes from the system keyring, PGPASSWORD or ~/.pgpass."
        )
    user, password = unquote(found.username or ""), unquote(found.password or "")
    return Server(database, found.hostname or "", port, user, password, found.query)


def exists(place: Location) -> bool:
    """Whether the file exists. A server counts as existing, because only a connection can tell."""
    if isinstance(place, Server):
        return True
    try:
        return place.exists()
    except OSError:
        return False  # in a folder that may not be entered, or with a name that no file can have


def is_same(place: Location, other: Location) -> bool:
    """Whether both lead to the same file or database, by whatever names: links, relative paths."""
    if isinstance(place, Path) and isinstance(other, Path):
        try:
            return place.samefile(other)
        except OSError:
            return place == other
    return place == other
