"""Families of language models; the paper counts refusals by family (section 3.4)."""

import re

# If a name contains several of these, the first counts: deepseek-r1-distill-llama is DeepSeek's.
_STEMS = {
    "claude": "claude",
    "chatgpt": "gpt",
    "gpt": "gpt",
    "o1": "gpt",
    "o3": "gpt",
    "o4": "gpt",
    "davinci": "gpt",
    "gemini": "gemini",
    "gemma": "gemma",
    "llama": "llama",
    "mistral": "mistral",
    "mixtral": "mistral",
    "ministral": "mistral",
    "magistral": "mistral",
    "qwen": "qwen",
    "qwq": "qwen",
    "deepseek": "deepseek",
    "command": "command",
    "grok": "grok",
    "phi": "phi",
    "smollm": "smollm",
}
_STEM = re.compile(rf"(?<![a-z])(?:{'|'.join(sorted(_STEMS, key=len, reverse=True))})")
_WORD = re.compile(r"[^\W\d_]+")


def family(model: str) -> str:
    """The family of a model: a known stem in its name, else the first word; the vendor prefix is ignored."""
    name = model.lower().rsplit("/", 1)[-1]
    stem = _STEM.search(name)
    if stem:
        return _STEMS[stem[0]]
    word = _WORD.search(name)
    return word[0] if word else name
