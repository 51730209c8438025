"""Presets: formats that are a mapping, each a small TOML file in `resources/presets` or in the user's folder.

`needs` are the columns that a file must have, `others` the only further ones it may have. `only` has the value of each
column that distinguishes its rows from others in the file, `of_run` the columns whose values the other rows give to
those after them. `before_prompt` names a column whose text is sent before the prompt, and the `separator`; `not_read`
are the columns with other parts of what is sent, which the report counts. `refusal` is the path of a vendor's own text
or flag of a refusal, `reasoning` that of the reasoning; `more_responses` are columns with the response of another
model; `test_error` has the value of a column where an error is of a test. `joins_requests` takes prompts from a file of
requests, joined by the first column of `needs`, unless the file has the column `joins_unless`. The user's folder is
`presets` in the folder of the settings; a file there replaces the built-in one of the same name.
"""

import re
import tomllib
from collections.abc import Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any

from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.errors import DAMAGE, StudioError, reason_of
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped import bind
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import REQUEST, Reader
from orbench_studio.formats.small_text import text_of
from orbench_studio.resources_dir import resources
from orbench_studio.user_folders import config_folder

FOLDER = "presets"
_KEYS = frozenset(
    {"title", "needs", "others", "attributes", "key", "key_prefix", "judge_kind", "judges", "annotators", "columns",
     "values", "meanings", "splits_prompts", "skips_empty_responses", "joins_requests", "joins_unless", "only",
     "before_prompt", "earlier", "not_read", "of_run", "refusal", "reasoning", "more_responses", "one_response",
     "test_error"}
)  # fmt: skip


def presets() -> list[Reader]:
    """All presets: the user's, then the built-in ones, most specific first."""
    folder = config_folder() / FOLDER
    own = [read(file) for file in sorted(folder.glob("*.toml"))] if folder.is_dir() else []
    names = {reader.name for reader in own}
    return [*own, *(reader for reader in _built_in() if reader.name not in names)]


def read(file: Path) -> Reader:
    """Read a preset; raises StudioError if the file is not one."""
    try:
        found = tomllib.loads(text_of(file))
        unknown = sorted(found.keys() - _KEYS)
        if unknown:
            raise ValueError(f"it has the unknown key {unknown[0]!r}")
        return _reader(file.stem, found)
    except (*DAMAGE, re.error) as error:
        reason = reason_of(error)
        raise StudioError(f"{file.name} is not a preset: {reason}. Compare it with the built-in presets.") from error


@cache
def _built_in() -> Sequence[Reader]:
    found = [read(file) for file in sorted((resources() / FOLDER).glob("*.toml"))]
    return sorted(found, key=lambda reader: -len(reader.required))


def _reader(name: str, found: dict[str, Any]) -> Reader:
    columns = {Field(part): str(path) for part, path in found["columns"].items()}
    values = {Field(part): str(value) for part, value in found.get("values", {}).items()}
    meanings = {Field(part): dict(of) for part, of in found.get("meanings", {}).items()}
    before = found.get("before_prompt")
    layout = Layout(
        ColumnMapping(columns, values, meanings),
        tuple(found.get("attributes", ())),
        re.compile(found["key"]) if "key" in found else None,
        str(found.get("key_prefix", "")),
        JudgeKind(found.get("judge_kind", JudgeKind.LLM)),
        tuple((each["column"], each["name"], JudgeKind(each.get("kind", "llm"))) for each in found.get("judges", ())),
        tuple((each["column"], each["name"]) for each in found.get("annotators", ())),
        bool(found.get("splits_prompts")),
        bool(found.get("skips_empty_responses")),
        one_response=bool(found.get("one_response")),
        before=((str(before["column"]), str(before["separator"])),) if before else (),
        not_read=tuple(found.get("not_read", ())),
        refusal=str(found.get("refusal", "")),
        reasoning=str(found.get("reasoning", "")),
        more_responses=tuple((each["column"], each["model"]) for each in found.get("more_responses", ())),
        test_error=tuple(found.get("test_error", {}).items()),
    )
    others = frozenset(found["others"]) if "others" in found else None
    needs = tuple(map(str, found["needs"]))
    joins = needs[0] if found.get("joins_requests") else ""
    joined = str(found.get("joins_unless", REQUEST))
    only = {str(column): str(value) for column, value in found.get("only", {}).items()}
    of_run = tuple(map(str, found.get("of_run", ())))
    before_last = found.get("earlier")
    earlier = (str(before_last["column"]), str(before_last["value"]), str(before_last["by"])) if before_last else None
    title, binds = str(found["title"]), partial(bind, layout)
    people = (each[0] for each in (*layout.judges, *layout.annotators))
    every = (*columns.values(), *(path for path, _ in layout.more_responses))
    paths = (part.partition(".")[0] for path in every for part in path.split("|"))
    parts = (*layout.not_read, *(name for name, _ in (*layout.before, *layout.test_error)))
    known = frozenset((*needs, *columns.values(), *paths, *layout.attributes, *people, *parts))
    return Reader(
        name, title, needs, binds, others, joins, joined, mapping=layout.mapping, only=only, of_run=of_run,
        earlier=earlier, known=known,
    )  # fmt: skip
