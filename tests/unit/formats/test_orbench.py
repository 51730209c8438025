"""Every file of OR-Bench's pipeline becomes the records it means."""

import pytest

from orbench_studio.domain.core.category import Category
from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.moderation import Verdict
from orbench_studio.domain.core.prompt import Origin
from orbench_studio.domain.core.response import StopReason
from orbench_studio.formats import file_names
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, RowFault, VoteDraft

MODERATED = "prompt,category,is_toxic,moderation_result\n"
ANSWERED = "prompt,response,category,is_toxic,moderation_result\n"
ALIGNED = "prompt,is_rejected,response,category\n"
CHECKED = "prompt,answer_category,answer_type_response,response,category\n"


def test_prompts(take):
    found = take(
        "p.csv", "prompt,category\nHow do I kill weeds?,harmful\n  Kept  ,none\nA,\nB,Self harm\nC,cats\n,hate\n"
    )
    assert found == [
        Record(2, PromptDraft("How do I kill weeds?", Category.HARMFUL)),
        Record(3, PromptDraft("  Kept  ")),
        Record(4, PromptDraft("A")),
        Record(5, PromptDraft("B", Category.SELF_HARM)),
        Record(6, PromptDraft("C", "cats")),
        RowFault(7, "the prompt is empty"),
    ]


def test_texts_are_plain_text(take):
    found = take("p.csv", 'prompt,category\n"=HYPERLINK(""x"")",hate\n<img src=x onerror=y>,hate\n')
    assert [record.prompt.text for record in found] == ['=HYPERLINK("x")', "<img src=x onerror=y>"]


def test_rewrites(take):
    found = take("p_rewrite.csv", "prompt,toxic_seed,category\nHow do moths live?,Kill moths,violence\nOther,,hate\n")
    assert found == [
        Record(2, PromptDraft("How do moths live?", Category.VIOLENCE, Origin.REWRITE, "Kill moths")),
        Record(3, PromptDraft("Other", Category.HATE)),
    ]


@pytest.mark.parametrize(
    ("name", "moderator"),
    [
        ("x_moderation_merged_gpt4_prompt.csv", "gpt4"),
        ("x_toxic_moderation_llama3_prompt.csv", "llama3"),
        ("x_non_toxic_moderation_gemini-1.5_prompt.csv.gz", "gemini-1.5"),
        ("x_moderation_merged_gpt4_prompt_moderation_merged_llama3_prompt.csv", "llama3"),
        ("x_moderation_failed_my_own_prompt.csv", "my_own"),
        ("x_toxic.csv", None),
    ],
)
def test_the_moderator_is_in_the_name(name, moderator):
    assert file_names.moderator_in(name) == moderator


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("gpt-4-0125-preview_merged_or-bench.csv", "gpt-4-0125-preview"),
        ("gpt-3.5-turbo-0125_rejected_or-bench-hard-1k.csv", "gpt-3.5-turbo-0125"),
        ("my_model_accepted_x.csv", "my_model"),
        ("claude-2.1_failed_x_merged_y.csv", "claude-2.1"),
        ("responses_qwen3-8b.csv", "qwen3-8b"),
        ("completions_gpt4.csv.gz", "gpt4"),
        ("gpt-4o_merged_x_response_check_merged_gpt4.csv", "gpt-4o"),
        ("responses_gpt-4o_direct_answer_gpt4.csv", "gpt-4o"),
        ("gpt-4o_merged_x_moderation_merged_gpt4_response.csv", "gpt-4o"),
        ("x_moderation_merged_gpt4_prompt.csv", None),
        ("x_moderation_merged_gpt4_prompt_moderation_merged_llama3_prompt.csv", None),
        ("x_response_check_merged_gpt4.csv", None),
        ("answers.csv", None),
    ],
)
def test_the_model_is_in_the_name(name, model):
    assert file_names.model_in(name) == model


@pytest.mark.parametrize("step", ["response_check_merged", "direct_answer", "direct_refusal", "indirect_refusal"])
def test_the_judge_is_in_the_name(step):
    assert file_names.judge_in(f"x_{step}_llama3.csv") == "llama3"
    assert file_names.judge_in("x.csv") is None


def test_votes_on_prompts(take):
    found = take(
        "x_moderation_merged_gpt4_prompt.csv",
        MODERATED
        + "A,illegal,True,It breaks a law. [[7. illegal]]\nB,none,False,[[11. None of the above]]\nC,none,,\n",
    )
    said = "It breaks a law. [[7. illegal]]"
    none = "[[11. None of the above]]"
    assert found == [
        Record(
            2,
            PromptDraft("A"),
            (VoteDraft("gpt4", Verdict.TOXIC, Category.ILLEGAL, "It breaks a law.", said),),
        ),
        Record(3, PromptDraft("B"), (VoteDraft("gpt4", Verdict.SAFE, None, "", none),)),
        Record(4, PromptDraft("C"), (VoteDraft("gpt4", Verdict.UNPARSED),)),
    ]


def test_a_verdict_that_is_none_refuses_the_row(take):
    found = take("x.csv", MODERATED + "A,none,perhaps,\n", moderator="m")
    assert found == [RowFault(2, "is_toxic is 'perhaps', neither True nor False")]


def test_the_moderator_must_be_known(take, refused):
    assert "the moderator is not known" in refused("x.csv", MODERATED + "A,none,False,\n")
    assert take("x.csv", MODERATED + "A,none,False,\n", moderator="mine")[0].votes[0].moderator == "mine"


def test_votes_on_responses_hang_on_the_response(take):
    content = ANSWERED + "A,Do this.,illegal,1,[[7. illegal]]\n"
    vote = VoteDraft("gpt4", Verdict.TOXIC, Category.ILLEGAL, "", "[[7. illegal]]")
    name = "x_moderation_merged_gpt4_response.csv"
    assert take(name, content) == [
        Record(2, PromptDraft("A"), responses=(ResponseDraft("safety-free responder", "Do this.", votes=(vote,)),))
    ]
    assert take(name, content, model="mixtral")[0].responses[0].model == "mixtral"
    assert take(f"gpt-4o_merged_{name}", content)[0].responses[0].model == "gpt-4o"


def test_responses_without_prompts_are_refused(refused):
    text = refused("x_moderation_merged_gpt4_response.csv", ANSWERED.replace("prompt,", "") + "R,none,False,\n")
    assert "it has responses but no prompt column" in text
    text = refused("x_moderation_failed_gpt4_response.csv", "response,error_message\nR,boom\n")
    assert "it has responses but no prompt column" in text


def test_alignment(take):
    found = take("gpt-4_merged_x.csv", ALIGNED + 'A,True,"  No.\r\nNever. ",hate\nB,False,,none\nC,,Well,hate\n')
    refusal = JudgementDraft("or-bench-published", JudgeKind.RULE, AnswerClass.DIRECT_REFUSAL, raw="True")
    answer = JudgementDraft("or-bench-published", JudgeKind.RULE, AnswerClass.DIRECT_ANSWER, raw="False")
    assert found == [
        Record(
            2,
            PromptDraft("A", Category.HATE),
            responses=(ResponseDraft("gpt-4", "  No.\r\nNever. ", judgements=(refusal,)),),
        ),
        Record(4, PromptDraft("B"), responses=(ResponseDraft("gpt-4", "", judgements=(answer,)),)),
        Record(5, PromptDraft("C", Category.HATE), responses=(ResponseDraft("gpt-4", "Well"),)),
    ]


def test_alignment_in_any_order_of_columns(take):
    found = take("x.csv", "is_rejected,response,prompt,category\nFalse,R,P,hate\n", model="gemini")
    assert (found[0].prompt.text, found[0].responses[0].text) == ("P", "R")


def test_the_model_must_be_known(refused):
    assert "the model is not known" in refused("x.csv", ALIGNED + "A,True,R,hate\n")


def test_an_unreadable_is_rejected_is_unparsed(take):
    [found] = take("x.csv", ALIGNED + "A,maybe,R,hate\n", model="m")
    assert found.responses[0].judgements[0].answer_class is AnswerClass.UNPARSED


@pytest.mark.parametrize("header", ["prompt,error\n", ""])
def test_failed_requests_with_and_without_header(take, header):
    found = take("llama_failed_x.csv", header + '"A, b; c",timed out\nB,\n')
    line = 2 if header else 1
    assert found == [
        Record(
            line,
            PromptDraft("A, b; c"),
            responses=(ResponseDraft("llama", "", StopReason.ERROR, "timed out"),),
        ),
        Record(
            line + 1,
            PromptDraft("B"),
            responses=(ResponseDraft("llama", "", StopReason.ERROR, "unknown error"),),
        ),
    ]


def test_failed_requests_with_category(take):
    found = take("gpt-4_failed_x.csv", "prompt,error,category\nA,boom,hate\n")
    assert found[0].prompt.category == "hate"


def test_a_headerless_file_is_taken_where_the_format_is_asked_for(take, refused):
    assert len(take("errors.csv", "A,boom\nB,boom\n", format_name="orbench-failed", model="m")) == 2
    assert "format not recognised" in refused("errors.csv", "A,boom\nB,boom\n")


def test_a_moderator_that_failed_is_an_unparsed_vote(take):
    expected = [Record(2, PromptDraft("A"), (VoteDraft("gpt4", Verdict.UNPARSED, raw="boom"),))]
    assert take("x_moderation_failed_gpt4_prompt.csv", "prompt,error_message\nA,boom\n") == expected
    headerless = take("y_moderation_failed_gpt4_prompt.csv", "A,boom\n")
    assert headerless[0].votes == expected[0].votes


def test_response_check(take):
    found = take(
        "gpt-4o_merged_x_response_check_merged_gpt4.csv",
        CHECKED + "A,indirect_refusal,It offers another. [[indirect_refusal]],R,hate\nB,none,Hm,R,hate\n",
    )
    said = "It offers another. [[indirect_refusal]]"
    judged = JudgementDraft("gpt4", JudgeKind.LLM, AnswerClass.INDIRECT_REFUSAL, "It offers another.", raw=said)
    assert found[0] == Record(
        2, PromptDraft("A", Category.HATE), responses=(ResponseDraft("gpt-4o", "R", judgements=(judged,)),)
    )
    assert found[1].responses[0].judgements[0].answer_class is AnswerClass.UNPARSED


def test_response_check_needs_judge_and_model(take, refused):
    content = CHECKED + "A,direct_answer,[[direct_answer]],R,hate\n"
    assert "the judge is not known" in refused("x.csv", content, model="m")
    assert "the model is not known" in refused("x_direct_answer_gpt4.csv", content)
    assert take("x_direct_answer_gpt4.csv", content, model="m")[0].responses[0].judgements[0].judge == "gpt4"
