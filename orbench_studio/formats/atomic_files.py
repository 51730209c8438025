"""Files that appear whole or not at all: a full disk or a kill leaves what was there before."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from orbench_studio.errors import StudioError

MANIFEST = "manifest.json"
_CHUNK = 1 << 20
_BEGINNING = 1_000  # bytes of a file among which its mark is


@contextmanager
def written_file(path: Path, mark: bytes) -> Iterator[Path]:
    """Where to write what becomes the file at the end; an old file stays until then, and where anything fails.

    An old file is only replaced where its beginning has the mark of the files written so: a mistyped name must not cost
    a user another file, or the workspace itself. A link stays one, and the file that it leads to is replaced.
    """
    target = Path(os.path.realpath(path))
    part = target.with_name(f".{target.name}.orbench-part")
    with explained(path):
        _require_ours(path, mark)
        part.unlink(missing_ok=True)
        try:
            yield part
            sync(part)
            part.replace(target)
            sync(target.parent)
        finally:
            part.unlink(missing_ok=True)


def _require_ours(path: Path, mark: bytes) -> None:
    if path.is_dir():
        raise StudioError(f"{path} is a folder. Name a file.")
    try:
        with path.open("rb") as file:
            found = file.read(_BEGINNING)
    except FileNotFoundError:
        return
    if found and mark not in found:
        raise StudioError(f"{path} exists and is a file of another kind. It was not changed. Choose another name.")


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Turn what the system refuses into a sentence about the path; nothing of it may be changed by then."""
    try:
        yield
    except OSError as error:
        message = error.strerror or str(error)
        name = Path(error.filename or path).name
        if name != path.name and not name.startswith("."):  # those are ours, and tell the user nothing
            message += f": {name}"
        raise StudioError(
            f"{path} could not be written ({message[:1].lower()}{message[1:]}). Its previous content is unchanged. "
            "Free some space, or check that the folder exists and may be written to."
        ) from error


def sync(path: Path) -> None:
    """Have the disk keep it. Folders cannot be opened on Windows, and need not be."""
    if path.is_dir() and os.name == "nt":
        return
    # Windows flushes only what may be written.
    descriptor = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def digest(path: Path, on_bytes: Callable[[int], object] = lambda _count: None) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    found = sha256()
    with path.open("rb") as file:
        while data := file.read(_CHUNK):
            found.update(data)
            on_bytes(len(data))
    return found.hexdigest()
