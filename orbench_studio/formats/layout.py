"""What a format that is a mapping says beyond its columns, values and meanings."""

import re
from dataclasses import dataclass, field

from orbench_studio.domain.core.judgement import JudgeKind
from orbench_studio.formats.class_words import shortened
from orbench_studio.formats.mapping import ColumnMapping
from orbench_studio.formats.records import RowError


@dataclass(frozen=True, slots=True)
class Layout:
    """What a format says beyond its mapping.

    `judges` and `annotators` are columns that each hold one judge's or annotator's answer classes, with their names.
    `key` is a pattern whose first group, after `key_prefix`, matches a prompt across files. `before` are columns whose
    text was sent before that of the prompt, each with the separator; `not_read` are columns with other parts of what
    was sent, which are counted. `refusal` is the path of the vendor's own text or flag of a refusal, `reasoning` that
    of the reasoning, `more_responses` are columns with the response of another model, and its name. `test_error` has a
    column and its value where the error is of a test of the response. With `one_response`, a further response of a
    model to a prompt is a repeated row.
    """

    mapping: ColumnMapping = field(default_factory=ColumnMapping)
    attributes: tuple[str, ...] = ()
    key: re.Pattern[str] | None = None
    key_prefix: str = ""
    judge_kind: JudgeKind = JudgeKind.LLM
    judges: tuple[tuple[str, str, JudgeKind], ...] = ()
    annotators: tuple[tuple[str, str], ...] = ()
    splits_prompts: bool = False
    skips_empty_responses: bool = False
    may_lack_model: bool = False
    one_response: bool = False
    before: tuple[tuple[str, str], ...] = ()
    not_read: tuple[str, ...] = ()
    refusal: str = ""
    reasoning: str = ""
    more_responses: tuple[tuple[str, str], ...] = ()
    test_error: tuple[tuple[str, str], ...] = ()

    @property
    def more_paths(self) -> tuple[str, ...]:
        """The paths that are read beside those of the mapping."""
        return (*filter(None, (self.refusal, self.reasoning)), *(path for path, _ in self.more_responses))

    def key_of(self, stated: str) -> str | None:
        """The key that an id gives; raises RowError for one of another form."""
        if not stated:
            return None
        found = self.key.fullmatch(stated) if self.key else None
        if self.key and found is None:
            text = f"the id {shortened(stated)} is none of this format"
            raise RowError(f"{text}. If it is another table, name the format mapped, and the column of the prompt")
        return f"{self.key_prefix}{found[1] if found else stated}"
