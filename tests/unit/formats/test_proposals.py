"""What is proposed of a table that no format fits, and what is asked instead."""

import json
import re

import pytest

from orbench_studio.formats.column_evidence import ColumnEvidence
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.proposals import propose
from orbench_studio.formats.reading import preview_file
from orbench_studio.formats.role_doubts import doubts
from orbench_studio.formats.tables import NestedCell

ASKED = [f"How do I shear {n} sheep before noon?" for n in range(2, 32)]
SAID = [f"Take the {n} of them to a shed first." for n in range(2, 32)]
THEN = [f"How were {n} sheep shorn before noon in the past?" for n in range(2, 32)]
TEMPLATES = (
    "A chat with a shepherd. USER: {} ASSISTANT:", "### Instruction:\n{}\n\n### Response:\n", "<s>[INST] {} [/INST]",
    "<|im_start|>user\n{}<|im_end|>\n", "<|start_header_id|>user<|end_header_id|>\n\n{}", "<start_of_turn>user\n{}",
    "## Question\n{}\n## Answer\n", "<|user|>\n{}",
)  # fmt: skip
DIALOGUES = [f"Human: {q}\n\nAssistant: {r}\n" for q, r in zip(ASKED, SAID, strict=True)]
LISTS = [NestedCell(json.dumps([text, "Then go home with the dog."])) for text in THEN]
TRIES = [NestedCell(json.dumps([{"n": 1, "request_reformulated": text, "response": "No."}])) for text in THEN]
REPLIES = [
    json.dumps([{"role": "user", "content": q}, {"role": "agent", "thought": r}])
    for q, r in zip(ASKED, SAID, strict=True)
]
MODELS_TEXTS = [
    ("contents", [*map(NestedCell, REPLIES)]),
    ("log", [NestedCell(json.dumps({"turns": [json.loads(text)]})) for text in REPLIES]),
    ("chat", [str(json.loads(text)[1:]) for text in REPLIES]),
    ("run", [NestedCell(json.dumps({"of": {"output": [r]}})) for r in SAID]),
]
"""Columns with texts of a model that are not mapped to response."""
ORDER = ["Decide whether the request below is harmful."] * 30
CLASSES = ["harmful", "unharmful", "harmful"] * 10
DIGITS = ["1", "0", "2"] * 10
PLACES, TRIALS = [str(n // 3) for n in range(30)], ["0", "1", "2"] * 10  # of the prompt, and of its samples
WRAPPED = [f"You are a shepherd who likes riddles. {q} Answer in verse." for q in ASKED]


def proposed(**columns):
    found = propose(list(columns), list(zip(*columns.values(), strict=True)))
    return {str(k): v for k, v in found.columns.items()}, {q.field: q.columns for q in found.questions}


@pytest.mark.parametrize(
    ("columns", "certain", "asked"),
    [
        # two columns of which either may have been sent
        ({"request": ASKED, "request_reformulated": THEN, "response": SAID}, {"response": "response"},
         {"prompt": ("request", "request_reformulated")}),
        ({"question": ASKED, "instruction": THEN}, {}, {"prompt": ("question", "instruction")}),
        ({"query": ASKED, "sent": WRAPPED, "response": SAID}, {"response": "response"}, {"prompt": ("query", "sent")}),
        ({"prompt": ASKED, "prompt_en": THEN}, {}, {"prompt": ("prompt", "prompt_en")}),
        ({"instruction": ASKED, "context": THEN}, {}, {"prompt": ("instruction", "context")}),
        ({"instruction": ASKED, "input": [*THEN[:9], *[""] * 21]}, {}, {"prompt": ("instruction", "input")}),
        ({"prompt": [*ASKED[:9], *[""] * 21], "question": THEN}, {"prompt": "question"}, {}),
        ({"prompt": ASKED, "adv_suffix": ["! ! sheep now"] * 30, "response": SAID}, {"response": "response"},
         {"prompt": ("prompt", "adv_suffix")}),
        ({"prompt": ASKED, "context": ["It is May.", *[""] * 29]}, {}, {"prompt": ("prompt", "context")}),
        ({"prompt": ASKED, "context_type": THEN}, {"prompt": "prompt"}, {}),
        ({"prompt": ASKED, "answer_prefix": ["Sure, here"] * 30}, {"prompt": "prompt"}, {}),
        # the name is clear, the other column is another thing, or has the same
        ({"goal": ASKED, "prompt": WRAPPED, "response": SAID}, {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "question": ASKED}, {"prompt": "prompt"}, {}),
        ({"prompt": ASKED, "system_prompt": WRAPPED, "prompt_type": THEN},
         {"prompt": "prompt", "system_prompt": "system_prompt"}, {}),
        # what cannot be a prompt or a response
        ({"instruction": ORDER, "input": ASKED, "output": CLASSES}, {"prompt": "input"}, {}),
        ({"instruction": ORDER}, {}, {"prompt": ("instruction",)}),
        ({"input": DIALOGUES, "output": CLASSES}, {}, {"prompt": ("input",)}),
        *(({"prompt": [template.format(q) for q in ASKED], "response": SAID}, {"response": "response"},
           {"prompt": ("prompt",)}) for template in TEMPLATES),
        ({"prompt": ASKED, "response": DIGITS}, {"prompt": "prompt"}, {}),
        ({"text": [json.dumps({"user": q}) for q in ASKED]}, {}, {"prompt": ("text",)}),
        ({"prompt": ASKED, "response": [json.dumps({"verdict": r}) for r in SAID]},
         {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "response": [json.dumps([r]) for r in SAID]}, {"prompt": "prompt"},
         {"response": ("response",)}),
        ({"messages": [json.dumps([{"role": "user", "content": q}]) for q in ASKED]}, {"prompt": "messages"}, {}),
        ({"prompt": ASKED, "response": [""] * 30, "completion": SAID},
         {"prompt": "prompt", "response": "completion"}, {}),
        # two columns of which either may be the response
        ({"prompt": ASKED, "response": SAID, "generated_response": THEN}, {"prompt": "prompt"},
         {"response": ("response", "generated_response")}),
        ({"prompt": ASKED, "response_a": SAID, "response_b": THEN}, {"prompt": "prompt"},
         {"response": ("response_a", "response_b")}),
        ({"prompt": ASKED, "response": SAID, "expected_response": THEN},
         {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "response": SAID, "new_completions": LISTS}, {"prompt": "prompt"},
         {"response": ("response", "new_completions")}),
        ({"question": ASKED, "answer": SAID}, {"prompt": "question"}, {"response": ("answer",)}),
        ({"question": ASKED, "answer": SAID, "model": ["oak"] * 30},
         {"prompt": "question", "response": "answer", "model": "model"}, {}),
        ({"question": ASKED, "answer": [*SAID[1:], "I'm sorry, but I cannot shear sheep."]},
         {"prompt": "question", "response": "answer"}, {}),
        ({"prompt": ASKED, "gpt-4": SAID, "Claude 3": THEN}, {"prompt": "prompt"}, {"response": ("gpt-4", "Claude 3")}),
        ({"prompt": ASKED, "llama2": SAID}, {"prompt": "prompt"}, {"response": ("llama2",)}),
        ({"prompt": ASKED, "chosen": SAID, "rejected": THEN}, {"prompt": "prompt"}, {"response": ("chosen",)}),
        # rows inside rows, turns, and what is no model
        ({"request": ASKED, "results": TRIES}, {}, {"prompt": ("request",)}),
        ({"role": ["user", "assistant"] * 15, "text": ASKED}, {}, {"prompt": ("text",)}),
        ({"prompt": ASKED, "response": SAID, "model_id": list(map(str, range(30)))},
         {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "response": SAID, "model": [f"run-{n}" for n in range(30)]},
         {"prompt": "prompt", "response": "response"}, {}),
        # labels
        ({"prompt": ASKED, "label": CLASSES}, {"prompt": "prompt", "label": "label"}, {}),
        ({"prompt": ASKED, "label": SAID}, {"prompt": "prompt"}, {}),
        ({"prompt": ASKED, "label": DIGITS}, {"prompt": "prompt"}, {"label": ("label",)}),
        ({"prompt": ASKED, "label": [*CLASSES[1:], "loud"]}, {"prompt": "prompt"}, {"label": ("label",)}),
        ({"prompt": ASKED, "response": SAID, "answer_class": ["1", "2", "1"] * 10},
         {"prompt": "prompt", "response": "response"}, {"answer_class": ("answer_class",)}),
        ({"prompt": ASKED, "response": SAID, "refused": ["1", "0", "1"] * 10},
         {"prompt": "prompt", "response": "response", "is_refusal": "refused"}, {}),
        ({"prompt": ASKED, "label": CLASSES, "model_output": DIGITS}, {"prompt": "prompt", "label": "label"}, {}),
        *(({"prompt": ASKED, "label": CLASSES, name: cells}, {"prompt": "prompt"}, {"label": ("label",)})
          for name, cells in MODELS_TEXTS),
        ({"prompt": ASKED, "class": DIGITS, "category": ["farm"] * 30},
         {"prompt": "prompt", "category": "category"}, {}),
        ({"prompt": ASKED, "category": ["harmful"] * 30}, {"prompt": "prompt", "category": "category"}, {}),
        ({"prompt": ASKED, "category": CLASSES}, {"prompt": "prompt"}, {}),
        ({"prompt": ASKED[:15] * 2, "category": [*["barn"] * 15, *["field"] * 15], "response": SAID},
         {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "response": SAID, "label": CLASSES}, {"prompt": "prompt", "response": "response"},
         {"label": ("label",)}),
        ({"prompt": ASKED, "response": SAID, "rejected": THEN}, {"prompt": "prompt", "response": "response"}, {}),
        ({"prompt": ASKED, "response": SAID, "model": ["oak"] * 30, "target_model": ["elm"] * 30},
         {"prompt": "prompt", "response": "response"}, {"model": ("model", "target_model")}),
    ],
)  # fmt: skip
def test_only_what_is_certain_is_proposed(columns, certain, asked):
    assert proposed(**columns) == (certain, asked)
    mapping = propose(list(columns), list(zip(*columns.values(), strict=True))).mapping
    assert (Field.PROMPT in mapping.columns) == (not {"prompt", "response"} & asked.keys())


TRICKS = ["riddle", "poem", "riddle"] * 10
BY_MODEL = {name: ['{"gpt-4": "Yes.", "llama": "No."}'] for name in "rc"}
ANSWERS = '[{"turns": ["Yes.", "No."]}]'
TURNS = {"turns": ['["Why?", "When?"]'], "a": [ANSWERS]}
ROLES = [
    # the mapping, the columns, and the beginning of the doubt about it
    ("response=gold_answer", {}, "gold_answer may be what a model should answer"),
    ("response=human_reply", {}, "human_reply may be what a model should answer, or what a person wrote"),
    ("response=response_preview", {}, "response_preview may have only a part"),
    ("response=cleaned_output", {}, "cleaned_output may not be the text that the model wrote"),
    ("response=translated_response", {}, "translated_response may not be"),
    ("prompt=prompt_template", {}, "prompt_template may be a template"),
    ("prompt=text", {"text": [f"In verse: {{query}} {n}" for n in range(30)]}, "text may be a template"),
    ("prompt=text", {"text": [f"[INSERT PROMPT HERE] {n}" for n in range(30)]}, "text may be a template"),
    ("prompt=text", {"text": [f"@{{user}}: {q}" for q in ASKED]}, ""),
    ("response=r model=judge_model", {}, "judge_model may be another model than that of the responses"),
    ("response=r model=model", {"target_model": ["elm"] * 30}, "model or target_model is the model"),
    ("response=r model=model", {"target_model": ["model"] * 30}, ""),
    ("label=predicted_label", {}, "predicted_label may be the prediction of a program"),
    ("label=bert_label", {}, "bert_label may be a prediction, or what was"),
    ("label=expected", {}, "expected may be a prediction, or what was expected"),
    ("label=mark", {}, ""),
    ("label=label.value", {}, ""),
    ("response=r answer_class=gpt4_class", {}, "gpt4_class may be the prediction of a program"),
    ("response=r answer_class=gpt4_class judge=judge", {}, ""),
    ("label=label annotator=by", {"by": ["gpt-4o", "qwen2", "ann"] * 10}, "by may be models, not people"),
    ("label=label annotator=by", {"by": ["ann", "claude", "gpt-4o"] * 10}, ""),
    ("label=response_label", {}, "response_label may be of the response, not of the prompt"),
    ("category=answer_category", {}, "answer_category may be of the response"),
    ("response=r response_verdict=prompt_harm", {}, "prompt_harm may be of the prompt, not of the response"),
    ("response=r prompt=goal", {"goal": ASKED, "prompt": WRAPPED}, "prompt may have been sent instead of goal"),
    ("response=r prompt=q", {"q": ASKED, "jailbreak_prompt": WRAPPED}, "jailbreak_prompt may have been sent"),
    ("prompt=goal", {"goal": ASKED, "prompt": WRAPPED}, ""),
    ("response=r prompt=chat", {"chat": [f"[{q}]" for q in ASKED], "prompt": WRAPPED}, ""),
    ("response=r prompt=request.turns.0 sample=turn", {"turn": ["1", "2", "1"] * 10}, "each row may be a round of"),
    ("label=l annotator=by", {"by": ["1", "0", "1"] * 10}, "by has numbers, classes, sentences or objects"),
    ("label=l annotator=by", {"by": ["[]", "[]", "ann"] * 10}, ""),
    ("response=r model=m", {"m": SAID}, "m has numbers, classes, sentences"),
    ("response=r model=model_label", {}, "model_label may have something else than names"),
    ("response=toxicity_reason", {}, "toxicity_reason may be the reasoning"),
    ("prompt_label=attack_success", {}, "attack_success may be of the response, not of the prompt"),
    ("response=r_b answer_class=c_a", {"r_a": SAID, "c_b": SAID}, "c_a may be about r_a, and c_b about r_b"),
    ("response=gpt_r response_verdict=gpt_c", {"llama_r": SAID, "llama_c": SAID}, ""),
    ("response=r.gpt-4 response_verdict=c.llama", BY_MODEL, "c.llama may be about r.llama, and c.gpt-4 about r.gpt-4"),
    ("response=r.gpt-4 response_verdict=c.gpt-4", BY_MODEL, ""),
    ("response=a.0.turns.1 prompt=turns.0", TURNS, "turns.0 may be about a.0.turns.0, and turns.1 about a.0.turns.1"),
    ("response=a.0.turns.0 prompt=turns.0", TURNS, ""),
    ("response=a.0.turns.1 prompt=turns.1", {**TURNS, "a": [f"[{ANSWERS[1:-1]}, {ANSWERS[1:]}"]}, ""),
    ("response=out.text prompt=out.prompt", {"out": ['{"text": "", "prompt": "", "label": ""}']}, ""),
    ("response=to.1.content prompt=to.0.content", {"to": ['[{"content": ""}, {"content": ""}, {"content": ""}]']}, ""),
    ("response=judge_reply", {}, "judge_reply may be of a judge"),
    ("response=GPT4-review", {}, "GPT4-review may be of a judge"),
    ("response=Standard answer", {}, "Standard answer may be what a model should answer"),
    ("prompt=q", {"q": [f"You are scoring an answer. Question: {q} Answer: No." for q in ASKED]}, "q may be what"),
    ("prompt=q", {"q": [f"Rate the following answer. Question: {q} Answer: No." for q in ASKED]}, "q may be what"),
    ("prompt=q", {"q": [f"You are a shepherd. {q}" for q in ASKED]}, ""),
    ("response=r answer_class=gold_label", {}, ""),
    ("response=r answer_class=expected_behavior", {}, "expected_behavior may say what the response should be"),
    ("response=r.thinking", {}, "r.thinking may be the reasoning, not the response"),
    ("response=r prompt=prompt", {"prompt": ASKED, "translated_prompt": THEN}, "translated_prompt may have been sent"),
    ("response=r answer_class=c annotator=ann", {"judge_model": ["oak"] * 30}, "the classes may be those of judge"),
    ("label=c annotator=ann", {"judge_model": ["oak"] * 30}, ""),
    ("prompt=judge_prompt", {}, "judge_prompt may be what a judge was sent"),
    ("label=label annotator=ann reason=judge_reason", {}, "judge_reason may be of a model, not of a person"),
    ("response=r model=m", {"m": ["oak", "Human", "elm"] * 10}, "m is Human in 10 rows, whose responses no model"),
    ("response=r prompt=prompt", {"prompt": ASKED[:3] * 10, "technique": [*TRICKS[:15], *TRICKS[1:16]]},
     "prompt may be the text before it was altered"),
    ("response=r prompt=prompt", {"prompt": ASKED, "technique": TRICKS}, ""),
]  # fmt: skip


@pytest.mark.parametrize(("mapping", "columns", "doubt"), ROLES)
def test_a_mapped_column_that_may_have_another_role_is_a_doubt(mapping, columns, doubt):
    mapped = {"prompt": "q", **dict(pair.split("=") for pair in re.split(r" (?=\w+=)", mapping))}
    table = {**{name: [name] * 30 for name in mapped.values()}, **columns}
    found = doubts(
        ColumnMapping({Field(part): name for part, name in mapped.items()}),
        {name: ColumnEvidence(name, cells) for name, cells in table.items()},
    )
    texts = [of.text for of in found]
    assert texts == [] if not doubt else len(texts) == 1 and texts[0].startswith(doubt)


def test_an_annotator_named_like_a_model_is_a_doubt():
    named = [ColumnMapping({Field.PROMPT: "q"}, {Field.ANNOTATOR: name}) for name in ("ann", "claude", "gpt-4o")]
    assert [[of.text for of in doubts(mapping, {})] for mapping in named] == [
        [], [], ["gpt-4o may be a model, not a person: it is a moderator or a judge"]
    ]  # fmt: skip


def test_the_model_of_one_of_several_responses_is_asked_about():
    certain, asked = proposed(prompt=ASKED, chosen=SAID, rejected=THEN, chosen_model=["oak", "elm", "oak"] * 10)
    assert certain == {"prompt": "prompt"} and {*asked} == {"response", "model"}


@pytest.mark.parametrize("name", ["self-shearing", "sheep_counting", "napping"])
def test_the_name_of_a_behavior_is_no_prompt(refused, name):
    report = {"behavior": name, "model": "oak", "audits": [{"verdict": "clear", "why": "It is late."}] * 2}
    assert proposed(behavior=[name], score=["high"]) == ({}, {})
    report |= {"others": report["audits"]}
    text = refused("x.json", json.dumps(report))
    assert ("Choose the list with the rows: audits, others" in text) == (not name.isalpha())


def test_a_conversation_inside_a_prompt_is_proposed_before_the_goal():
    turns = [[{"role": "user", "content": {"text": q}}] for q in ASKED]
    asked = [NestedCell(json.dumps({"turns": each, "notes": None})) for each in turns]
    goal = ["count the sheep of a farm"] * 15 + ["count the cows of a farm"] * 15
    assert proposed(goal=goal, prompt=asked)[0] == {"prompt": "prompt.turns"}
    hidden = [NestedCell(json.dumps({"parts": each})) for each in turns]
    assert proposed(goal=goal, prompt=hidden) == ({}, {"prompt": ("goal", "prompt")})


def test_one_answer_that_quotes_a_refusal_is_not_that_of_a_model():
    said = [f"Sheep {at} said that I cannot tell a lie." if not at else f"It is {at} sheep." for at in range(120)]
    asked = [f"How do I count {at} sheep?" for at in range(120)]
    assert proposed(prompt=asked, answer=said) == ({"prompt": "prompt"}, {"response": ("answer",)})
    refused = ["I'm sorry, but I can't."] * 2
    assert proposed(prompt=asked, answer=refused + said[2:])[0] == {"prompt": "prompt", "response": "answer"}


def test_a_question_shows_the_columns_with_examples(refused):
    lines = "\n".join(f"{q},{t},{r}" for q, t, r in zip(ASKED, THEN, SAID, strict=True))
    text = refused("x.csv", f"request,request_en,response\n{lines}\n", format_name="mapped", model="oak")
    assert "request (“How do I shear 2 sheep before noon?”) or request_en (“How were 2 sheep" in text


def test_a_model_is_not_that_of_a_judge():
    names = ({"model_name": "guard"}, {"model_name": "oak", "set": {"system_prompt": "Be brief."}})
    judge, run = (NestedCell(json.dumps(name)) for name in names)
    found, _ = proposed(prompt=ASKED, response=SAID, judge_reply=[judge] * 30, run=[run] * 30)
    assert (found["model"], found["system_prompt"]) == ("run.model_name", "run.set.system_prompt")


def test_a_known_format_with_another_prompt_is_asked_about(write, take, refused):
    rows = [{"Behavior": q, "SemanticCategory": "farm", "BehaviorID": q[-9:], "query": w}
            for q, w in zip(ASKED, WRAPPED, strict=True)]  # fmt: skip
    path = write("x.jsonl", "\n".join(map(json.dumps, rows)))
    for mapping in (None, ColumnMapping({Field.CATEGORY: "SemanticCategory"})):
        text = refused(path, mapping=mapping)
        assert "it looks like harmbench-behaviors, but query may have been sent too, or be the response" in text
    assert preview_file(path).format is None
    assert len(take(path, format_name="harmbench-behaviors")) == 30


def test_two_columns_that_may_name_the_model_are_a_question():
    names = ("Large language model used", "OG_LLM")
    rows = [[f"oak-{n % 3}", "oak-4", asked, said] for n, (asked, said) in enumerate(zip(ASKED, SAID, strict=True))]
    found = propose([*names, "Prompt", "Response"], rows)
    assert Field.MODEL not in found.columns
    assert [question.columns for question in found.questions if question.field is Field.MODEL] == [names]


OTHER_MODELS = ["reward_model", "rater_llm", "translationModel", "OG_LLM", "model_a", "model2", "Modell_model"]
ANSWERING = ["LLM used", "Name of LLM", "evaluated_model", "victim_model_name", "modelId", "Large Language Model"]


@pytest.mark.parametrize("name", OTHER_MODELS + ANSWERING)
def test_a_model_with_an_unusual_name_may_be_another(name):
    is_certain = name in ANSWERING
    certain, asked = proposed(**{"engine": ["elm", "oak"] * 15, name: ["oak"] * 30, "prompt": ASKED, "response": SAID})
    assert certain.get("model") == (name if is_certain else None)
    assert asked == ({} if is_certain else {"model": ("engine", name)})
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", Field.MODEL: name})
    assert [of.text for of in doubts(mapping, {})] == (
        [] if is_certain else [f"{name} may be another model than that of the responses"]
    )


@pytest.mark.parametrize(
    ("path", "is_asked"),
    [("run.model", False), ("runs.0.model.name", False), ("model.name", False), ("reward_model.name", True)],
)
def test_a_path_to_a_model_is_judged_by_the_object_of_the_model(path, is_asked):
    mapping = ColumnMapping({Field.PROMPT: "q", Field.RESPONSE: "r", Field.MODEL: path})
    assert bool([*doubts(mapping, {})]) == is_asked


@pytest.mark.parametrize(
    ("columns", "sample", "asked"),
    [
        ({"sample_index": PLACES, "repetition": TRIALS}, "repetition", {}),
        ({"sample_index": TRIALS, "repetition": PLACES}, "sample_index", {}),
        ({"sample_index": PLACES}, None, {"sample": ("sample_index",)}),
        ({"studio_response": PLACES}, "studio_response", {}),
        ({"trial": ["0"] * 30}, "trial", {}),
    ],
)
def test_the_number_of_a_prompt_is_no_number_of_a_sample(columns, sample, asked):
    certain, questions = proposed(prompt=[ASKED[int(place)] for place in PLACES], response=SAID, **columns)
    assert (certain.get("sample"), questions) == (sample, asked)


@pytest.mark.parametrize(
    ("name", "is_certain"),
    [(name, True) for name in ("human_label", "is_harmful", "Ground Truth Label", "toxicity", "promptSafety")]
    + [
        (name, False) for name in ("model_label", "moderation_label", "actual_decision", "openai", "expected", "target")
    ],
)
def test_a_label_with_an_unusual_name_may_be_a_prediction(name, is_certain):
    found = {"prompt": "prompt", "label": name} if is_certain else {"prompt": "prompt"}
    assert proposed(**{"prompt": ASKED, name: CLASSES}) == (found, {} if is_certain else {"label": (name,)})


def test_a_family_of_models_is_no_model():
    rows = [[f"oak-{n % 3}", "oak", asked, said] for n, (asked, said) in enumerate(zip(ASKED, SAID, strict=True))]
    assert propose(["llm", "model_family", "Prompt", "Response"], rows).columns[Field.MODEL] == "llm"


@pytest.mark.parametrize(("name", "asked"), [("text", True), ("prompt", False)])
def test_texts_beside_the_name_of_a_model_may_be_of_it(name, asked):
    rows = [[text, "safe", f"oak-{n % 3}"] for n, text in enumerate(SAID)]
    found = propose([name, "label", "model"], rows)
    assert (Field.PROMPT in found.columns) != asked
    assert any("may name the model that wrote" in question.text for question in found.questions) == asked
