"""Export prompts and all related data into a folder: all files or none. No other file is changed.

The same workspace and the same export give the same bytes. All data are read from one snapshot; memory use does not
grow with the number of prompts.
"""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection

from orbench_studio.domain.data.export import RICH, Export, Form
from orbench_studio.domain.data.export_columns import ORBENCH, PROMPT, PUBLISHED
from orbench_studio.domain.review.query import parse
from orbench_studio.errors import CancelledError, FileFaultError, StudioError
from orbench_studio.formats import argilla, dataset_card, label_studio, manifest, row_files
from orbench_studio.formats.atomic_files import MANIFEST
from orbench_studio.formats.export_overwrite import export_folder, repair
from orbench_studio.formats.row_files import Row, Write
from orbench_studio.services.data.manifest_statistics import ManifestStatistics
from orbench_studio.services.data.record_import import gc_paused
from orbench_studio.services.workspace.workspace import Workspace
from orbench_studio.store.curation import subsets
from orbench_studio.store.data import export_rows, provenance
from orbench_studio.store.review import derived_states, guidelines, queue
from orbench_studio.version import __version__

__all__ = ["Export", "Exported", "Form", "export", "is_export", "subset_names"]

TOGETHER = 200  # prompts read and written at a time
_LONGEST = 4_000_000  # characters of responses in a row; what is more goes on in another, which importers can read
_WHOLE = "prompts"
_FULL = "-full"  # behind the name of a file with all that is known, beside one with what is published
_EXTRAS = {Form.LABEL_STUDIO: ("prompts.xml", "responses.xml"), Form.HUGGINGFACE: (dataset_card.NAME,)}

Progress = Callable[[int, int], bool]


class Part(NamedTuple):
    """A set of prompts with files of its own: file name and prompts."""

    name: str
    prompt_ids: Sequence[int]


class Output(NamedTuple):
    """A file of an export: its name, how rows are written, and whether it has all data or all responses."""

    name: str
    open: Callable[[Path], AbstractContextManager[Write]]
    rich: bool = False
    responses: bool = False


@dataclass(frozen=True, slots=True)
class Exported:
    """Result of an export. `repaired`: an interrupted earlier export was undone first."""

    out: Path
    prompts: int
    files: tuple[str, ...]
    repaired: bool = False


def export(workspace: Workspace, wanted: Export, on_progress: Progress = lambda _done, _total: True) -> Exported:
    """Write the folder of the export, or leave it unchanged.

    Only files that an earlier export listed are replaced. `on_progress` receives the number of prompts written and
    their total, and returns whether to continue.
    """
    out = wanted.out
    repaired = repair(out)
    with gc_paused(), workspace.reading() as db:
        parts = _parts(db, wanted)
        total = sum(len(part.prompt_ids) for part in parts)
        if not total:
            raise StudioError("Nothing to export: the selection has no prompts. Choose another subset or filter.")
        names = sorted(_names(wanted, parts))
        with export_folder(out, names) as folder:
            found, done = [], 0
            for part in parts:
                go_on = _cancelling(on_progress, done, total)
                found.append(_write(db, workspace, wanted, part, folder, go_on))
                done += len(part.prompt_ids)
            _describe(db, wanted, parts, found, folder)
    return Exported(out, total, tuple(names), repaired)


def is_export(folder: Path) -> bool:
    """Whether the folder contains an export, whose files a new export would replace."""
    try:
        return manifest.manifest_in(folder) is not None
    except (OSError, FileFaultError):
        return False


def subset_names(workspace: Workspace) -> list[str]:
    with workspace.reading() as db:
        return subsets.names(db)


def _cancelling(on_progress: Progress, before: int, total: int) -> Callable[[int], None]:
    def go_on(done: int) -> None:
        if not on_progress(before + done, total):
            raise CancelledError("The export was cancelled. The folder is unchanged.")

    return go_on


def _parts(db: Connection, wanted: Export) -> list[Part]:
    if not wanted.subsets:
        ids = list(queue.ids(db, parse(wanted.filter))) if wanted.filter.strip() else provenance.all_ids(db)
        return [Part(_WHOLE, ids)]
    parts: list[Part] = []
    for name in wanted.subsets:
        placed = subsets.prompts(db, name)
        if placed is None:
            there = ", ".join(subsets.names(db)) or "none yet"
            raise StudioError(f"There is no subset {name!r}. Subsets here: {there}.")
        parts.append(Part(_file_name(name, {part.name for part in parts}), placed))
    return parts


def _file_name(subset: str, taken: set[str]) -> str:
    """Return a unique file name for a subset, valid on every system and as a configuration name on Hugging Face.

    Names that differ only in case, or by `-full`, count as equal.
    """
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", subset).strip(".-")[:80] or "subset"
    used = {other.lower() + end for other in taken for end in ("", _FULL)}
    used |= {other.lower().removesuffix(_FULL) for other in taken}
    numbered = (f"{name}-{number}" for number in range(2, 2 * len(taken) + 4))
    return next(other for other in (name, *numbered) if other.lower() not in used)


def _names(wanted: Export, parts: Sequence[Part]) -> Iterator[str]:
    for part in parts:
        yield from (output.name for output in _outputs(wanted, part.name))
    yield from _EXTRAS.get(wanted.form, ())
    yield MANIFEST


def _write(
    db: Connection, workspace: Workspace, wanted: Export, part: Part, folder: Path, go_on: Callable[[int], None]
) -> dict[str, Any]:
    """Write the files of a part, and return its entry in the manifest."""
    tally = ManifestStatistics()
    named = str if wanted.names else _pseudonyms(workspace)
    outputs = _outputs(wanted, part.name)
    has_seeds = False
    with ExitStack() as stack:
        writers = [(output, _open(stack, output, folder)) for output in outputs]
        for start in range(0, len(part.prompt_ids), TOGETHER):
            some = part.prompt_ids[start : start + TOGETHER]
            found = list(export_rows.rows(db, some, named))
            has_seeds |= any(row["seed"] for row in found)
            rows = [piece for row in found for piece in _pieces(row, seeds=wanted.seeds)]
            tally.add(rows)
            for output, write in writers:
                write(rows if output.rich or output.responses else [row for row in rows if row["part"] == 1])
            go_on(start + len(some))
    forms = ((output.name, manifest.RICH if output.rich else manifest.PROMPTS) for output in outputs)
    files = manifest.described(folder, forms)
    seeds = "included" if wanted.seeds and wanted.form in RICH else "left out"
    return {"name": part.name, "files": files, "seeds": seeds if has_seeds else "none", **tally.message()}


def _open(stack: ExitStack, output: Output, folder: Path) -> Write:
    path = folder / output.name
    path.parent.mkdir(exist_ok=True)
    return stack.enter_context(output.open(path))


def _outputs(wanted: Export, name: str) -> list[Output]:
    formulas, bom = wanted.formulas, wanted.bom
    tools = {Form.LABEL_STUDIO: label_studio, Form.ARGILLA: argilla}
    if wanted.form in tools:
        tool = tools[wanted.form]
        return [
            Output(f"{name}-prompts.json", lambda path: row_files.json_rows(path, tool.prompts)),
            Output(f"{name}-responses.json", lambda path: row_files.json_rows(path, tool.responses), responses=True),
        ]
    if wanted.form is Form.HUGGINGFACE:
        return [
            Output(f"data/{name}.parquet", lambda path: row_files.parquet_rows(path, PUBLISHED)),
            Output(
                f"data/{name}{_FULL}.parquet",
                lambda path: row_files.parquet_rows(path, PROMPT),
                rich=True,
            ),
        ]
    if wanted.form is Form.ORBENCH:
        return [Output(f"{name}.csv", lambda path: row_files.csv_rows(path, ORBENCH, formulas=formulas, bom=bom))]
    rich: dict[Form, Callable[[Path], AbstractContextManager[Write]]] = {
        Form.CSV: lambda path: row_files.csv_rows(path, PROMPT, formulas=formulas, bom=bom),
        Form.JSONL: lambda path: row_files.jsonl_rows(path, PROMPT),
        Form.PARQUET: lambda path: row_files.parquet_rows(path, PROMPT),
    }
    return [Output(f"{name}.{wanted.form}", rich[wanted.form], rich=True)]


def _pieces(row: dict[str, Any], *, seeds: bool) -> Iterator[Row]:
    """The row, split into several if its responses exceed the cell length that importers can read."""
    row["part"] = 1
    if not seeds:
        row["seed"] = row["seed_category"] = None
    responses = row["responses"]
    length = 0
    for at, response in enumerate(responses):
        length += len(response.get("text", ""))
        if length > _LONGEST and at:
            yield row | {"responses": responses[:at]}
            rest = {"votes": [], "annotations": [], "responses": responses[at:]}
            yield from _numbered(_pieces(row | rest, seeds=seeds))
            return
    yield row


def _numbered(pieces: Iterator[Row]) -> Iterator[Row]:
    for number, piece in enumerate(pieces, start=2):
        yield {**piece, "part": number}


def _pseudonyms(workspace: Workspace) -> export_rows.Named:
    """Pseudonyms of the annotators: the same in every export, and not reversible without the workspace."""

    def named(name: str) -> str:
        hashed = blake2b(name.encode("utf-8", "surrogatepass"), key=workspace.uuid.encode(), digest_size=5)
        return f"annotator-{hashed.hexdigest()}"

    return named


def _describe(
    db: Connection, wanted: Export, parts: Sequence[Part], found: Sequence[dict[str, Any]], folder: Path
) -> None:
    message: dict[str, Any] = {
        "studio": __version__,
        "form": wanted.form,
        "filter": wanted.filter,
        "annotators": "names" if wanted.names else "pseudonyms",
        "formulas": "as they are" if wanted.formulas else "escaped",
        "files": [file for part in found for file in part.pop("files")],
        "parts": list(found),
    }
    if wanted.form in (Form.PARQUET, Form.HUGGINGFACE):
        import pyarrow

        message["pyarrow"] = pyarrow.__version__
    chosen = wanted.subsets or (() if wanted.filter else None)
    message["subsets"] = [_written(_nameless(one)) for one in provenance.subsets(db, chosen)]
    if wanted.form in RICH:
        message["voting_rule"] = derived_states.rule(db).to_text()
        message["sources"] = [_written(source) for source in provenance.sources(db)]
        message["guidelines"] = [
            {"version": g.version, "created_at": export_rows.written(g.at), "text": g.text}
            for g in guidelines.versions(db)
        ]
    if wanted.form is Form.LABEL_STUDIO:
        for what in ("prompts", "responses"):
            configuration = label_studio.config(responses=what == "responses")
            (folder / f"{what}.xml").write_bytes(configuration.encode())
    if wanted.form is Form.HUGGINGFACE:
        names = [part.name for part in parts]
        contents = "the recipe of each subset" if wanted.subsets else "the filter" if wanted.filter.strip() else ""
        text = dataset_card.card(
            names,
            found,
            wanted.licence,
            annotators=f"their {message['annotators']}" if wanted.names else "pseudonyms",
            contents=contents,
        )
        (folder / dataset_card.NAME).write_bytes(text.encode())
    message["files"] += manifest.described(folder, ((name, manifest.EXTRA) for name in _EXTRAS.get(wanted.form, ())))
    manifest.write(folder, message)


def _nameless(subset: dict[str, Any]) -> dict[str, Any]:
    """The subset with a hash instead of the workspace's uuid, because pseudonyms are computed from the uuid."""
    state = json.loads(subset["state"])
    if state.get("workspace"):
        state["workspace"] = blake2b(state["workspace"].encode(), digest_size=16, person=b"subset").hexdigest()
    return subset | {"state": json.dumps(state, ensure_ascii=False)}


def _written(values: dict[str, Any]) -> dict[str, Any]:
    return {name: export_rows.written(value) if hasattr(value, "strftime") else value for name, value in values.items()}
