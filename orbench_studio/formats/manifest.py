"""The manifest of an export: what it is made of, and the hashes of its files. It holds no time of writing."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orbench_studio.errors import FileFaultError
from orbench_studio.formats.bytes_in import file_fault
from orbench_studio.formats.written import MANIFEST

FORMAT = "orbench-studio-export"
VERSION = 1
RICH = "studio"


@dataclass(frozen=True, slots=True)
class Manifest:
    """An export that lies in a folder; `files` are its rich ones, with their hashes."""

    folder: Path
    found: Mapping[str, Any]

    @property
    def files(self) -> dict[Path, str]:
        """The rich files, by path, with their SHA-256."""
        return {self.folder / one["name"]: one["sha256"] for one in self.found["files"] if one["form"] == RICH}


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write the manifest of the export in the folder."""
    whole = {"format": FORMAT, "version": VERSION, **found}
    (folder / MANIFEST).write_bytes(json.dumps(whole, indent=1, ensure_ascii=False).encode() + b"\n")


def manifest_at(path: Path) -> Manifest | None:
    """The export that a path names, by its folder or its manifest; None for any other file."""
    if path.is_dir() and (path / MANIFEST).is_file():
        path = path / MANIFEST
    if path.name != MANIFEST or not path.is_file():
        return None
    try:
        found = json.loads(path.read_bytes())
        if found.get("format") != FORMAT:
            return None
        return _checked(Manifest(path.parent, found))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise file_fault(path.name, f"this is no readable manifest ({error}). Export again.") from None


def _checked(manifest: Manifest) -> Manifest:
    if manifest.found["version"] > VERSION:
        text = "it was written by a newer version of the studio. Update the studio to import it."
        raise file_fault(MANIFEST, text)
    if not manifest.files:
        raise FileFaultError(
            f"{manifest.folder.name}: this export has no rich file, only prompts and categories. Import its CSV file."
        )
    for file in manifest.files:
        if file.parent.resolve() not in (manifest.folder.resolve(), (manifest.folder / "data").resolve()):
            raise file_fault(MANIFEST, f"it names a file outside of its folder ({file.name}). Export again.")
    return manifest
