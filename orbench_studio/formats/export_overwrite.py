"""The folder of an export: all its files are put in place or none, and no other file is touched.

While it is written, an export lies in a hidden folder inside its own. There `new` has its files and `old` those of the
earlier export, moved out of the way. The new manifest is moved last, and that completes the export: as long as it is in
`new`, everything is put back, by this process or, after a kill, by the next export or import.
"""

import errno
import os
import shutil
import stat
import sys
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from orbench_studio.errors import StudioError
from orbench_studio.formats import manifest
from orbench_studio.formats.atomic_files import MANIFEST, digest, explained, sync

STAGING = ".orbench-studio-export"
_NEW, _OLD, _LOCK = "new", "old", "lock"
_JUNCTION = 0xA0000003  # IO_REPARSE_TAG_MOUNT_POINT: what Windows has beside symbolic links
_HELD = {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
_NAMED = 5  # files in an error


@contextmanager
def export_folder(out: Path, names: Collection[str]) -> Iterator[Path]:
    """Where to write the files of these names, which are in the export's folder at the end, all or none.

    The files that an earlier export listed are replaced or removed, as long as they are what it wrote. Where anything
    else is in the way, a StudioError names it before anything is written.
    """
    with explained(out), _created(out), _locked(out):
        _settle(out)
        _replaceable(out, names)
        new = out / STAGING / _NEW
        new.mkdir()
        try:
            yield new
            for file in (*new.rglob("*"), new):
                sync(file)
            _swap(out, names, _replaceable(out, names))  # looked at again: writing takes a while
        finally:
            _settle(out)


def repair(out: Path) -> bool:
    """Put back what an export that was killed had moved in the folder; whether there was such an export."""
    if not os.path.lexists(out / STAGING):
        return False
    with explained(out), _locked(out):
        return _settle(out)


@contextmanager
def _created(out: Path) -> Iterator[None]:
    if out.exists() and not out.is_dir():
        raise StudioError(f"{out} is a file. Name a folder that is new, empty, or an earlier export.")
    is_new = not out.is_dir()
    if is_new:
        out.mkdir()
    try:
        yield
    except BaseException:
        if is_new:
            with suppress(OSError):  # not empty, where others have put something into it
                out.rmdir()
        raise


@contextmanager
def _locked(out: Path) -> Iterator[None]:
    """Lock the hidden folder with a lock of the operating system, which ends with the process that has it."""
    staging = out / STAGING
    _require_ours(staging)
    staging.mkdir(exist_ok=True)
    file = (staging / _LOCK).open("ab")
    if not _lock(file) or not _is_at(file, staging / _LOCK):
        file.close()
        raise StudioError(f"Another export is being written to {out}. Wait until it is completed.")
    try:
        yield
    finally:
        if sys.platform == "win32":  # which cannot remove an open file
            file.close()
        with suppress(OSError):  # not empty, where something could not be put back
            (staging / _LOCK).unlink()
            staging.rmdir()
        file.close()


def _lock(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in _HELD  # some network drives have no locks: better one export there than none
    return True


def _is_at(file: BinaryIO, path: Path) -> bool:
    """Whether the open file is the one at the path: who had it before may have removed it."""
    try:
        return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False


def _require_ours(staging: Path) -> None:
    """Refuse a hidden folder of that name that no export can have left behind."""
    if not os.path.lexists(staging):
        return
    known = {_NEW, _OLD, _LOCK}
    odd = [staging] if _is_link(staging) or not staging.is_dir() else []
    if not odd:
        within = list(staging.rglob("*"))
        odd = [one for one in within if _is_link(one) or one.relative_to(staging).parts[0] not in known]
        odd += [one for one in within if one.is_file() and not _is_left(one.relative_to(staging).as_posix())]
    if odd:
        raise StudioError(f"{odd[0]} was not written by an export. Move it elsewhere, or choose another folder.")


def _is_left(path: str) -> bool:
    top, _, name = path.partition("/")
    return path == _LOCK or (top in (_NEW, _OLD) and manifest.is_name(name))


def _replaceable(out: Path, names: Collection[str]) -> Mapping[str, str]:
    """The files of the earlier export by name, with their hashes; a StudioError where others would be destroyed."""
    found = manifest.manifest_in(out)
    if found is None:
        foreign = sorted(one.name for one in out.iterdir() if one.name != STAGING)
        if foreign:
            raise StudioError(f"{out} contains other files: {_named(foreign)}. Choose a new or an empty folder.")
        return {}
    earlier = found.written()
    there = sorted(name for name in {*names, *earlier, MANIFEST} if os.path.lexists(out / name))
    linked = [name for name in there if any(map(_is_link, _way(out, name)))]
    foreign = [name for name in there if name not in earlier and name not in linked and name != MANIFEST]
    kept = [name for name in there if name in earlier and name not in linked]
    changed = [name for name in kept if not (out / name).is_file() or digest(out / name) != earlier[name]]
    faults = {
        "These files are links": linked,
        "These files are not from the earlier export": foreign,
        "These files were changed after the earlier export": changed,
    }
    said = [f"{what}: {_named(those)}." for what, those in faults.items() if those]
    if said:
        raise StudioError(
            f"Nothing was written to {out}. {' '.join(said)} Move, rename or delete them, or choose another folder."
        )
    return earlier


def _swap(out: Path, names: Collection[str], earlier: Iterable[str]) -> None:
    new, old = out / STAGING / _NEW, out / STAGING / _OLD
    for name in earlier:
        if (out / name).exists():
            _move(out / name, old / name)
    for name in names:
        if name != MANIFEST:
            _move(new / name, out / name)
    for folder in {(out / name).parent for name in names} | {new}:
        sync(folder)
    (new / MANIFEST).replace(out / MANIFEST)
    sync(out)
    _remove_empty(out, earlier)


def _settle(out: Path) -> bool:
    """Put back what was moved for an export that is not complete, and remove what it left; whether there was any."""
    new, old = out / STAGING / _NEW, out / STAGING / _OLD
    is_broken_off = any(one.is_file() for one in new.rglob("*"))  # where it was completed they are all moved
    if (new / MANIFEST).is_file():
        try:
            _put_back(out, new, old)
        except OSError as error:
            raise StudioError(
                f"An export to {out} was interrupted and could not be undone ({error.strerror}). The earlier files are "
                f"in {old}. To restore them, export or import again."
            ) from error
        (new / MANIFEST).unlink()  # first: without it all that is left can go
    for folder in (new, old):
        if folder.exists():
            shutil.rmtree(folder)
    return is_broken_off


def _put_back(out: Path, new: Path, old: Path) -> None:
    """Undo a swap, from any step of it, and from any step of its undoing: a file is in one of the two places."""
    found = manifest.manifest_in(new)
    placed = found.written() if found else {}
    for name, sha256 in placed.items():
        place = out / name
        if not (new / name).exists() and _is_ours(out, name) and digest(place) == sha256:
            _move(place, new / name)
    _remove_empty(out, placed)
    for file in sorted(one for one in old.rglob("*") if one.is_file()):
        name = file.relative_to(old).as_posix()
        if os.path.lexists(out / name) or any(map(_is_link, _way(out, name))):
            raise StudioError(
                f"An export to {out} was interrupted, and {name} was changed since. The earlier {name} is in {old}. "
                f"Move or rename the changed file. The next export or import restores the earlier one."
            )
        _move(file, out / name)


def _is_ours(out: Path, name: str) -> bool:
    return not any(map(_is_link, _way(out, name))) and (out / name).is_file()


def _move(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    source.rename(target)


def _remove_empty(out: Path, names: Iterable[str]) -> None:
    """Remove the folders of these files inside the export's own, where nothing is left in them."""
    for folder in {(out / name).parent for name in names} - {out}:
        with suppress(OSError):
            folder.rmdir()


def _way(out: Path, name: str) -> Iterator[Path]:
    """Every path from the export's folder to a file inside it, without the folder itself, which may be a link."""
    path = out
    for part in Path(name).parts:
        path /= part
        yield path


def _is_link(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return stat.S_ISLNK(found.st_mode) or getattr(found, "st_reparse_tag", 0) == _JUNCTION


def _named(names: Collection[str]) -> str:
    shown = ["".join(letter if letter.isprintable() else "?" for letter in name) for name in names]
    more = f" and {len(shown) - _NAMED:,} more" if len(shown) > _NAMED else ""
    return ", ".join(shown[:_NAMED]) + more
