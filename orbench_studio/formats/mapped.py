"""Read a table through a mapping of its columns."""

from functools import partial

from orbench_studio.formats.column_evidence import ColumnEvidence, rounds_in
from orbench_studio.formats.column_names import ROUNDS, plain_name
from orbench_studio.formats.file_mapping import mapping_of, prompts_beside
from orbench_studio.formats.import_doctor import Check
from orbench_studio.formats.known_faults import api_error, category_is_prompt, several_prompts
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_row import MappedRow
from orbench_studio.formats.mapping import CODED, ColumnMapping, Field
from orbench_studio.formats.nested_paths import alternatives
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.tables import NestedCell

_ABOUT = (Field.PROMPT, Field.SEED, Field.MODEL, Field.SAMPLE, Field.MODERATOR, Field.JUDGE, Field.ANNOTATOR)
"""The fields of a row's subject where a model has one response to a prompt."""
_MAY_DIFFER = (Field.CATEGORY, Field.KEY)
"""Fields of which a repeated row may have other values; a row with another value of another field says more."""


def bind(layout: Layout, sheet: Sheet) -> Bound:
    """Bind a layout, with what the user said in place of what it says, to the columns of a file."""
    mapping = mapping_of(sheet, layout.mapping)
    for path in layout.more_paths:
        sheet.bound.update(at for at, _ in alternatives(sheet.header, path))
    if not layout.mapping.columns and (asked := prompts_beside(sheet, mapping)):
        text = f"The responses in {mapping.columns[Field.RESPONSE]} have prompts of their own beside them ({asked})"
        sheet.tally.doubts.append(f"{text}, which were not read. Read the list as rows, with its path.")
    if not layout.mapping.columns and (rounds := _rounds_beside(sheet, mapping)):
        text = f"Each row is a round of a conversation ({rounds}), and is stored without the rounds before it."
        sheet.tally.doubts.append(text)
    if not layout.mapping.columns and (rejected := _rejected_labels(sheet, mapping)):
        sheet.tally.doubts.append(f"{rejected}, but are stored. Remove these rows from the file.")
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


def _rounds_beside(sheet: Sheet, mapping: ColumnMapping) -> str:
    """The column that numbers the rounds of conversations, if the prompt is the text of one round."""
    names = {name: at for at, name in enumerate(sheet.header) if at not in sheet.bound and plain_name(name) in ROUNDS}
    prompts = [at for at, _ in alternatives(sheet.header, mapping.columns[Field.PROMPT])]
    if not names or any(isinstance(row[at], NestedCell) for row in sheet.first_rows() for at in prompts):
        return ""
    return rounds_in(ColumnEvidence(name, [row[at] for row in sheet.first_rows()]) for name, at in names.items())


def _rejected_labels(sheet: Sheet, mapping: ColumnMapping) -> str:
    """What says that a table of Prodigy has labels that the annotator did not accept."""
    labels = [mapping.columns[part] for part in CODED if mapping.columns.get(part) == "label"]
    if not labels or not {"_task_hash", "answer"} <= {*sheet.header}:
        return ""
    answers = [row[sheet.header.index("answer")] for row in sheet.first_rows()]
    count = sum(answer in ("reject", "ignore") for answer in answers)
    return f"In {count:,} of the first {len(answers):,} rows the labels were not accepted (answer)" if count else ""


MAPPED = Reader("mapped", "Table with mapped columns", (), partial(bind, Layout()))
