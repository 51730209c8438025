"""Parameters of requests: for all models, for one of them, and what is no parameter."""

import pytest

from orbench_studio.domain.evaluation.parameters import read_parameters

MODELS = ("openai/o3", "ollama/llama3:8b")


def test_for_all_models_and_for_one():
    lines = ("top_p=0.9", 'stop=["a=b"]', "ollama/llama3:8b:keep_alive=5m", "openai/o3:temperature=null", "user=me")
    assert read_parameters(lines, MODELS) == (
        {"top_p": 0.9, "stop": ["a=b"], "user": "me"},
        {"ollama/llama3:8b": {"keep_alive": "5m"}, "openai/o3": {"temperature": None}},
    )


@pytest.mark.parametrize("line", ["n=3", "stream=true", "messages=[]", "openai/o3:model=x", "api=soap", "input=x"])
def test_parameters_that_would_break_reading_are_refused(line):
    with pytest.raises(ValueError, match="is not possible"):
        read_parameters([line], MODELS)
    assert read_parameters(["n=null", "openai/o3:api=responses"], MODELS)[1] == {"openai/o3": {"api": "responses"}}


@pytest.mark.parametrize("line", ["top_p", "=1", "openai/o3:=1", "openai/o4:top_p=1", ""])
def test_invalid_parameters(line):
    with pytest.raises(ValueError, match=r"Write NAME=VALUE|not one of the selected models"):
        read_parameters([line], MODELS)
