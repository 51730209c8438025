"""A PostgreSQL server of the tests' own: a folder, a port on loopback, and nothing of it left behind."""

import getpass
import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

from orbench_studio.domain.workspace.location import Server

_FOLDERS = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_OWNER = "owner"
_TRUSTING = ("--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", f"--username={_OWNER}")


def program(name):
    """A program of the newest server there is; None where there is none, and on Windows."""
    if os.name == "nt":
        return None
    places = os.pathsep.join([*map(str, _FOLDERS), os.environ.get("PATH", "")])
    return shutil.which(name, path=places)


class Postgres:
    """A server that runs; its databases are made as copies of one another."""

    def __init__(self, *, durable=False):
        self.folder = Path(tempfile.mkdtemp(prefix="orbench-postgres-"))
        self._data = self.folder / "data"
        # The server refuses to run as root.
        self._user = "postgres" if os.geteuid() == 0 else getpass.getuser()
        if os.geteuid() == 0:
            shutil.chown(self.folder, self._user)
        self._durable = durable
        self._port = _free_port()
        self._made = 0
        self._run("initdb", "-D", self._data, *_TRUSTING)
        self.start()

    def start(self):
        """Start it, and wait until it takes connections."""
        options = {
            "listen_addresses": "127.0.0.1",
            "port": self._port,
            "unix_socket_directories": self.folder,
            "max_connections": 200,
            "lc_messages": "C",  # English; with any other value German, if the server's translations are installed
            "fsync": "on" if self._durable else "off",
            "synchronous_commit": "on" if self._durable else "off",
            "full_page_writes": "on" if self._durable else "off",
        }
        message = " ".join(f"-c {name}={value}" for name, value in options.items())
        self._run("pg_ctl", "start", "-w", "-D", self._data, "-l", self.folder / "log", "-o", message)

    def stop(self, mode="fast"):
        """Stop it: `immediate` is what a power cut does."""
        self._run("pg_ctl", "stop", "-w", "-D", self._data, "-m", mode)

    def runs(self):
        """Whether it has been started and not been stopped."""
        return (self._data / "postmaster.pid").exists()

    def address(self, database, user=_OWNER):
        """Where a database is."""
        return Server(database, "127.0.0.1", self._port, user)

    def new(self, copy_of="template1"):
        """A new database, with all that is in another."""
        self._made += 1
        name = f"test{self._made}"
        self.say(f'CREATE DATABASE {name} TEMPLATE "{copy_of}"')
        return self.address(name)

    def admit(self, name, server, role="reviewer", options=""):
        """Make a login, where there is none, and give it a role in the workspace of a database."""
        if not self.say(f"SELECT to_regrole('{name}')"):
            self.say(f"CREATE ROLE {name} LOGIN {options}")
        self.say(f"GRANT {server.database}_{role} TO {name}")

    def say(self, statement, database="postgres", user=_OWNER):
        """Put a statement to it, and give what it answers as text."""
        command = [program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement]
        address = ["-h", "127.0.0.1", "-p", str(self._port), "-U", user, "-d", database]
        done = subprocess.run([*command, *address], capture_output=True, text=True, check=False)
        if done.returncode:
            raise AssertionError(done.stderr)
        return done.stdout.strip()

    def log(self):
        """What the server has logged."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def remove(self):
        """Stop it, and remove what it wrote."""
        if self.runs():
            self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    def _run(self, name, *arguments):
        command = [program(name), *map(str, arguments)]
        # Neither its output nor its process group are ours: Ctrl+C in the tests leaves it to `remove`.
        with (self.folder / f"{name}.log").open("wb") as log:
            options = {"user": self._user, "group": self._user} if os.geteuid() == 0 else {}
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                start_new_session=True,
                env=os.environ | {"LANGUAGE": "de"},
                check=False,
                **options,
            )
        if done.returncode:
            message = (self.folder / f"{name}.log").read_text(encoding="utf-8", errors="replace")
            raise AssertionError(f"{name}: {message}")


def _free_port():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
