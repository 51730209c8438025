"""The names that columns of the field usually have, and what the words in a name say about its column."""

import re
from collections.abc import Container, Mapping, Sequence

from orbench_studio.formats import class_words
from orbench_studio.formats.mapping import Field

OWN_RESPONSE = "studio_response"  # of tasks and records that the studio exports: which response they are about
# No KEY: a column `id` often just counts rows, and as a key it would match unrelated prompts across files.
USUAL_NAMES: Mapping[Field, tuple[str, ...]] = {
    Field.PROMPT: ("prompt", "question", "instruction", "query", "goal", "behavior", "forbidden_prompt", "user_prompt",
                   "input_prompt", "prompt_text", "seed_question", "text", "input", "messages", "conversations",
                   "conversation", "turns", "prompts", "questions", "instructions", "queries", "request",
                   "user_input", "user_message", "q"),
    Field.SYSTEM: ("system_prompt",),
    Field.CATEGORY: ("category", "topic", "harm_category", "semantic_category", "subcategory", "semanticcategory",
                     "risk_area", "class", "type"),
    Field.SEED: ("toxic_seed", "seed", "seed_prompt", "original_prompt"),
    Field.LABEL: ("prompt_harm_label", "prompt_label", "gold_label", "ground_truth", "label"),
    Field.VERDICT: ("is_toxic", "verdict", "moderation", "flagged"),
    Field.EXPLANATION: ("moderation_result", "explanation", "rationale"),
    Field.MODERATOR: ("moderator", "moderator_model"),
    Field.RESPONSE: ("response", "completion", "reply", "answer", "generation", "output", "model_response",
                     "model_output", "target_response", "response_text", "responses", "generated_text",
                     "generated_response", "assistant_response", "generations", "completions", "outputs",
                     "final_response"),
    Field.MODEL: ("model_name", "model", "model_id", "llm", "generator", "target_model"),
    Field.STOP_REASON: ("finish_reason", "stop_reason"),
    Field.ERROR: ("error", "error_message"),
    Field.ANSWER_CLASS: ("answer_class", "answer_category", "final_label", "refusal_class", "response_refusal_label"),
    Field.IS_REFUSAL: ("is_refusal", "is_rejected", "refusal", "refused", "rejected", "is_refused"),
    Field.JUDGE: ("judge", "judge_model", "grader"),
    Field.ANNOTATOR: ("annotator", "annotator_id", "rater", "worker_id"),
    Field.REASON: ("reason", "comment"),
    Field.SAMPLE: (OWN_RESPONSE, "sample_idx", "sample_index", "trial_idx", "trial", "repetition",
                   "repeat_index", "repeat_idx"),
}  # fmt: skip


def word_set(words: str) -> frozenset[str]:
    return frozenset(words.split())


ALTERED = word_set("final attack jailbreak jailbroken adversarial mutated mutation modified rewritten rewrite")
ALTERED |= word_set("transformed translated perturbed obfuscated encoded augmented optimized optimised paraphrased")
ALTERED |= word_set("paraphrase reformulated test")
"""Words in the names of columns with what an attack or a paraphrase made of a prompt."""
ALTERATIONS = word_set("technique strategy attack jailbreak method mutation mutator obfuscation perturbation cipher")
ALTERATIONS |= word_set("transformation transform corruption evasion encoding converter augmentation")
"""Words in the names of columns that say how prompts were altered."""
ASKED = word_set("prompt prompts question questions query queries instruction instructions request requests goal")
ASKED |= word_set("behavior behaviour message messages input inputs user turns text conversation conversations")
ASKED |= word_set("translated context")
REPLY = word_set("response responses completion completions generation generations generated output outputs reply")
REPLY |= word_set("answer answers continuation")
ADDED = word_set("suffix prefix affix trigger controls context contexts contextstring ctx options passage passages")
ADDED |= word_set("document")
"""Words in the names of columns with what may have been sent together with the prompt."""
MODELS = word_set("gpt chatgpt claude llama mistral mixtral qwen gemini gemma deepseek vicuna falcon grok alpaca koala")
REPLY |= MODELS | {"chosen"}
"""With the names of models, which columns with their responses often have."""
_TURN_OF = ("role", "speaker", "from", "sender", "author_role")
ROUNDS = ("round", "turn", "round_number", "turn_number", "turn_index", "turn_idx", "round_idx", "turn_id", "round_id")
_MEDIA = word_set("image images img picture photo video audio")
TARGETS = word_set("target victim defender responder")
"""Words in the names of the models that an attacker attacks."""
JUDGES = word_set("judge judgement judgment eval evaluation evaluator grader moderator guard attacker followup defense")
JUDGES |= word_set("review reviews critique critiques assessment feedback")
REFERENCE = word_set("expected reference gold ideal correct standard canonical official")
"""Words in the names of columns with what a model should answer."""
ABOUT = JUDGES | REFERENCE | word_set("name source model criteria rubric language style strategy category type label")
ABOUT |= word_set("system template reason reasoning explanation rationale guidance labels")
ABOUT |= word_set("technique method tag tags class risk pattern role result original seed target plan rule")
"""Words in the names of columns that say something about a prompt or a response, and are none."""
_FEW_WORDS = 4  # of a name
CERTAIN, USUAL, WEAK = 3, 2, 1
_STRENGTH: Mapping[Field, Mapping[str, int]] = {
    Field.PROMPT: {
        **dict.fromkeys(("prompt", "user_prompt", "input_prompt", "prompt_text", "forbidden_prompt", "messages",
                         "conversations", "conversation", "turns", "prompts"), CERTAIN),
        **dict.fromkeys(("goal", "behavior", "seed_question", "text", "input", "context"), WEAK),
    },
    Field.RESPONSE: {
        **dict.fromkeys(USUAL_NAMES[Field.RESPONSE], CERTAIN),
        **dict.fromkeys(("answer", "output", "reply", "outputs"), WEAK),
    },
}  # fmt: skip
"""How surely a column of this name is the prompt that was sent, or the response; `USUAL` for any other name."""


_COUNTS = word_set("accepted valid approved keep included")
_COUNTS_NOT = word_set("ignored ignore skipped skip cancelled canceled discarded discard excluded exclude deleted")
_COUNTS_NOT |= word_set("removed invalid practice attention gold test draft")
_STATES = word_set("status state answer decision review action")
_UNDECIDED = word_set("reject rejected ignore ignored skip skipped cancelled canceled discard discarded draft pending")
_UNDECIDED |= word_set("invalid excluded deleted removed")
_BESIDE = word_set("is was has row item example record annotation task check flag question response label")


def may_be_undecided(name: str) -> bool:
    """Whether a column of this name may say that what a person decided about its row does not count."""
    words = words_of(name) - _BESIDE
    return bool(words) and any(words <= of for of in (_COUNTS, _COUNTS_NOT, _STATES))


def is_undecided(name: str, value: str) -> bool:
    """Whether such a column says that for this row: not accepted, skipped, or a test of the annotator."""
    words, stated = words_of(name) - _BESIDE, class_words.word(value)
    if words <= _STATES:
        return stated in _UNDECIDED
    return class_words.TRUTH.get(stated) is (words <= _COUNTS_NOT)


def names_prompt(header: Sequence[str]) -> bool:
    return any(plain_name(name) in USUAL_NAMES[Field.PROMPT] for name in header)


def column_of_turns(header: Sequence[str]) -> int | None:
    """The place of the column that says who spoke, in a table with a row for each turn of a conversation."""
    return next((at for at, name in enumerate(header) if plain_name(name) in _TURN_OF), None)


def sent_beside(header: Sequence[str], bound: Container[int]) -> list[str]:
    """The columns, not among the bound, with what is usually sent with a prompt: pictures, contexts, system prompts."""
    words = {name: words_of(name) for at, name in enumerate(header) if at not in bound}
    added = (name for name, of in words.items() if of & (_MEDIA | ADDED) and not of & (ABOUT | REPLY))
    return [*added, *(name for name, of in words.items() if of >= {"system", "prompt"} and not of & JUDGES)]


def may_be_prompt(name: str) -> bool:
    """Whether a column of this name may have what was sent to a model."""
    words = words_of(name)
    return plain_name(name) in USUAL_NAMES[Field.PROMPT] or bool(
        words & (ALTERED | ASKED) and not words & (ABOUT | REPLY)
    )


def may_be_response(name: str) -> bool:
    """Whether a column of this name may have texts of a model."""
    words = words_of(name)
    return plain_name(name) in USUAL_NAMES[Field.RESPONSE] or bool(words & REPLY and not words & ABOUT)


def names_field(name: str) -> bool:
    """Whether a text is the usual name of a column, and neither that of a model nor a word for a class."""
    words = words_of(name)
    if class_words.answer_class(name) is not None or words <= MODELS:
        return False
    known = any(plain_name(name) in names for names in USUAL_NAMES.values())
    is_word = not name.startswith(("@", "#"))  # as in posts
    return known or (is_word and bool(words & (ASKED | REPLY | ABOUT) - MODELS) and len(words) < _FEW_WORDS)


def name_strength(part: Field, name: str) -> int:
    """How surely a column of this name gives the prompt or the response."""
    return _STRENGTH[part].get(plain_name(name), USUAL)


def words_of(name: str) -> frozenset[str]:
    return frozenset(re.findall(r"[^\W\d_]+", re.sub(r"(?<=[a-z])(?=[A-Z])", "_", name).lower()))


def plain_name(name: str) -> str:
    """A name in lower case, its words divided by underscores, without that of the requests before it."""
    return name.strip().lower().removeprefix("request.").replace(" ", "_").replace("-", "_")
