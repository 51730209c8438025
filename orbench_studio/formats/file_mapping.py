"""The mapping of one file: what the user maps, then the format's, then names in the options and the file's name."""

from collections.abc import Callable
from dataclasses import replace

from orbench_studio.formats import file_names
from orbench_studio.formats.column_evidence import has_responses
from orbench_studio.formats.mapping import OF_EITHER, VERDICTS, ColumnMapping, Field
from orbench_studio.formats.name_columns import is_usual, name_columns
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.reader_interface import ReadOptions, Sheet
from orbench_studio.formats.records import RowError
from orbench_studio.formats.tables import Cells

_FROM_NAME: dict[Field, Callable[[str], str | None]] = {
    Field.MODEL: file_names.model_in,
    Field.MODERATOR: file_names.moderator_in,
    Field.JUDGE: file_names.judge_in,
}


def mapping_of(sheet: Sheet, base: ColumnMapping, *, may_lack_model: bool = False) -> ColumnMapping:
    """The mapping of a file: what the user said, then the format's, then names in the options and the file's name."""
    options = sheet.options
    usual = base if base.columns else ColumnMapping()
    given = options.mapping
    if given is None and not base.columns:
        given = sheet.proposal.mapping
    elif given is not None and Field.PROMPT not in given.columns and not base.columns:
        usual = sheet.proposal.mapping or usual
    usual = replace(usual, columns={k: v for k, v in usual.columns.items() if alternatives(sheet.header, v)})
    usual = _with_models(sheet, usual) if base.columns else usual
    mapping = (given or ColumnMapping()).over(usual)
    named = {part: name for part, name in names_of(options).items() if part not in mapping.columns}
    mapping = replace(mapping, values={**mapping.values, **named})
    for path in mapping.columns.values():
        sheet.bound.update(at for at, _ in alternatives(sheet.header, path))
    if may_lack_model:
        return mapping.with_meanings(options.meanings, may_be_others=True)
    try:
        mapping = mapping.with_meanings(options.meanings)
    except ValueError as error:
        raise sheet.fault(f"{error}.") from None
    if Field.PROMPT in mapping.columns and all(alternatives(sheet.header, of) for of in mapping.columns.values()):
        mapping = _named_by_file(sheet, mapping)
    judges = not base.columns and mapping.columns.keys() & OF_EITHER.keys()
    problems = mapping.problems(sheet.header, has_responses=bool(judges) and _has_responses(sheet, mapping))
    if Field.PROMPT not in mapping.columns:
        problems += [asked.text for asked in sheet.proposal.questions if asked.field not in mapping.columns]
    if problems:
        raise sheet.fault(f"{'; '.join(problems)}. Match the columns to fields.")
    return mapping


def _has_responses(sheet: Sheet, mapping: ColumnMapping) -> bool:
    """Whether a column, mapped or not, has texts of a model: what judges something may judge those."""
    others = {path for part, path in mapping.columns.items() if part is not Field.RESPONSE}
    table = sheet.first_columns()
    return any(has_responses(of, is_named=name not in others) for name, of in table.items())


def names_of(options: ReadOptions) -> dict[Field, str]:
    """The names that the options give, for what has none in the file."""
    names = {Field.MODEL: options.model, Field.MODERATOR: options.moderator, Field.JUDGE: options.judge,
             Field.ANNOTATOR: options.annotator}  # fmt: skip
    return {part: name.strip() for part, name in names.items() if name and name.strip()}


def _with_models(sheet: Sheet, usual: ColumnMapping) -> ColumnMapping:
    """The mapping of a format that names no column of the models, with the one that the file has under a usual name."""
    if Field.MODEL in usual.columns or not (usual.gives(Field.RESPONSE) or usual.gives(Field.ERROR)):
        return usual
    able = [path for path in name_columns(Field.MODEL, sheet.header, sheet.first_rows()) if path in sheet.header]
    models = "|".join(path for path in able if is_usual(Field.MODEL, path))
    return replace(usual, columns={**usual.columns, Field.MODEL: models}) if models else usual


def names_in_rows(sheet: Sheet, part: Field, found: str | None, otherwise: str | None = None) -> Callable[[Cells], str]:
    """The name that each row has in a column with a usual name, or else that of the options or of the file's name."""
    given = names_of(sheet.options).get(part)
    column = next((name for name in sheet.header if is_usual(part, name)), None)
    if column is None:
        name = otherwise if otherwise and not (given or found) else sheet.required(part, given, found)
        return lambda _cells: name
    at, name = sheet.column(column), given or found or otherwise or ""

    def named(cells: Cells) -> str:
        stated = cells[at].strip() or name
        if not stated:
            raise RowError(f"the {part} is empty", part)
        return stated

    return named


def _named_by_file(sheet: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """Complete the names that the mapping needs from the file's name; raises FileFaultError if one is missing."""
    needs = {Field.RESPONSE: Field.MODEL, Field.ERROR: Field.MODEL, **dict.fromkeys(VERDICTS, Field.MODERATOR)}
    for part, need in needs.items():
        if mapping.gives(part) and not mapping.gives(need):
            name = sheet.required(need, None, _FROM_NAME[need](sheet.name))
            mapping = mapping.with_values({need: name})
    return mapping
