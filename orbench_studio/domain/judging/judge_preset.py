"""Presets of other people's judges: a request format, a reply format, and what the judge may be used for.

A preset is the text of a TOML file. It takes the place of a prompt template and is stored with a batch like one, so its
hash stands for the request, the reply format and the guidelines. A judge of harm can only be used as a moderator: its
verdict is never a refusal.
"""

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from orbench_studio.domain.core import json_reply
from orbench_studio.domain.core.category import parse_category
from orbench_studio.domain.core.judgement import ANSWERS, REFUSALS, AnswerClass, JudgeKind, Judgement
from orbench_studio.domain.core.moderation import Verdict, Vote
from orbench_studio.domain.judging.verdict_reply import (
    ReplyFormat,
    TokenChoice,
    named_category,
    probabilities,
    read_verdict,
)

_KEYS = frozenset(("title", "source", "note", "api", "extra", "messages", "text", "guidelines", "judge", "moderator"))
_PART_KEYS = frozenset(("field", "tag", "key", "brackets", "values", "categories"))
_GUIDELINES = "{guidelines}"


class Use(StrEnum):
    """What a preset is used for: answer classes of responses, or votes on prompts or responses."""

    CLASSES = "judge"
    PROMPTS = "moderator of prompts"
    RESPONSES = "moderator of responses"


@dataclass(frozen=True, slots=True)
class JudgePreset:
    """A judge with its own formats. `messages` are (role, text) with placeholders: {prompt}, {response}, {case},
    and {guidelines}.

    `extra` are further request parameters. `note` says what the judge measures. `guidelines` are those of the
    workspace, for a judge that reads them.
    """

    title: str
    source: str
    note: str
    messages: tuple[tuple[str, str], ...]
    extra: Mapping[str, Any]
    formats: Mapping[Use, ReplyFormat]
    guidelines: str | None = None

    @property
    def reads_guidelines(self) -> bool:
        """Whether the request contains the guidelines of the workspace."""
        return any(_GUIDELINES in text for _, text in self.messages)

    def conversation(self, prompt: str, response: str | None) -> tuple[tuple[str, str], ...]:
        """The messages about a response, or about the prompt alone."""
        values = {
            "prompt": prompt,
            "response": response or "",
            "guidelines": self.guidelines or "",
        }
        values["case"] = json_reply.case_of(*([prompt] if response is None else [prompt, response]))
        sent = (m for m in self.messages if response is not None or m[1].strip() != "{response}")
        return tuple((role, json_reply.fill(text, values)) for role, text in sent)

    def judgement(self, reply: str, judge: str, tokens: tuple[TokenChoice, ...] = ()) -> Judgement:
        """The answer class in a reply, with the probability of a refusal where the tokens tell it."""
        form = self.formats[Use.CLASSES]
        verdict = read_verdict(reply, form)
        if verdict is None:
            return Judgement(0, judge, JudgeKind.LLM, AnswerClass.UNPARSED, raw=reply)
        shares = probabilities(tokens, verdict, form) if tokens else None
        refusal = None if shares is None else sum(shares.get(one, 0.0) for one in REFUSALS)
        return Judgement(
            0, judge, JudgeKind.LLM, AnswerClass(verdict.meaning), self.title, None, reply, refusal=refusal
        )

    def vote(self, reply: str, moderator: str, use: Use) -> Vote:
        form = self.formats[use]
        verdict = read_verdict(reply, form)
        if verdict is None:
            return Vote(0, moderator, Verdict.UNPARSED, None, "", reply)
        toxic = verdict.meaning == Verdict.TOXIC
        named = named_category(verdict, form) if toxic else None
        return Vote(0, moderator, Verdict(verdict.meaning), named, self.title, reply)


def preset_of(template: str | None) -> JudgePreset | None:
    """The preset that a template is; None for a plain prompt template. ValueError for a faulty preset."""
    try:
        found = tomllib.loads(template or "")
    except tomllib.TOMLDecodeError:
        return None
    return _preset(found) if "title" in found else None


def with_guidelines(template: str, guidelines: str) -> str:
    """The text of a preset with the guidelines of the workspace in it."""
    line = json.dumps(guidelines.replace("\x7f", ""), ensure_ascii=False)  # a JSON string is a TOML string
    return f"guidelines = {line}\n{template}"


def required_use(preset: JudgePreset, use: Use) -> None:
    """Raise ValueError if the preset cannot be used so."""
    if use in preset.formats:
        return
    uses = " and ".join(str(one) for one in preset.formats)
    commands = {Use.CLASSES: "`judge`", Use.PROMPTS: "`moderate`", Use.RESPONSES: "`moderate --responses-of`"}
    with_command = " or ".join(commands[one] for one in preset.formats)
    raise ValueError(f"{preset.title} is no {use}. {preset.note} Use it as a {uses}, with {with_command}.")


def _preset(found: dict[str, Any]) -> JudgePreset:
    _require_known(found, _KEYS)
    raw = found.get("api") == "completions"
    messages = (("user", str(found["text"])),) if raw else tuple((m["role"], m["text"]) for m in found["messages"])
    if not any("{prompt}" in text for _, text in messages):
        raise ValueError("a message must contain {prompt}")
    extra = {**found.get("extra", {}), **({"api": found["api"]} if "api" in found else {})}
    made = JudgePreset(
        found["title"], found["source"], found["note"], messages, extra, dict(_formats(found)), found.get("guidelines")
    )
    if not made.formats:
        raise ValueError("it has neither [judge] nor [moderator]")
    return made


def _formats(found: dict[str, Any]) -> "list[tuple[Use, ReplyFormat]]":
    formats = []
    if judge := found.get("judge"):
        formats.append((Use.CLASSES, _format(judge, set(map(str, ANSWERS)))))
    for name, use in (("prompts", Use.PROMPTS), ("responses", Use.RESPONSES)):
        if part := found.get("moderator", {}).get(name):
            formats.append((use, _format(part, {str(Verdict.SAFE), str(Verdict.TOXIC)})))
    return formats


def _format(part: dict[str, Any], meanings: set[str]) -> ReplyFormat:
    _require_known(part, _PART_KEYS)
    wrong = sorted(set(map(str, part["values"].values())) - meanings)
    if wrong:
        raise ValueError(f"{wrong[0]!r} is none of {', '.join(sorted(meanings))}")
    form = ReplyFormat(**part)
    named = {code: parse_category(name) for code, name in form.categories.items()}
    if missing := sorted(code for code, name in named.items() if name is None):
        raise ValueError(f"{form.categories[missing[0]]!r} is not a category")
    return replace(form, categories={code: str(name) for code, name in named.items()})


def _require_known(found: dict[str, Any], known: frozenset[str]) -> None:
    if unknown := sorted(found.keys() - known):
        raise ValueError(f"it has the unknown key {unknown[0]!r}")
