"""The files in what a user names: members of a zip archive, a Hugging Face dataset in a folder or on the hub."""

import shutil
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from orbench_studio.domain.data.hub_address import hub_address
from orbench_studio.errors import FileFaultError, explained, reason_of
from orbench_studio.formats.byte_source import MEMBERS, file_fault, require_ratio
from orbench_studio.formats.manifest import manifest_at
from orbench_studio.formats.tables import listing, stem_and_kind
from orbench_studio.providers import hugging_face
from orbench_studio.services.data import hub_files

Progress = Callable[[int, int], bool]
Warn = Callable[[str], None]
_MOST_MEMBERS = 1_000
_MOST_BYTES = 4_000_000_000  # unpacked together
_MOST_FOLDERS = 8  # in the name of a member
_BESIDE_ARROW = ("state.json", "dataset_info.json", "dataset_dict.json")  # written by `save_to_disk`
_NOT_DATA = (*_BESIDE_ARROW, "dataset_infos.json", "manifest.json")


@contextmanager
def expanded(
    paths: Sequence[Path], warn: Warn, on_progress: Progress = lambda _done, _total: True
) -> Iterator[list[Path]]:
    """The files to import for these paths: members of archives are unpacked while the context lasts.

    `warn` gets a sentence about each archive and folder with other files, which are not read. A path `hf://OWNER/NAME`
    names a dataset on the hub, which is downloaded: `on_progress` gets the bytes, and returns False to cancel.
    """
    with tempfile.TemporaryDirectory(prefix="orbench-") as folder:
        found: list[Path] = []
        for path in paths:
            address = hub_address(path.as_posix())
            if address is not None:
                found += hub_files.download(address, on_progress)
            elif path.is_dir() and manifest_at(path) is None:
                found += _of_folder(path, warn) or [path]
            elif path.suffix.lower() == ".zip" and path.is_file():
                found += _of_archive(path, Path(folder) / str(len(found)), warn)
            else:
                found.append(path)
        yield found


def _count_others(name: str, files: Iterable[str], read: Iterable[str], warn: Warn) -> None:
    """Name the files that are not read; those of systems, and of a library beside its Arrow files, are no content."""
    of_library = _BESIDE_ARROW if any(file.endswith(".arrow") for file in read) else ()
    others = [file for file in map(PurePosixPath, files) if not _is_hidden(file) and file.name not in of_library]
    if others:
        warn(f"{name}: these files were not read: {listing(list(map(str, others)))}.")


def _of_folder(folder: Path, warn: Warn) -> list[Path]:
    """The files that the dataset card lists, else every table in the folder."""
    card = folder / "README.md"
    inside = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    tables = {name: file for name, file in inside.items() if _is_table(name) and _is_inside(file, folder)}
    configs = hugging_face.configs_in(card) if card.is_file() else {}
    patterns = [pattern for splits in configs.values() for of_split in splits.values() for pattern in of_split]
    found = [tables[name] for name in hugging_face.matching(tables, patterns) or tables]
    others = [name for name, file in inside.items() if file not in (*found, card)]
    _count_others(folder.name, others, map(str, found), warn)
    return found


def _is_inside(file: Path, folder: Path) -> bool:
    return folder.resolve() in file.resolve().parents


def _of_archive(path: Path, folder: Path, warn: Warn) -> list[Path]:
    """Unpack the tables of an archive; raises FileFaultError for a damaged, encrypted or too large one."""

    def damaged(reason: str) -> FileFaultError:
        return file_fault(path.name, f"the zip archive cannot be read ({reason}). Unpack it and import its files.")

    with explained(damaged):
        try:
            with zipfile.ZipFile(path) as archive:
                names = [entry.filename for entry in archive.infolist() if not entry.is_dir()]
                read = list(filter(_is_table, names))
                _count_others(path.name, [name for name in names if name not in read], read, warn)
                return _unpacked(path, archive, folder)
        except (zipfile.BadZipFile, NotImplementedError, OSError) as error:
            raise damaged(reason_of(error)) from None


def _unpacked(path: Path, archive: zipfile.ZipFile, folder: Path) -> list[Path]:
    members = [entry for entry in archive.infolist() if _is_table(entry.filename)]
    if not members:
        raise file_fault(path.name, "the zip archive has no table in it (CSV, JSON, Parquet and so on).")
    size = sum(entry.file_size for entry in members)
    if len(members) > _MOST_MEMBERS or size > _MOST_BYTES:
        raise file_fault(path.name, "the zip archive is too large. Unpack it and import its files.")
    require_ratio(path.name, path.stat().st_size, size)
    found = []
    for number, entry in enumerate(members):
        parts = [part for part in PurePosixPath(entry.filename.replace("\\", "/")).parts if part != "/"]
        target = folder.joinpath(MEMBERS, str(number), *parts[-_MOST_FOLDERS:])
        target.parent.mkdir(parents=True)
        with archive.open(entry) as source, target.open("wb") as file:
            shutil.copyfileobj(source, file)
        found.append(target)
    return found


def _is_table(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    is_outside = ".." in path.parts
    return not (is_outside or _is_hidden(path) or path.name in _NOT_DATA) and bool(stem_and_kind(path.name)[1])


def _is_hidden(path: PurePosixPath) -> bool:
    return any(part.startswith((".", "__MACOSX")) and part != ".." for part in path.parts)
