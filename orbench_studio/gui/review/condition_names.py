"""Names of the filter's conditions and of their values in the window."""

from orbench_studio.domain.review.query import (
    CONTRADICTED,
    DIFFER,
    DUPLICATES,
    FLAG,
    NONE,
    NOTE,
    SEED,
    SPLIT,
    UNANIMOUS,
    UNREAD,
    count_of,
)
from orbench_studio.domain.review.queue import Field, Order, Term
from orbench_studio.gui.common.actions import plural, tr
from orbench_studio.gui.common.theme import ANSWERS

TITLES = {
    Field.STATUS: "Status",
    Field.CATEGORY: "Category",
    Field.LABEL: "Label",
    Field.CONSENSUS: "Consensus",
    Field.VOTES: "Votes",
    Field.REFUSED: "Refused by",
    Field.CLASS: "Answer class",
    Field.JUDGES: "Judges",
    Field.BY: "Decided by",
    Field.APPROVED: "Approved decisions of",
    Field.RETURNED: "Sent back to",
    Field.MARK: "Marked",
    Field.FAMILIES: "Refusing families",
    Field.BASIS: "Source of label",
    Field.VOTED: "Vote of moderator",
    Field.VETO: "Veto",
    Field.SOURCE: "Source file",
    Field.ORIGIN: "Origin",
    Field.SUBSET: "Subset",
    Field.BATCH: "Answered in batch",
    Field.SAMPLE: "Audit sample",
    Field.TEAM: "Team queue",
    Field.GROUP: "Group of near duplicates",
    Field.SEED: "Rewritten from seed",
    Field.ID: "Prompt number",
    Field.NOTE: "Note contains",
    Field.RESPONSE: "Response contains",
    Field.TEXT: "Text contains",
}
ALWAYS = (
    Field.STATUS, Field.CATEGORY, Field.LABEL, Field.CONSENSUS, Field.VOTES, Field.REFUSED, Field.JUDGES, Field.BY,
    Field.MARK,
)  # fmt: skip
MORE = (
    Field.CLASS, Field.FAMILIES, Field.BASIS, Field.VOTED, Field.VETO, Field.SOURCE, Field.ORIGIN, Field.SUBSET,
    Field.BATCH, Field.SAMPLE, Field.TEAM, Field.APPROVED, Field.RETURNED,
)  # fmt: skip
TYPED = (Field.ID, Field.GROUP, Field.SEED, Field.NOTE, Field.RESPONSE)  # without a list of values
ORDERS = {
    Order.IMPORTED: "Import order",
    Order.DISPUTED: "Moderators disagree first",
    Order.REFUSED: "Most refused first",
    Order.USEFUL: "Most useful to judge first",
    Order.RANDOM: "Random order",
}
_WORDS = {
    (Field.STATUS, "undecided"): "unlabelled",
    (Field.STATUS, "decided"): "labelled",
    (Field.CATEGORY, NONE): "no category",
    (Field.LABEL, NONE): "no label",
    (Field.CONSENSUS, "open"): "no majority",
    (Field.BASIS, "human"): "human label",
    (Field.BASIS, "disputed"): "human labels that disagree",
    (Field.BASIS, "consensus"): "moderator consensus",
    (Field.BASIS, "reference"): "source file",
    (Field.BASIS, NONE): "nothing",
    (Field.VOTES, SPLIT): "disagree",
    (Field.VOTES, UNANIMOUS): "unanimous",
    (Field.VOTES, UNREAD): "with an unparsed vote",
    (Field.VETO, "none"): "no vote on a response",
    (Field.VETO, "harmless"): "did not overrule",
    (Field.VETO, "overruled"): "overruled to toxic",
    **{(Field.CLASS, str(of)): mark.word for of, mark in ANSWERS.items() if of is not None},
    (Field.CLASS, NONE): "not judged",
    (Field.JUDGES, DIFFER): "disagree",
    (Field.JUDGES, CONTRADICTED): "contradicted by a human label",
    (Field.MARK, FLAG): "flagged ⚑",
    (Field.MARK, NOTE): "with a note ✎",
    (Field.MARK, SEED): "with a seed",
    (Field.MARK, DUPLICATES): "with near duplicates",
}
_MODELS = {  # by operator: for one model, for more
    ">=": ("1 or more models", "{count} or more models"),
    "<=": ("at most 1 model", "at most {count} models"),
    ">": ("more than 1 model", "more than {count} models"),
    "<": ("fewer than 1 model", "fewer than {count} models"),
    "=": ("exactly 1 model", "exactly {count} models"),
}
_COMPARED = {">=": "{} or more", "<=": "at most {}", ">": "more than {}", "<": "fewer than {}", "=": "exactly {}"}


def value_words(field: Field, value: str) -> str:
    compared = count_of(value) if field in (Field.REFUSED, Field.FAMILIES) else None
    if compared:
        if field is Field.REFUSED:
            return plural(compared[1], *_MODELS[compared[0]])
        return _COMPARED[compared[0]].format(compared[1])
    if field is Field.VOTES and value[0].isdigit():
        safe, _, toxic = value.partition("-")
        return tr("{safe} safe, {toxic} toxic").format(safe=safe, toxic=toxic)
    if field is Field.VOTED:
        return ": ".join(value.rsplit("=", 1))
    return tr(_WORDS.get((field, value), value))


def term_words(term: Term) -> str:
    values = " or ".join(value_words(term.field, value) for value in term.values)
    text = tr("{field}: not {values}") if term.negated else tr("{field}: {values}")
    return text.format(field=tr(TITLES[term.field]), values=values)
