"""Files and folders that appear whole or not at all: a full disk or a kill leaves what was there before."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path

from orbench_studio.errors import StudioError

MANIFEST = "manifest.json"
_CHUNK = 1 << 20


@contextmanager
def written_file(path: Path) -> Iterator[Path]:
    """Where to write what becomes the file at the end; an old file stays until then, and where anything fails."""
    part = path.with_name(f".{path.name}.part")
    try:
        with _explained(path):
            if path.is_dir():
                raise StudioError(f"{path} is a folder. Name a file.")
            part.unlink(missing_ok=True)
            yield part
            _sync(part)
            part.replace(path)
            _sync(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextmanager
def written_folder(path: Path) -> Iterator[Path]:
    """Where to write what becomes the folder at the end; an earlier export there stays until then.

    A folder that holds anything else is refused. Two renames put the new in the place of the old: killed between the
    two, the old is beside it, and comes back with the next export.
    """
    part, old = path.with_name(f".{path.name}.part"), path.with_name(f".{path.name}.before")
    with _explained(path):
        if old.exists() and not path.exists():
            old.rename(path)
        _require_replaceable(path)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
    try:
        with _explained(path):
            yield part
            for file in (*part.rglob("*"), part):
                _sync(file)
            _put_in_place(part, path, old)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _put_in_place(part: Path, path: Path, old: Path) -> None:
    shutil.rmtree(old, ignore_errors=True)
    if path.exists():
        path.rename(old)
    try:
        part.rename(path)
    except OSError:
        if old.exists():
            old.rename(path)
        raise
    _sync(path.parent)
    shutil.rmtree(old, ignore_errors=True)


def _require_replaceable(path: Path) -> None:
    if path.is_file():
        raise StudioError(f"{path} is a file. Name a folder that is new, empty, or an earlier export.")
    if path.is_dir() and any(path.iterdir()) and not (path / MANIFEST).is_file():
        raise StudioError(f"{path} holds other files. Name a folder that is new, empty, or an earlier export.")


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        told = error.strerror or str(error)
        raise StudioError(
            f"{path} could not be written ({told.lower()}). What was there before is as it was. "
            "Free some space, or check that the folder exists and may be written to."
        ) from error


def _sync(path: Path) -> None:
    """Have the disk keep it. Folders cannot be opened on Windows, and need not be."""
    if path.is_dir() and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY)
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
