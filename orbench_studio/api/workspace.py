"""Open a workspace and read its tables as pandas data frames."""

from __future__ import annotations

import warnings
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Unpack

from orbench_studio.api import audit_frames, batch_runs, frame_input, rater_frames
from orbench_studio.api.batch_runs import RequestOptions, studio_errors
from orbench_studio.domain.data.export import Export, Form
from orbench_studio.domain.workspace.location import location_of
from orbench_studio.errors import StudioError
from orbench_studio.services.data import frames
from orbench_studio.services.workspace import workspace as services

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import pandas as pd
    from matplotlib.figure import Figure

    from orbench_studio.domain.evaluation.batch import Batch
    from orbench_studio.services.data.import_files import ImportReport
    from orbench_studio.services.evaluation.cost_estimate import Estimate
    from orbench_studio.services.evaluation.prices import Prices


class Workspace:
    """An open workspace. Use it with `with`, or call `close`.

    It may be open in a window at the same time: every call reads the current state. Text columns have pandas' string
    type, columns with few different values are categoricals, integers are Int64 (missing: <NA>), times are in UTC. A
    `filter` selects prompts in the words of the query language; `columns` reads only these columns.
    """

    def __init__(self, opened: services.Workspace, *, read_only: bool) -> None:
        self._workspace: services.Workspace | None = opened
        self._place = opened.place
        self.read_only = read_only

    def __enter__(self) -> Workspace:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def __repr__(self) -> str:
        state = ", closed" if self._workspace is None else ", read-only" if self.read_only else ""
        return f"<Workspace {self._place}{state}>"

    def close(self) -> None:
        """Close the workspace. Closing it again does nothing."""
        if self._workspace is not None:
            self._workspace.close()
        self._workspace = None

    def prompts(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per prompt: text, category, final label and its basis, consensus, numbers of refusals."""
        return self._frame("prompts", filter, columns)

    def votes(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per vote of a moderator on a prompt, or on a response where `response_id` is set."""
        return self._frame("votes", filter, columns)

    def responses(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per response of a model, with the final answer class and its basis."""
        return self._frame("responses", filter, columns)

    def judgements(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per judgement of a response by a judge."""
        return self._frame("judgements", filter, columns)

    def annotations(self, filter: str = "", columns: Sequence[str] | None = None) -> pd.DataFrame:
        """One row per human decision. `in_force` is False where it was undone or replaced."""
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

    def answer_classes(self) -> pd.DataFrame:
        """One row per answer class: its definition, whether it is a refusal, and its class in each benchmark's scheme.

        The same for every workspace. Merge it with `responses()` on `answer_class`.
        """
        return audit_frames.answer_classes()

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

    def agreement(self) -> pd.DataFrame:
        """Agreement of machines with human labels, and between annotators, with n and 95 % intervals; tidy.

        One row per comparison, group (a category, a model) and measure. Rows without a `group` are of everything.
        """
        return rater_frames.agreement(self._opened)

    def raters(self) -> pd.DataFrame:
        """Sensitivity and specificity of moderators and annotators without known labels (Dawid-Skene), by category."""
        return rater_frames.raters(self._opened)

    def sample(self, name: str) -> pd.DataFrame:
        """The prompts of an audit sample in its random order, with the probability of inclusion of each."""
        with studio_errors():
            return rater_frames.sample(self._opened, name, self.prompts)

    def draw_sample(self, name: str, size: int, filter: str = "", *, seed: int | None = None) -> pd.DataFrame:
        """Draw a random sample of prompts, stratified by category, for human labels; returns it as `sample` does."""
        from orbench_studio.domain.review.query import parse
        from orbench_studio.services.audit import sampling

        with studio_errors():
            sampling.draw(self._writable(), name, size, wanted=parse(filter), seed=seed)
        return self.sample(name)

    def estimates(
        self,
        sample: str,
        human: str = "labels",
        judge: str = "final",
        *,
        refusals: str = "all",
        toxic: bool = False,
        assume_safe: bool = False,
    ) -> pd.DataFrame:
        """Rates of all prompts, estimated from the human labels of a sample and machine labels of all (PPI++).

        The arguments are those of `orbench-studio audit-sample estimate`. Rows without a category are of all.
        """
        choices: dict[str, Any] = {"refusals": refusals, "toxic": toxic, "assume_safe": assume_safe}
        return rater_frames.estimates(self._opened, sample, human=human, judge=judge, **choices)

    def evaluate(
        self,
        models: str | Sequence[str],
        filter: str = "",
        *,
        subset: str | None = None,
        limit: int | None = None,
        system: str | None = None,
        seed: int | None = None,
        repeats: int = 1,
        dry_run: bool = False,
        progress: bool = True,
        **request: Unpack[RequestOptions],
    ) -> pd.DataFrame:
        """Send prompts to models and store their responses; returns the rows of `batches` of this batch.

        With `dry_run`, nothing is sent: returns requests, tokens and costs in USD by model. `request` are the options
        of `orbench-studio evaluate`, such as `max_cost=5`. Interrupting the kernel pauses the batch; `orbench-studio
        batches` resumes it.
        """
        names = _names(models)
        wanted = batch_runs.settings(names, request, seed=seed, system=system, repeats=repeats)
        ids = batch_runs.prompt_ids(self._opened, filter, subset, limit)
        opened = self._opened if dry_run else self._writable()
        return self._sent(batch_runs.evaluation(opened, names, ids, wanted, dry_run=dry_run), progress=progress)

    def judge(
        self,
        judges: str | Sequence[str],
        filter: str = "",
        *,
        models: Sequence[str] = (),
        batch: int | None = None,
        template: str | Path | None = None,
        again: bool = False,
        limit: int | None = None,
        dry_run: bool = False,
        progress: bool = True,
        **request: Unpack[RequestOptions],
    ) -> pd.DataFrame:
        """Assign an answer class to stored responses; returns and accepts the same as `evaluate`.

        `judges` is a built-in judge (`rules`, `local`, `keywords`), or language models. Only `filter` and
        `batch` apply to a built-in judge.
        """
        from orbench_studio.services.judging.builtin_judges import single_builtin

        names = _names(judges)
        with studio_errors():
            builtin = single_builtin(names)
        if builtin is not None:
            if models or template or again or limit is not None or dry_run or request:
                raise StudioError(
                    f"{builtin} is a built-in judge: it has no options but `filter`, `batch` and `progress`."
                )
            return self._judged(batch_runs.judge_builtin(self._writable(), builtin, filter, batch, progress=progress))
        ids = batch_runs.prompt_ids(self._opened, filter, None, None) if filter else None
        selection = {"models": models, "prompt_ids": ids, "batch_id": batch, "again": again, "limit": limit}
        opened, file = self._opened if dry_run else self._writable(), Path(template) if template else None
        sent = batch_runs.judging(opened, names, selection, file, request, dry_run=dry_run)
        return self._sent(sent, progress=progress)

    def import_files(self, *files: str | Path, **options: Any) -> list[ImportReport]:
        """Import files, folders of datasets or `hf://OWNER/NAME`; each completely, or not at all.

        `options` are those of the command line, such as `model="vendor/name"`. Importing a file again adds nothing.
        """
        from orbench_studio.services.data.file_members import expanded
        from orbench_studio.services.data.import_files import import_file

        opened, read = self._writable(), frame_input.read_options(options)
        with frame_input.import_advice(), expanded([Path(file) for file in files], warnings.warn) as paths:
            return [import_file(opened, file, read) for file in paths]

    def import_frame(
        self, frame: pd.DataFrame, columns: Mapping[str, str], *, name: str = "data frame", **options: Any
    ) -> ImportReport:
        """Import the rows of a data frame, with its columns matched to fields: `{"prompt": "text", "label": "y"}`.

        `name` is recorded as the source. It is imported completely, or not at all.
        """
        from orbench_studio.services.data.import_files import import_file

        opened, given = self._writable(), frame_input.require_frame(frame)
        read = replace(frame_input.read_options(options), mapping=frame_input.mapping_of(given, columns))
        with frame_input.import_advice(), TemporaryDirectory() as folder:
            return import_file(opened, frame_input.write_parquet(given, columns, Path(folder), name), read)

    def export(self, folder: str | Path, form: str, *, filter: str = "", subsets: Sequence[str] = ()) -> list[Path]:
        """Write an export into a folder, as the command line does; returns its files."""
        from orbench_studio.services.data.export_files import export

        wanted = Export(audit_frames.one_of(Form, form, "form"), Path(folder), tuple(subsets), filter)
        done = export(self._opened, wanted)
        return [done.out / name for name in done.files]

    def curate(self, recipe: str, name: str | None = None, *, replace: bool = False) -> pd.DataFrame:
        """Apply a recipe: TOML text, or the name of a built-in one. Returns the prompts in order.

        With a `name`, the result is saved as a subset.
        """
        from orbench_studio.domain.curation.recipe import read_recipe
        from orbench_studio.services.curation import run_recipe, subsets

        built_in = run_recipe.default_recipes()
        if recipe not in built_in and "=" not in recipe and "[" not in recipe:
            raise StudioError(f"There is no recipe {recipe!r}. Built-in recipes: {', '.join(built_in)}.")
        wanted = read_recipe(built_in.get(recipe, recipe))
        found = run_recipe.run_recipe(self._opened, wanted)
        if name is not None:
            subsets.save_subset(self._writable(), name, wanted, replace=replace)
        return self.prompts().set_index("prompt_id").loc[list(found.chosen)].reset_index()

    def add_annotations(self, frame: pd.DataFrame, annotator: str) -> int:
        """Record human labels or answer classes as decisions of an annotator; returns how many.

        Columns: `prompt_id` and `label` (safe, toxic, controversial), or `response_id` and `answer_class`; `reason` is
        optional. All rows are recorded, or none. Each row is one journal entry and can be undone.
        """
        from orbench_studio.services.data.frame_annotations import add_annotations

        opened, given = self._writable(), frame_input.require_frame(frame)
        frame_input.require_different(given, ("prompt_id", "label", "response_id", "answer_class", "reason"))
        cells = given.astype(object).where(given.notna(), None)
        return add_annotations(opened, cells.to_dict("records"), annotator)

    def _sent(self, sent: tuple[Estimate, Batch | None, Prices], *, progress: bool) -> pd.DataFrame:
        import pandas as pd

        estimate, batch, prices = sent
        rows = batch_runs.estimated(estimate)
        if batch is None:
            return pd.DataFrame(rows).astype({"expected_cost": "float64", "max_cost": "float64"})  # unknown: NaN
        batch_runs.run(self._opened, batch, prices, progress=progress)
        batches = self.batches()
        return batches[batches["batch_id"] == batch.id].reset_index(drop=True)

    def _judged(self, row: dict[str, Any]) -> pd.DataFrame:
        import pandas as pd

        types = {name: "category" if str(kind) == "category" else kind for name, kind in self.batches().dtypes.items()}
        return pd.DataFrame([row], columns=list(types)).astype(types)

    def _frame(self, name: str, query: str, columns: Sequence[str] | None) -> pd.DataFrame:
        import pandas as pd
        import pyarrow as pa

        table = frames.read_frame(self._opened, name, query, columns)
        if query and not table.num_rows:
            self._warn_of(query)
        frame: pd.DataFrame = table.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
        return frame

    def _warn_of(self, query: str) -> None:
        """Warn of the conditions that no prompt meets: it may have a typing error."""
        from orbench_studio.domain.review.query import parse, write_term
        from orbench_studio.services.review.search import matches

        if unmet := matches(self._opened, parse(query)).unmet:
            warnings.warn(f"No prompt meets the condition {', '.join(map(write_term, unmet))}.", stacklevel=4)

    @property
    def _opened(self) -> services.Workspace:
        if self._workspace is None:
            raise StudioError(f"The workspace {self._place} was closed. Open it again.")
        return self._workspace

    def _writable(self) -> services.Workspace:
        if self.read_only:
            raise StudioError("The workspace was opened read-only. Open it with read_only=False to change it.")
        return self._opened


def _names(models: str | Sequence[str]) -> list[str]:
    return [models] if isinstance(models, str) else list(models)


def open(workspace: str | Path, *, read_only: bool = True) -> Workspace:
    """Open the workspace in a file or at a PostgreSQL address.

    Raises a StudioError if there is none, or if it cannot be opened. A workspace of an older version is migrated, after
    a backup, unless it is opened read-only: then it is refused.
    """
    place = location_of(str(workspace))
    return Workspace(services.open_workspace(place, migrate_older=not read_only), read_only=read_only)


def create(workspace: str | Path) -> Workspace:
    """Create an empty workspace in a new file, open for changes."""
    return Workspace(services.create_workspace(location_of(str(workspace))), read_only=False)
