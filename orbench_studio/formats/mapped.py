"""Read a table through a mapping of its columns."""

from functools import partial

from orbench_studio.formats.file_mapping import mapping_of
from orbench_studio.formats.import_doctor import Check
from orbench_studio.formats.known_faults import api_error, category_is_prompt, several_prompts
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_row import MappedRow
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.role_doubts import doubts

_ABOUT = (Field.PROMPT, Field.SEED, Field.MODEL, Field.SAMPLE, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)
"""The fields of a row's subject where a model has one response to a prompt."""
_MAY_DIFFER = (Field.CATEGORY, Field.KEY)
"""Fields of which a repeated row may have other values; a row with another value of another field says more."""


def bind(layout: Layout, sheet: Sheet) -> Bound:
    """Bind a layout, with what the user said in place of what it says, to the columns of a file."""
    mapping = mapping_of(sheet, layout.mapping)
    for path in layout.more_paths:
        sheet.bound.update(at for at, _ in alternatives(sheet.header, path))
    if not layout.mapping.columns:
        for part, _, text in doubts(mapping, sheet.first_columns()):
            sheet.tally.doubts.append(f"Check the column of {part}: {text}.")
        if stored := _explained(mapping):
            text = f"Each explanation of {mapping.columns[Field.EXPLANATION]} is stored with {stored}"
            sheet.tally.doubts.append(f"{text}. If it is of one only, map the others without it, in another import.")
    row = MappedRow(sheet, mapping, layout)
    columns = {part: alternatives(sheet.header, path)[0][0] for part, path in mapping.columns.items()}
    subject = _ABOUT if layout.one_response else [part for part in Field if part not in _MAY_DIFFER]
    paths = (*(mapping.columns[part] for part in subject if part in columns), *layout.more_paths)
    places = (at for path in paths for at, _ in alternatives(sheet.header, path))
    identity = list(dict.fromkeys((*places, *(at for _, at, _ in row.before))))
    checks: list[Check] = []
    if Field.CATEGORY in columns and columns[Field.CATEGORY] != columns[Field.PROMPT]:
        checks.append(category_is_prompt(columns[Field.CATEGORY], columns[Field.PROMPT]))
    if Field.RESPONSE in columns:
        checks.append(api_error(columns[Field.RESPONSE]))
    if layout.splits_prompts:
        checks.append(several_prompts(columns[Field.PROMPT]))
    return Bound(row.record, identity, checks)


def _explained(mapping: ColumnMapping) -> str:
    """What gets the explanation of a row, where it may belong to one of several values; else empty."""
    votes = {"prompt": (Field.VERDICT, Field.PROMPT_VERDICT), "response": (Field.RESPONSE_VERDICT,)}
    voted = [f"the vote on the {of}" for of, parts in votes.items() if mapping.columns.keys() & {*parts}]
    judged = mapping.gives(Field.JUDGE) and mapping.columns.keys() & {Field.ANSWER_CLASS, Field.IS_REFUSAL}
    if Field.EXPLANATION not in mapping.columns or len(voted) + bool(judged) < 2:
        return ""
    return f"{' and '.join(voted)}{', not with the answer class' if judged else ''}"


MAPPED = Reader("mapped", "Table with mapped columns", (), partial(bind, Layout()))
