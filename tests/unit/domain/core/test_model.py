"""Families of models, as their names tell."""

import pytest

from orbench_studio.domain.core.model_family import family


@pytest.mark.parametrize(
    ("name", "of"),
    [
        ("gpt-4-turbo-2024-04-09", "gpt"),
        ("openai/gpt-4o", "gpt"),
        ("o3-mini", "gpt"),
        ("llama2new", "llama"),
        ("together/meta-llama/Llama-3-70b-chat-hf", "llama"),
        ("mistralinstruct", "mistral"),
        ("Mixtral-8x7B", "mistral"),
        ("deepseek-r1-distill-llama-70b", "deepseek"),
        ("qwen3-8b", "qwen"),
        ("Claude 3 Opus", "claude"),
        ("our-own-model", "our"),
        ("模型-7", "模型"),
        ("42", "42"),
        ("", ""),
    ],
)
def test_family(name, of):
    assert family(name) == of
