"""The manifest of an export: its content and the hashes of its files, without a time, so that it is reproducible."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orbench_studio.errors import DAMAGE, FileFaultError, StudioError, explained, shortened
from orbench_studio.formats.atomic_files import MANIFEST, digest
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.row_guard import decoded
from orbench_studio.formats.small_text import text_of

FORMAT = "orbench-studio-export"
VERSION = 2
RICH = "studio"
PROMPTS = "prompts"
EXTRA = "description"  # files without rows: dataset card, labelling configuration
_SELF = "manifest"

# The names of exported files. A manifest is untrusted input: files with other names are never read, moved or deleted.
_NAME = re.compile(r"(?:data/)?[A-Za-z0-9_][A-Za-z0-9._-]*")
LARGEST = 256 * 2**20  # bytes; a million prompts in subsets take 70 MB
_HOLDS: Mapping[str, Mapping[str, type]] = {
    "files": dict.fromkeys(("name", "form"), str),
    "sources": {"number": int} | dict.fromkeys(("name", "sha256", "format", "imported_at"), str),
    "guidelines": {"version": int} | dict.fromkeys(("text", "created_at"), str),
    "subsets": {"prompts": list} | dict.fromkeys(("name", "recipe", "created_at", "state"), str),
}


@dataclass(frozen=True, slots=True)
class Manifest:
    folder: Path
    found: Mapping[str, Any]

    @property
    def files(self) -> dict[Path, str]:
        """The SHA-256 of each file with the full content, by path."""
        return {self.folder / one["name"]: one["sha256"] for one in self.found["files"] if one["form"] == RICH}

    def written(self) -> dict[str, str]:
        """The SHA-256 of each exported file, except the manifest, by name."""
        return {one["name"]: one["sha256"] for one in self.found["files"] if one["name"] != MANIFEST}


def is_name(name: str) -> bool:
    """Whether an exported file can have this name."""
    return _NAME.fullmatch(name) is not None


def described(folder: Path, files: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """The entries of a manifest for files in the folder, given by name and form."""
    return [{"name": name, "form": form, "sha256": digest(folder / name)} for name, form in files]


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write the manifest of the export in the folder; `found["files"]` has all other files."""
    files = [*found["files"], {"name": MANIFEST, "form": _SELF}]
    whole = {"format": FORMAT, "version": VERSION, **found, "files": files}
    (folder / MANIFEST).write_bytes(json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n")


def folder_of(path: Path) -> Path | None:
    """The folder that a path names directly or by its manifest; None for any other file."""
    try:
        if path.is_dir():
            return path
    except (OSError, ValueError):
        return None  # no file can have this name: opening it fails with a message
    return path.parent if path.name == MANIFEST else None


def manifest_at(path: Path) -> Manifest | None:
    """Read the export that a path names by its folder or its manifest; None for any other file."""
    folder = folder_of(path)
    if folder is None or not (folder / MANIFEST).is_file():
        return None
    with explained(unreadable):
        manifest = _of(folder, decoded(text_of(folder / MANIFEST, LARGEST)))
        if manifest is not None and not manifest.files:
            named = sorted(f.name for f in folder.iterdir() if f.suffix in (".csv", ".json") and f.name != MANIFEST)
            text = (
                f"this export is for other programs, and not a whole workspace. Import its files: {', '.join(named)}."
            )
            raise FileFaultError(f"{manifest.folder.name}: {text}")
        if manifest is not None:
            _require(*_HOLDS, of=manifest)
    return manifest


def manifest_in(folder: Path) -> Manifest | None:
    """Read the manifest of an export in a folder; None without one. Raises FileFaultError if it is damaged."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        found = decoded(text_of(path, LARGEST))
    except (StudioError, *DAMAGE):
        return None  # the manifest of another program
    with explained(unreadable):
        return _of(folder, found)


def unreadable(reason: str) -> FileFaultError:
    """The error for a manifest that is damaged or not what an export writes."""
    return file_fault(MANIFEST, f"this manifest cannot be read ({reason}). Export to a new folder.")


def _of(folder: Path, found: Any) -> Manifest | None:
    """Check the content of a manifest; None for one of another program."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return None
    return _checked(Manifest(folder, found))


def _checked(manifest: Manifest) -> Manifest:
    if manifest.found["version"] > VERSION:
        raise file_fault(MANIFEST, "it was written by a newer version. Update OR-Bench Studio.")
    _require("files", of=manifest)
    for name in (one["name"] for one in manifest.found["files"]):
        if not is_name(name):
            raise file_fault(
                MANIFEST, f"it lists {shortened(name)}, which is not a file of an export. Export to a new folder."
            )
    if not all(isinstance(sha256, str) for sha256 in manifest.written().values()):
        raise ValueError("files: sha256 is not str")
    return manifest


def _require(*parts: str, of: Manifest) -> None:
    for part in parts:
        for one in of.found[part]:
            for name, kind in _HOLDS[part].items():
                if not isinstance(one[name], kind):
                    raise ValueError(f"{part}: {name} is not {kind.__name__}")
