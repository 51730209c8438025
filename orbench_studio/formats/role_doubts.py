"""What the names and the first cells of a table leave open about its mapped columns.

A doubt is a question of a proposal, which leaves the column out, and a warning about a mapping of the user.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import takewhile
from typing import NamedTuple

from orbench_studio.domain.core.amounts import counted
from orbench_studio.formats import class_words
from orbench_studio.formats.column_evidence import ColumnEvidence, rounds_in
from orbench_studio.formats.column_names import (
    ABOUT,
    ALTERATIONS,
    ALTERED,
    ASKED,
    JUDGES,
    MODELS,
    OWN_RESPONSE,
    REFERENCE,
    REPLY,
    TARGETS,
    USUAL_NAMES,
    is_undecided,
    may_be_prompt,
    may_be_undecided,
    name_strength,
    plain_name,
    word_set,
    words_of,
)
from orbench_studio.formats.mapping import CODED, NAMES, OF_RESPONSE, ColumnMapping, Field
from orbench_studio.formats.name_columns import is_unclear_model
from orbench_studio.formats.nested_paths import alternatives

_CLASSES = (Field.ANSWER_CLASS, Field.IS_REFUSAL)
_OF_PROMPT = (Field.CATEGORY, Field.LABEL, Field.PROMPT_LABEL, Field.PROMPT_VERDICT)
_PREDICTED = MODELS | word_set("pred predicted prediction predictions suggested suggestion proposed auto automatic")
_DECIDED = word_set("label labels labeled labelled decision class classification expected target")
_DECISIONS = _DECIDED - {"expected", "target"} | word_set(
    "gold golden ground truth true human humans person expert crowd"
)
_DECISIONS |= word_set("annotated annotator annotators annotation annotations rater raters manual prompt prompts query")
_DECISIONS |= word_set("question instruction request input text behavior behaviour is the of harm harms harmful")
_DECISIONS |= word_set("harmfulness harmless safe safety unsafe toxic toxicity malicious benign binary")
"""Words in the names of labels that leave open, or say, that a person decided."""
_REFERENCE = REFERENCE | word_set("golden truth incorrect demonstration human")
_PARTS = word_set("preview excerpt snippet truncated trunc shortened abridged summary")
_EDITED = word_set("translated translation cleaned filtered processed preprocessed normalized normalised sanitized")
_EDITED |= word_set("redacted masked parsed extracted edited tokenized tokenised")
_REASONING = word_set("reasoning thinking thought thoughts cot scratchpad rationale explanation reason reasons")
_INTENDED = word_set("expected should must desired ideal")
_OF_RESPONSE = word_set("response responses answer answers output outputs completion completions reply generation")
_OF_RESPONSE |= word_set("success successful jailbroken compliance complied refusal refused")
_NO_NAMES = word_set("label labels score scores class preds prediction result results status")
_NOT_DECIDED = "may be a prediction, or what was expected, not a decision about the prompt"
_OTHER_MODEL = "may be another model than that of the responses"
_BY_NAME: tuple[tuple[tuple[Field, ...], frozenset[str], str], ...] = (
    ((Field.RESPONSE,), _REFERENCE, "may be what a model should answer, or what a person wrote"),
    ((Field.PROMPT, Field.RESPONSE), _PARTS, "may have only a part of each text"),
    ((Field.RESPONSE,), _EDITED, "may not be the text that the model wrote"),
    ((Field.RESPONSE,), _REASONING, "may be the reasoning, not the response"),
    ((Field.RESPONSE_VERDICT, *_CLASSES), _INTENDED, "may say what the response should be, not what it is"),
    ((Field.PROMPT,), word_set("template templates"), "may be a template, not what was sent"),
    (NAMES, _NO_NAMES, "may have something else than names"),
    ((Field.MODEL,), JUDGES, _OTHER_MODEL),
    ((Field.RESPONSE, Field.SYSTEM), JUDGES, "may be of a judge, an attacker or a defense, not of the model"),
    ((Field.PROMPT,), JUDGES - word_set("attacker followup defense eval evaluation"), "may be what a judge was sent"),
    ((Field.ANNOTATOR, Field.REASON), JUDGES | MODELS, "may be of a model, not of a person"),
    ((Field.LABEL, Field.PROMPT_LABEL, *_CLASSES), _PREDICTED, "may be the prediction of a program, not a decision"),
    (_OF_PROMPT, _OF_RESPONSE, "may be of the response, not of the prompt"),
    ((Field.RESPONSE_VERDICT, *_CLASSES), word_set("prompt prompts"), "may be of the prompt, not of the response"),
)
"""Words in the name of a column that speak against a field, and what the column may be."""
_OF_ONE = frozenset({*OF_RESPONSE, Field.EXPLANATION, Field.PROMPT})
"""Fields of one response, where a table has several."""
_ROLES = ASKED | ABOUT | REPLY - MODELS
_PEOPLE = word_set("human humans person expert reference gold")
_WORDS = 6  # of the longest names, such as GPT-4 with internet access
_PLACEHOLDER = re.compile(
    r"\{\w*(?:prompt|question|query|goal|request|instruction|behaviou?r|input|task)\w*\}"
    r"|\[INSERT\b[^\]]*\]|\[[A-Z_ ]+ HERE\]"
)


_JUDGING = re.compile(
    r"\b(?:you are|act as) (?:an? |the )?(?:\w+ ){0,3}"
    r"(?:judge|grader|evaluator|rater|scoring|evaluating|grading|rating|judging)\b"
    r"|\b(?:rate|score|grade|judge|evaluate|assess)\b[^.?!]{0,60}\b(?:answers?|responses?|reply|replies|outputs?)\b",
    re.IGNORECASE,
)
_INSTRUCTION = 300  # characters of a prompt that say what a judge is


class Doubt(NamedTuple):
    """A mapped field, the columns that it is about, and what is not certain."""

    field: Field
    columns: tuple[str, ...]
    text: str


def doubts(mapping: ColumnMapping, table: Mapping[str, ColumnEvidence]) -> Iterator[Doubt]:
    """What is not certain about a mapping of these columns."""
    columns, is_judged = mapping.columns, mapping.gives(Field.JUDGE)
    for part, path in columns.items():
        words = words_of(path.partition("|")[0]) - (_PREDICTED if is_judged and part in _CLASSES else frozenset())
        against = next((text for parts, of, text in _BY_NAME if part in parts and words & of), "")
        if not against and part is Field.MODEL and any(map(is_unclear_model, path.split("|"))):
            against = _OTHER_MODEL
        if not against and part in (Field.LABEL, Field.PROMPT_LABEL) and words_of(path.rpartition(".")[2]) & _DECIDED:
            against = _NOT_DECIDED if _is_unclear_label(path) else ""
        if text := against or (_by_cells(part, table[path]) if path in table else ""):
            yield Doubt(part, (path,), f"{path} {text}")
    if _is_model(name := mapping.values.get(Field.ANNOTATOR, "")):
        yield Doubt(Field.ANNOTATOR, (), f"{name} may be a model, not a person: it is a moderator or a judge")
    others = [of for of in table.values() if of.name not in columns.values()]
    judges = [of.name for of in others if of.filled and plain_name(of.name) in USUAL_NAMES[Field.JUDGE]]
    if judges and mapping.gives(Field.ANNOTATOR) and columns.keys() & {*_CLASSES} and not is_judged:
        yield Doubt(Field.ANNOTATOR, (judges[0],), f"the classes may be those of {judges[0]}, not of an annotator")
    prompt = table.get(columns.get(Field.PROMPT, ""))
    asked = columns.get(Field.PROMPT, "")
    if asked and not (prompt and prompt.is_nested) and (rounds := rounds_in(table.values())):
        text = f"each row may be a round of a conversation ({rounds}), and loses the rounds before it"
        yield Doubt(Field.PROMPT, (asked,), text)
    sample = table.get(columns.get(Field.SAMPLE, ""))
    if prompt and sample and sample.name != OWN_RESPONSE and sample.numbers(prompt):
        text = f"{sample.name} may be the number of the prompt: each prompt has one value of it"
        yield Doubt(Field.SAMPLE, (sample.name,), text)
    if Field.RESPONSE in columns:
        yield from _of_what_was_sent(prompt, others) if prompt else ()
        yield from _prompts_beside(columns, table)
        yield from _of_other_responses(columns, table)
        model = columns.get(Field.MODEL, "")
        targets = (of for of in table.values() if words_of(of.name) >= {"model"} and words_of(of.name) & TARGETS)
        for of in targets if model in table and not words_of(model) & TARGETS else ():
            if of.differs_from(table[model]) and of.filled:
                yield Doubt(Field.MODEL, (model, of.name), f"{model} or {of.name} is the model")


def unclear_label(columns: Mapping[Field, str]) -> Iterator[Doubt]:
    """The labels of a column with any word in its name that may say that no person decided."""
    for part in (Field.LABEL, Field.PROMPT_LABEL):
        if _is_unclear_label(path := columns.get(part, "")):
            yield Doubt(part, (path,), f"{path} {_NOT_DECIDED}")


def _is_unclear_label(path: str) -> bool:
    own = path.rpartition(".")[2]
    return plain_name(own) not in USUAL_NAMES[Field.LABEL] and not words_of(own) <= _DECISIONS


def undecided(columns: Mapping[Field, str], table: Mapping[str, ColumnEvidence]) -> Iterator[Doubt]:
    """The labels and classes that may not count, as another column says of some rows."""
    coded = [part for part in CODED if part in columns and part is not Field.CATEGORY]
    for of in table.values() if coded else ():
        is_state = of.name not in columns.values() and may_be_undecided(of.name)
        if values := [cell for cell in of.filled if is_state and is_undecided(of.name, cell)]:
            rows = counted(len(values), "row")
            text = f"{of.name} is {values[0]} in {rows}, in which {columns[coded[0]]} may not count"
            yield Doubt(coded[0], (columns[coded[0]],), text)


def _by_cells(part: Field, of: ColumnEvidence) -> str:
    if part is Field.PROMPT and of.mostly(lambda cell: _PLACEHOLDER.search(cell) is not None):
        return "may be a template, not what was sent: its texts have a placeholder"
    if part is Field.PROMPT and of.mostly(lambda cell: _JUDGING.search(cell[:_INSTRUCTION]) is not None):
        return "may be what a judge was sent, as its texts say"
    if part in NAMES and (of.has_classes or of.mostly(lambda cell: cell[:1] in "[{" or len(cell.split()) > _WORDS)):
        return "has numbers, classes, sentences or objects, not names"
    people = [cell for cell in of.filled if part is Field.MODEL and cell.strip().lower() in _PEOPLE]
    if people:
        return f"is {people[0]} in {counted(len(people), 'row')}, whose responses no model may have written"
    if part is Field.ANNOTATOR and of.mostly(_is_model):
        return "may be models, not people: they are moderators or judges"
    return ""


def _prompts_beside(columns: Mapping[Field, str], table: Mapping[str, ColumnEvidence]) -> Iterator[Doubt]:
    """Whether responses in a list of objects have prompts of their own beside them."""
    path = columns[Field.RESPONSE]
    rows, _, name = path.rpartition(".")
    for at, steps in alternatives(tuple(table), path):
        names = [*table.values()][at].names_inside(steps[:-1]) if steps else []
        beside = [f"{rows}.{of}" for of in names if of != name and may_be_prompt(of)]
        if beside and "|" not in path and columns.get(Field.PROMPT, "").rpartition(".")[0] != rows:
            text = f"the responses in {path} have prompts of their own beside them ({beside[0]})"
            yield Doubt(Field.PROMPT, (beside[0],), f"{text}, which the row path {rows} reads")


def _of_other_responses(columns: Mapping[Field, str], table: Mapping[str, ColumnEvidence]) -> Iterator[Doubt]:
    """Whether a name in the path of a value is that of another response: scores.llama beside responses.gpt."""
    path = columns[Field.RESPONSE]
    names = dict.fromkeys(name for of in table.values() for name in of.paths())
    differing = [(name, *_difference(_tokens(path), _tokens(name))) for name in names] if "|" not in path else []
    differing = [each for each in differing if all(each) and not _ROLES.intersection(map(str.lower, each[1] + each[2]))]
    for part in _OF_ONE & columns.keys():
        of, able = _tokens(columns[part]), names.keys() - {path, columns[part]}
        wrong = [(other, right) for other, mine, its in differing for right in _with(of, its, mine) & able]
        if wrong and not any(_with(of, mine, its) & able for _, mine, its in differing):
            [(other, right), *_] = wrong
            text = f"{columns[part]} may be about {other}, and {right} about {path}"
            yield Doubt(part, (columns[part], right), text)


def _with(tokens: list[str], old: list[str], new: list[str]) -> set[str]:
    """The names in which a part of a name is replaced."""
    ats = (at for at in range(len(tokens)) if old and tokens[at : at + len(old)] == old)
    return {"".join((*tokens[:at], *new, *tokens[at + len(old) :])) for at in ats}


def _tokens(path: str) -> list[str]:
    return re.findall(r"[^\W\d_]+|\d+|[\W_]", path)


def _common(mine: list[str], its: list[str]) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(mine, its, strict=False)))


def _difference(mine: list[str], its: list[str]) -> tuple[list[str], list[str]]:
    """The parts of two names between what they have in common; empty if that has no word."""
    start = _common(mine, its)
    end = _common(mine[start:][::-1], its[start:][::-1])
    common = [*mine[:start], *mine[len(mine) - end :]]
    return (mine[start : len(mine) - end], its[start : len(its) - end]) if any(map(str.isalpha, common)) else ([], [])


def _is_model(name: str) -> bool:
    return bool(words_of(name) & MODELS) and name.strip().lower() != "claude"


def _of_what_was_sent(prompt: ColumnEvidence, others: Iterable[ColumnEvidence]) -> Iterator[Doubt]:
    """Whether the prompt is what the model was sent."""
    strength, words = name_strength(Field.PROMPT, prompt.name), words_of(prompt.name)
    likelier = []
    for of in others:
        more = words_of(of.name)
        is_named = not of.has_sentences and not of.mostly(class_words.is_bare)
        if more & ALTERATIONS and is_named and of.splits(prompt):
            text = f"{prompt.name} may be the text before it was altered: the same text has several values of {of.name}"
            yield Doubt(Field.PROMPT, (prompt.name,), text)
        elif (
            may_be_prompt(of.name) and not prompt.has_objects_or_lists and of.has_sentences and of.differs_from(prompt)
        ):
            is_altered = more & ALTERED and not words & ALTERED
            likelier += [of.name] if is_altered or name_strength(Field.PROMPT, of.name) > strength else []
    if likelier:
        text = f"{' or '.join(likelier)} may have been sent instead of {prompt.name}"
        yield Doubt(Field.PROMPT, (prompt.name, *likelier), text)
