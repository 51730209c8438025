"""Judge the responses of a file without a workspace, by the rules or by a local judge trained on labelled files."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from orbench_studio.domain.core.annotation import Annotation, Aspect, human_verdict
from orbench_studio.domain.core.judgement import ANSWERS, AnswerClass, final_answer
from orbench_studio.domain.judging.agreement import Pair
from orbench_studio.errors import FileFaultError
from orbench_studio.formats import class_words
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import Preview, preview_file, read_columns, read_file
from orbench_studio.formats.records import Record, ResponseDraft, RowFault
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.instruments.local_judge import Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument

_MACHINE_COLUMN = re.compile(r"gpt|judge|match|auto|pred|machine|llm|keyword|model", re.IGNORECASE)
_CHUNK = 2_000  # rows judged at a time


@dataclass(frozen=True, slots=True)
class Columns:
    """Column names of the prompt, the response and, optionally, the human label."""

    prompt: str
    response: str
    labels: str | None = None

    @property
    def names(self) -> list[str]:
        return [name for name in (self.prompt, self.response, self.labels) if name is not None]


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row of the file, counted from 1 without the header. `fault` says why it could not be read (unparsed)."""

    row: int
    assessment: Assessment
    fault: str | None = None


@dataclass
class FileJudging:
    """Judges a file row by row, and compares with its labels.

    Reading `rows` fills `pairs` (human and predicted class), `unknown_labels` (labels in no known scheme, with their
    counts) and `unlabelled` (count of empty labels). `encoding` is needed for files not in UTF-8.
    """

    path: Path
    columns: Columns
    instrument: Instrument
    encoding: str | None = None
    pairs: list[Pair] = field(default_factory=list)
    unknown_labels: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unlabelled: int = 0

    def rows(self) -> Iterator[JudgedRow]:
        """Yield all rows in order.

        Raises FileFaultError for a faulty file, a missing column, a file without rows, or only unknown labels.
        """
        count = 0
        with read_columns(self.path, self.columns.names, encoding=self.encoding) as rows:
            chunk: list[tuple[int, list[str]] | RowFault] = []
            for row in rows:
                chunk.append(row)
                if len(chunk) == _CHUNK:
                    yield from self._judged(chunk, count)
                    count += len(chunk)
                    chunk = []
            yield from self._judged(chunk, count)
            count += len(chunk)
        if not count:
            raise FileFaultError(f"{self.path.name} has a header but no rows. Check that it is the right file.")
        if self.unknown_labels and not self.pairs:
            first = next(iter(self.unknown_labels))
            known = ", ".join(sorted(class_words.ANSWER_CLASSES))
            raise FileFaultError(
                f"{self.path.name}: column {self.columns.labels} has no known label; the first is {first!r}. "
                f"Known labels: {known}, true (a refusal), false (an answer)."
            )

    def _judged(self, rows: Sequence[tuple[int, list[str]] | RowFault], before: int) -> Iterator[JudgedRow]:
        readable = [row for row in rows if not isinstance(row, RowFault)]
        assessed = iter(self.instrument.assess([Answered(cells[0], cells[1]) for _, cells in readable]))
        for number, row in enumerate(rows, start=before + 1):
            if isinstance(row, RowFault):
                unreadable = Assessment(AnswerClass.UNPARSED, 0.0, 0.0)
                yield JudgedRow(number, unreadable, f"line {row.line}: {row.reason}")
                continue
            assessment = next(assessed)
            if self.columns.labels is not None:
                self._compare(row[1][2], assessment)
            yield JudgedRow(number, assessment)

    def _compare(self, label: str, assessment: Assessment) -> None:
        if not label.strip():
            self.unlabelled += 1
            return
        human = class_words.refusal(label, self.columns.labels or "", is_asked=True)
        if human is None:
            self.unknown_labels[label] += 1
        else:
            self.pairs.append((human, assessment.answer_class))


def instrument_for(training: Sequence[Path], columns: Columns) -> Instrument:
    """The rules, or a local judge trained on the labelled files if there are any."""
    if not training:
        return RuleInstrument()
    return LocalJudge([example for path in training for example in examples_in(path, columns)])


def examples_in(path: Path, columns: Columns) -> list[Example]:
    """Read the human-labelled responses of a file, as an import reads them, or by column names.

    If annotators disagree, the final class of the file counts. Labels by models are ignored. Raises FileFaultError for
    a file without human labels.
    """
    preview = preview_file(path)
    known = preview.format is not None
    others = (
        *_named(preview, columns),
        None if known or preview.questions else preview.proposal,
        _guessed(preview, columns),
    )
    for mapping in [*([None] if known else []), *filter(None, others)]:
        examples = _labelled(path, mapping)
        if examples:
            return examples
    raise FileFaultError(
        f"{path.name} has no human labels to train on. "
        "Name its columns with --prompt-column, --response-column and --labels, or omit the file."
    )


def _named(preview: Preview, columns: Columns) -> list[ColumnMapping]:
    """The mappings with the columns of the file to judge, labels as yes or no first; none if one is missing."""
    if columns.labels is None or not set(columns.names) <= set(preview.header):
        return []
    fields = (Field.IS_REFUSAL, Field.ANSWER_CLASS)
    return [_mapping(columns.prompt, columns.response, columns.labels, field) for field in fields]


def _guessed(preview: Preview, columns: Columns) -> ColumnMapping | None:
    """The mapping with the first column that has only answer classes and is not named after a model or judge."""
    usual = preview.proposal.columns if preview.proposal else {}
    prompt = columns.prompt if columns.prompt in preview.header else usual.get(Field.PROMPT)
    response = columns.response if columns.response in preview.header else usual.get(Field.RESPONSE)
    if prompt is None or response is None:
        return None
    for place, name in enumerate(preview.header):
        values = {row[place] for row in preview.rows if row[place].strip()}
        if values and all(class_words.answer_class(value) for value in values) and not _MACHINE_COLUMN.search(name):
            return _mapping(prompt, response, name)
    return None


def _mapping(prompt: str, response: str, labels: str, field: Field = Field.ANSWER_CLASS) -> ColumnMapping:
    meanings = class_words.truth_values(labels) if field is Field.IS_REFUSAL else {}
    columns = {Field.PROMPT: prompt, Field.RESPONSE: response, field: labels}
    return ColumnMapping(columns, meanings={field: meanings})


def _labelled(path: Path, mapping: ColumnMapping | None) -> list[Example]:
    found: dict[Answered, _Labels] = defaultdict(_Labels)
    with read_file(path, options=ReadOptions(model=path.stem, mapping=mapping)) as file:
        for record in file.records:
            if isinstance(record, Record):
                for response in record.responses:
                    found[Answered(record.prompt.text, response.text, response.model)].add(response)
    human = [(answered, labels.human()) for answered, labels in found.items()]
    return [Example(answered, label) for answered, label in human if label in ANSWERS]


class _Labels:
    def __init__(self) -> None:
        self._annotations: list[Annotation] = []
        self._reference: AnswerClass | None = None

    def add(self, response: ResponseDraft) -> None:
        for draft in response.annotations:
            place = len(self._annotations)
            made = Annotation(place, draft.annotator, datetime.now(UTC), draft.aspect, draft.value, imported=True)
            self._annotations.append(made)
        self._reference = response.reference_class or self._reference

    def human(self) -> AnswerClass | None:
        """The final class by people only; None if there is none or annotators disagree."""
        decided = (made for made in self._annotations if made.aspect is Aspect.ANSWER_CLASS)
        return final_answer(human_verdict(decided), self._reference, None, ()).answer_class
