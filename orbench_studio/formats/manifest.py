"""The manifest of an export: what it is made of, and the hashes of its files. It holds no time of writing."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from orbench_studio.errors import DAMAGE, FileFaultError, StudioError, explained, shortened
from orbench_studio.formats import dataset_card, label_studio
from orbench_studio.formats.atomic import MANIFEST, digest
from orbench_studio.formats.byte_source import file_fault
from orbench_studio.formats.guards import decoded
from orbench_studio.formats.small_text import text_of

FORMAT = "orbench-studio-export"
VERSION = 2
RICH = "studio"
PROMPTS = "prompts"
EXTRA = "description"  # files without rows: a dataset card, a labelling configuration
_SELF = "manifest"

# All that an export calls its files. A manifest comes from outside: no other name is read, moved or removed for it.
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
    """An export that lies in a folder; `files` are its rich ones, with their hashes."""

    folder: Path
    found: Mapping[str, Any]

    @property
    def files(self) -> dict[Path, str]:
        """The rich files, by path, with their SHA-256."""
        return {self.folder / one["name"]: one["sha256"] for one in self.found["files"] if one["form"] == RICH}

    def written(self) -> dict[str, str]:
        """Every file that the export wrote beside its manifest: the SHA-256 by name."""
        listed = {one["name"]: one["sha256"] for one in self.found["files"] if one["name"] != MANIFEST}
        return listed | _unlisted(self) if self.found["version"] == 1 else listed


def is_name(name: str) -> bool:
    """Whether an export calls a file so."""
    return _NAME.fullmatch(name) is not None


def described(folder: Path, files: Iterable[tuple[str, str]]) -> list[dict[str, str]]:
    """What a manifest says of files in the folder, given by name and form."""
    return [{"name": name, "form": form, "sha256": digest(folder / name)} for name, form in files]


def write(folder: Path, found: Mapping[str, Any]) -> None:
    """Write the manifest of the export in the folder; `files` has all others, and the manifest names itself."""
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
    """The export that a path names, by its folder or its manifest, to be imported; None for any other file."""
    folder = folder_of(path)
    if folder is None or not (folder / MANIFEST).is_file():
        return None
    with explained(unreadable):
        manifest = _of(folder, decoded(text_of(folder / MANIFEST, LARGEST)))
        if manifest is not None and not manifest.files:
            raise FileFaultError(
                f"{manifest.folder.name}: this export has no rich file, only prompts and categories. "
                "Import its CSV file."
            )
        if manifest is not None:
            _require(*_HOLDS, of=manifest)
    return manifest


def manifest_in(folder: Path) -> Manifest | None:
    """The export of ours in a folder; None where there is none. A FileFaultError where it cannot be read."""
    path = folder / MANIFEST
    if not path.is_file():
        return None
    try:
        found = decoded(text_of(path, LARGEST))
    except (StudioError, *DAMAGE):
        return None  # another program's
    with explained(unreadable):
        return _of(folder, found)


def unreadable(reason: str) -> FileFaultError:
    """The error for a manifest that is damaged or not what an export writes."""
    return file_fault(MANIFEST, f"this is no readable manifest ({reason}). Export to a new folder.")


def _of(folder: Path, found: Any) -> Manifest | None:
    """The export that a manifest describes; None where it is another program's."""
    if not isinstance(found, dict) or found.get("format") != FORMAT:
        return None
    return _checked(Manifest(folder, found))


def _checked(manifest: Manifest) -> Manifest:
    if manifest.found["version"] > VERSION:
        raise file_fault(MANIFEST, "it was written by a newer version of the studio. Update the studio.")
    _require("files", of=manifest)
    for name in (one["name"] for one in manifest.found["files"]):
        if not is_name(name):
            raise file_fault(
                MANIFEST, f"it lists {shortened(name)}, which is no file of an export. Export to a new folder."
            )
    if not all(isinstance(sha256, str) for sha256 in manifest.written().values()):
        raise ValueError("files: sha256 is not str")
    return manifest


def _unlisted(manifest: Manifest) -> dict[str, str]:
    """What version 1 wrote and did not list, with the hashes that it had: it followed from the rest."""
    found = manifest.found
    if found["form"] == "label-studio":
        texts = {f"{what}.xml": label_studio.config(responses=what == "responses") for what in ("prompts", "responses")}
    elif found["form"] == "huggingface":
        names = [part["name"] for part in found["parts"]]
        licence = dataset_card.licence_in(manifest.folder)
        card = dataset_card.card(names, found["parts"], licence, annotators=found["annotators"])
        texts = {dataset_card.NAME: card}
    else:
        texts = {}
    return {name: sha256(text.encode()).hexdigest() for name, text in texts.items()}


def _require(*parts: str, of: Manifest) -> None:
    for part in parts:
        for one in of.found[part]:
            for name, kind in _HOLDS[part].items():
                if not isinstance(one[name], kind):
                    raise ValueError(f"{part}: {name} is not {kind.__name__}")
