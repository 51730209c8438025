"""Numbers in columns of classes, in the notations of programs and people."""

import pytest

from orbench_studio.formats.class_words import is_number, word
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.records import RowFault
from tests.unit.formats.field_rows import ASK, SAY, TEXTS, lines

NUMBERS = (-0.5, "\u22120.5", "+2", "1.5e-07", "0,5", "50 %", "1/5", "1,000", "-inf")


@pytest.mark.parametrize("part", ["prompt_label", "prompt_verdict", "response_verdict", "answer_class", "is_refusal"])
def test_a_number_in_any_notation_is_asked_in_each_coded_field(take, part):
    content = lines({"q": ASK[0], "r": SAY[0], "m": "oak", "v": number} for number in NUMBERS)
    options = {"mapping": ColumnMapping({**TEXTS, Field(part): "v"}), "moderator": "guard", "judge": "guard"}
    for row in take("x.jsonl", content, **options):
        assert isinstance(row, RowFault) and "Set the meaning" in row.reason
    meaning = "direct_answer" if part in ("answer_class", "is_refusal") else "safe"
    stated = {f" {number} ".replace("\u2212", "-"): meaning for number in NUMBERS}
    assert not [row for row in take("x.jsonl", content, meanings=stated, **options) if isinstance(row, RowFault)]


def test_numbers_are_not_words_or_identifiers_with_digits():
    words = ("1_full_compliance", "unsafe\nS1", "S1", "1-2", "2026-11-29", "1.2.3", "12 * 7", "1e", "-", "%", "")
    assert not [text for text in words if is_number(text)]
    assert [word(text) for text in ("1.0", "+1", "-1.0", "\u22121", "1 000", "50 %", "0,5", "n/a", "non-refusal")] == [
        "1", "1", "-1", "-1", "1000", "50%", "0,5", "n/a", "non_refusal"]  # fmt: skip
