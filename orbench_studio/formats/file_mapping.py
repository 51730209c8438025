"""The mapping of one file: what the user maps, then the format's, then names in the options and the file's name."""

from collections.abc import Callable
from dataclasses import replace

from orbench_studio.formats import file_names
from orbench_studio.formats.mapping import VERDICTS, ColumnMapping, Field
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.reader_interface import ReadOptions, Sheet

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
    mapping = (given or ColumnMapping()).over(usual)
    named = {part: name for part, name in names_of(options).items() if part not in mapping.columns}
    mapping = replace(mapping, values={**mapping.values, **named})
    if may_lack_model:
        return mapping.with_meanings(options.meanings, may_be_others=True)
    try:
        mapping = mapping.with_meanings(options.meanings)
    except ValueError as error:
        raise sheet.fault(f"{error}. Map the column that has the value.") from None
    if Field.PROMPT in mapping.columns:
        mapping = _named_by_file(sheet, mapping)
    problems = mapping.problems(sheet.header)
    if Field.PROMPT not in mapping.columns:
        problems += [asked.text for asked in sheet.proposal.questions if asked.field not in mapping.columns]
    if problems:
        raise sheet.fault(f"{'; '.join(problems)}. Match the columns to fields.")
    return mapping


def names_of(options: ReadOptions) -> dict[Field, str]:
    """The names that the options give, for what has none in the file."""
    names = {Field.MODEL: options.model, Field.MODERATOR: options.moderator, Field.JUDGE: options.judge,
             Field.ANNOTATOR: options.annotator}  # fmt: skip
    return {part: name for part, name in names.items() if name}


def _named_by_file(sheet: Sheet, mapping: ColumnMapping) -> ColumnMapping:
    """Complete the names that the mapping needs from the file's name; raises FileFaultError if one is missing."""
    needs = {Field.RESPONSE: Field.MODEL, Field.ERROR: Field.MODEL, **dict.fromkeys(VERDICTS, Field.MODERATOR)}
    for part, need in needs.items():
        if mapping.gives(part) and not mapping.gives(need):
            name = sheet.required(need, None, _FROM_NAME[need](sheet.name))
            mapping = mapping.with_values({need: name})
    return mapping
