"""Judging the responses of a plain file with no workspace, by the rules or by what people said of other files."""

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
from orbench_studio.formats.mapped import ANSWER_CLASSES, answer_class_of, is_answer_class
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.reader_interface import ReadOptions
from orbench_studio.formats.reading import Preview, preview_file, read_columns, read_file
from orbench_studio.formats.records import Record, ResponseDraft, RowFault
from orbench_studio.instruments.assessment import Answered, Assessment, Instrument
from orbench_studio.instruments.local_judge import Example, LocalJudge
from orbench_studio.instruments.rules import RuleInstrument

_MACHINES = re.compile(r"gpt|judge|match|auto|pred|machine|llm|keyword|model", re.IGNORECASE)
_TOGETHER = 2_000  # rows judged at a time


@dataclass(frozen=True, slots=True)
class Columns:
    """Which columns of the file are the prompt, the response and, where there is one, people's label."""

    prompt: str
    response: str
    labels: str | None = None

    @property
    def names(self) -> list[str]:
        """All that are named."""
        return [name for name in (self.prompt, self.response, self.labels) if name is not None]


@dataclass(frozen=True, slots=True)
class JudgedRow:
    """A row of the file, counted from 1 without the header; `fault` says why a row could not be read (unparsed)."""

    row: int
    assessment: Assessment
    fault: str | None = None


@dataclass
class FileJudging:
    """Judges a file row by row; `pairs` fills with people's and the instrument's classes, `odd_labels` with the labels
    that are in no scheme it knows, `unlabelled` counts the empty ones; `encoding` is that of a file not in UTF-8."""

    path: Path
    columns: Columns
    instrument: Instrument
    encoding: str | None = None
    pairs: list[Pair] = field(default_factory=list)
    odd_labels: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    unlabelled: int = 0

    def rows(self) -> Iterator[JudgedRow]:
        """Every row in order. Raises FileFaultError for a fault of the file, a missing column, a file without rows, or
        labels of which not one can be understood."""
        count = 0
        with read_columns(self.path, self.columns.names, encoding=self.encoding) as rows:
            waiting: list[tuple[int, list[str]] | RowFault] = []
            for row in rows:
                waiting.append(row)
                if len(waiting) == _TOGETHER:
                    yield from self._judged(waiting, count)
                    count += len(waiting)
                    waiting = []
            yield from self._judged(waiting, count)
            count += len(waiting)
        if not count:
            raise FileFaultError(f"{self.path.name} has a header and no rows. There is nothing to judge.")
        if self.odd_labels and not self.pairs:
            first = next(iter(self.odd_labels))
            known = ", ".join(sorted(ANSWER_CLASSES))
            raise FileFaultError(
                f"{self.path.name}: no label in column {self.columns.labels} is understood; the first is {first!r}. "
                f"Known are: {known}, true, false."
            )

    def _judged(self, rows: Sequence[tuple[int, list[str]] | RowFault], before: int) -> Iterator[JudgedRow]:
        readable = [row for row in rows if not isinstance(row, RowFault)]
        assessed = iter(self.instrument.assess([Answered(cells[0], cells[1]) for _, cells in readable]))
        for number, row in enumerate(rows, start=before + 1):
            if isinstance(row, RowFault):
                unread = Assessment(AnswerClass.UNPARSED, 0.0, 0.0)
                yield JudgedRow(number, unread, f"line {row.line}: {row.reason}")
                continue
            assessment = next(assessed)
            if self.columns.labels is not None:
                self._compare(row[1][2], assessment)
            yield JudgedRow(number, assessment)

    def _compare(self, label: str, assessment: Assessment) -> None:
        if not label.strip():
            self.unlabelled += 1
            return
        people = answer_class_of(label)
        if people is None:
            self.odd_labels[label] += 1
        else:
            self.pairs.append((people, assessment.answer_class))


def instrument_for(training: Sequence[Path], columns: Columns) -> Instrument:
    """The rules, or where there are files to learn from a local judge that has learned from all of them."""
    if not training:
        return RuleInstrument()
    return LocalJudge([example for path in training for example in examples_in(path, columns)])


def examples_in(path: Path, columns: Columns) -> list[Example]:
    """The responses of a file that people have labelled, as an import would read them, else by the columns' names.

    Where annotators disagree the class that the file states as final counts; machines' verdicts teach nothing. Raises
    FileFaultError for a file without one label by people.
    """
    preview = preview_file(path)
    known = preview.format is not None
    others = (_named(preview, columns), None if known else preview.proposal, _guessed(preview, columns))
    for mapping in [*([None] if known else []), *filter(None, others)]:
        examples = _labelled(path, mapping)
        if examples:
            return examples
    raise FileFaultError(
        f"{path.name} has no response that people have labelled, so there is nothing to learn from. "
        "Name its columns with --prompt-column, --response-column and --labels, or leave the file out."
    )


def _named(preview: Preview, columns: Columns) -> ColumnMapping | None:
    """The columns as they are named for the file to judge, where this file has them all."""
    if columns.labels is None or not set(columns.names) <= set(preview.header):
        return None
    return _mapping(columns.prompt, columns.response, columns.labels)


def _guessed(preview: Preview, columns: Columns) -> ColumnMapping | None:
    """The first column that holds nothing but answer classes and is not named after a machine."""
    usual = preview.proposal.columns if preview.proposal else {}
    prompt = columns.prompt if columns.prompt in preview.header else usual.get(Field.PROMPT)
    response = columns.response if columns.response in preview.header else usual.get(Field.RESPONSE)
    if prompt is None or response is None:
        return None
    for place, name in enumerate(preview.header):
        said = {row[place] for row in preview.rows if row[place].strip()}
        if said and all(map(is_answer_class, said)) and not _MACHINES.search(name):
            return _mapping(prompt, response, name)
    return None


def _mapping(prompt: str, response: str, labels: str) -> ColumnMapping:
    return ColumnMapping({Field.PROMPT: prompt, Field.RESPONSE: response, Field.ANSWER_CLASS: labels})


def _labelled(path: Path, mapping: ColumnMapping | None) -> list[Example]:
    found: dict[Answered, _Said] = defaultdict(_Said)
    with read_file(path, options=ReadOptions(model=path.stem, mapping=mapping)) as file:
        for record in file.records:
            if isinstance(record, Record):
                for response in record.responses:
                    found[Answered(record.prompt.text, response.text, response.model)].note(response)
    people = [(answered, said.people()) for answered, said in found.items()]
    return [Example(answered, label) for answered, label in people if label in ANSWERS]


class _Said:
    """What the rows of a file say of one response."""

    def __init__(self) -> None:
        self._annotations: list[Annotation] = []
        self._reference: AnswerClass | None = None

    def note(self, response: ResponseDraft) -> None:
        """Add what one row says."""
        for draft in response.annotations:
            place = len(self._annotations)
            made = Annotation(place, draft.annotator, datetime.now(UTC), draft.aspect, draft.value, imported=True)
            self._annotations.append(made)
        self._reference = response.reference_class or self._reference

    def people(self) -> AnswerClass | None:
        """The class that counts without any machine; None where there is none or people disagree."""
        decided = (made for made in self._annotations if made.aspect is Aspect.ANSWER_CLASS)
        return final_answer(human_verdict(decided), self._reference, None, ()).answer_class
