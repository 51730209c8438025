"""Open a workspace and read its tables as pandas data frames."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from orbench_studio.api import audit_frames
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.errors import StudioError
from orbench_studio.services.data import frames
from orbench_studio.services.workspace import workspace as services

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from orbench_studio.services.data.import_files import ImportReport


class Workspace:
    """An open workspace. Use it with `with`, or call `close`.

    It may be open in a window at the same time: every call reads the current state. Text columns have pandas' string
    type, columns with few different values are categoricals, integers are Int64 (missing: <NA>), times are in UTC. A
    `filter` selects prompts in the words of the query language; `columns` reads only these columns.
    """

    def __init__(self, opened: services.Workspace, *, read_only: bool) -> None:
        self._opened = opened
        self.read_only = read_only

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Workspace {self._opened.place}{', read-only' if self.read_only else ''}>"

    def close(self) -> None:
        """Close the workspace."""
        self._opened.close()

    def prompts(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: A002
        """One row per prompt: text, category, final label and its basis, consensus, numbers of refusals."""
        return self._frame("prompts", filter, columns)

    def votes(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: A002
        """One row per vote of a moderator on a prompt, or on a response where `response_id` is set."""
        return self._frame("votes", filter, columns)

    def responses(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: A002
        """One row per response of a model, with the final answer class and its basis."""
        return self._frame("responses", filter, columns)

    def judgements(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: A002
        """One row per judgement of a response by a judge."""
        return self._frame("judgements", filter, columns)

    def annotations(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:  # noqa: A002
        """One row per human decision. `in_force` is False where it was undone."""
        return self._frame("annotations", filter, columns)

    def journal(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per journal entry, in the order in which they were added."""
        return self._frame("journal", "", columns)

    def batches(self, columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per batch and model, with progress, tokens and cost in USD."""
        return self._frame("batches", "", columns)

    def audit(
        self,
        labels: str = "final",
        judge: str = "final",
        *,
        refusals: str = "all",
        assume_safe: bool = False,
        drop: Iterable[str] = (),
    ) -> pd.DataFrame:
        """Over-refusal and toxic acceptance by model and category, with n and 95 % intervals; tidy.

        The arguments are those of `orbench-studio audit`. Rows without a category are of all categories.
        """
        options = audit_frames.options_of(labels, judge, refusals, drop, assume_safe=assume_safe)
        return audit_frames.audit(self._opened, options)

    def what_if(
        self, drop: Iterable[str], labels: str = "final", judge: str = "final", *, assume_safe: bool = False
    ) -> pd.DataFrame:
        """Over-refusal and rank of each model before and after these prompts are dropped."""
        options = audit_frames.options_of(labels, judge, "all", drop, assume_safe=assume_safe)
        return audit_frames.what_if(self._opened, options)

    def figures(self, labels: str = "final", judge: str = "final", *, assume_safe: bool = False) -> dict[str, Figure]:
        """The figures of the report as matplotlib figures, by name."""
        options = audit_frames.options_of(labels, judge, "all", (), assume_safe=assume_safe)
        return audit_frames.figures(self._opened, options)

    def import_files(self, *files: str | Path, **options: Any) -> list[ImportReport]:
        """Import files, folders of datasets or `hf://OWNER/NAME`; each completely, or not at all.

        `options` are those of the command line, such as `model="vendor/name"`. Importing a file again adds nothing.
        """
        from orbench_studio.services.data.file_members import expanded
        from orbench_studio.services.data.import_files import ReadOptions, import_file

        opened, read = self._writable(), ReadOptions(**options)
        with expanded([Path(file) for file in files]) as found:
            return [import_file(opened, file, read) for file in found]

    def import_frame(
        self, frame: pd.DataFrame, columns: Mapping[str, str], *, name: str = "data frame", **options: Any
    ) -> ImportReport:
        """Import the rows of a data frame, with its columns matched to fields: `{"prompt": "text", "label": "y"}`.

        `name` is recorded as the source. It is imported completely, or not at all.
        """
        from orbench_studio.services.data.import_files import ColumnMapping, Field, ReadOptions, import_file

        unknown = [column for column in columns.values() if column not in frame.columns]
        if unknown:
            raise StudioError(f"The data frame has no column {', '.join(map(repr, unknown))}.")
        mapping = ColumnMapping({Field(field): column for field, column in columns.items()})
        with TemporaryDirectory() as folder:
            file = Path(folder) / f"{name}.parquet"
            frame[list(dict.fromkeys(columns.values()))].to_parquet(file, index=False)
            return import_file(self._writable(), file, replace(ReadOptions(**options), mapping=mapping))

    def export(self, folder: str | Path, form: str, *, filter: str = "", subsets: Sequence[str] = ()) -> list[Path]:  # noqa: A002
        """Write an export into a folder, as the command line does; returns its files."""
        from orbench_studio.services.data.export_files import export

        done = export(self._opened, Export(Form(form), Path(folder), tuple(subsets), filter))
        return [done.out / name for name in done.files]

    def curate(self, recipe: str, name: str | None = None, *, replace: bool = False) -> pd.DataFrame:
        """Apply a recipe: TOML text, or the name of a built-in one. Returns the prompts in order.

        With a `name`, the result is saved as a subset.
        """
        from orbench_studio.domain.curation.recipe import read_recipe
        from orbench_studio.services.curation import run_recipe, subsets

        wanted = read_recipe(run_recipe.default_recipes().get(recipe, recipe))
        found = run_recipe.run_recipe(self._opened, wanted)
        if name is not None:
            subsets.save_subset(self._writable(), name, wanted, replace=replace)
        return self.prompts().set_index("prompt_id").loc[list(found.chosen)].reset_index()

    def add_annotations(self, frame: pd.DataFrame, annotator: str) -> int:
        """Record human labels or answer classes as decisions of an annotator; returns how many.

        Columns: `prompt_id` and `label` (safe, toxic, controversial), or `response_id` and `answer_class`; `reason` is
        optional. All rows are checked before the first is recorded. Each row is one journal entry and can be undone.
        """
        from orbench_studio.services.data.frame_annotations import add_annotations

        return add_annotations(self._writable(), frame.to_dict("records"), annotator)

    def _frame(self, name: str, query: str, columns: Sequence[str] | None) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        table = frames.read_frame(self._opened, name, query, columns)
        frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def _writable(self) -> services.Workspace:
        if self.read_only:
            raise StudioError("The workspace was opened read-only. Open it with read_only=False to change it.")
        return self._opened


def open(workspace: str | Path, *, read_only: bool = True) -> Workspace:  # noqa: A001 - `ob.open`, as users know it
    """Open the workspace in a file or at a PostgreSQL address.

    Raises a StudioError if there is none, or if it cannot be opened. A workspace of an older version is migrated, after
    a backup, unless it is opened read-only: then it is refused.
    """
    place = location_of(str(workspace))
    return Workspace(services.open_workspace(place, migrate_older=not read_only), read_only=read_only)


def create(workspace: str | Path) -> Workspace:
    """Create an empty workspace in a new file, open for changes."""
    return Workspace(services.create_workspace(location_of(str(workspace))), read_only=False)
