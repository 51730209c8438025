"""Logs of Inspect (inspect.aisi.org.uk), JSON or `.eval`: a sample is a prompt with a model's response and its scores.

The prompt is the last thing that the user says in the sample's input. A score is taken for a judgement where it names
an answer class, or where its scorer is about refusals and says true or false.
"""

import json
import re
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from io import TextIOWrapper
from pathlib import Path
from typing import Any

from orbench_studio.domain.core.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.core.prompt import text_identity
from orbench_studio.errors import FileFaultError, explained
from orbench_studio.formats import class_words, conversations, row_guard, zstd_entry
from orbench_studio.formats.byte_source import InputFile, file_fault, require_ratio
from orbench_studio.formats.file_mapping import mapping_of
from orbench_studio.formats.json_table import SPACE, Window, as_text
from orbench_studio.formats.layout import Layout
from orbench_studio.formats.mapped_row import MappedRow
from orbench_studio.formats.mapping import ColumnMapping, Field
from orbench_studio.formats.nested_paths import lenient, plain
from orbench_studio.formats.reader_interface import Bound, Reader, Sheet
from orbench_studio.formats.records import JudgementDraft, Record, RowError, RowFault
from orbench_studio.formats.row_guard import nested
from orbench_studio.formats.tables import Cells, NestedCell, Row, Table, unstorable
from orbench_studio.formats.tally import EMPTY, NOT_READ
from orbench_studio.formats.unread_parts import leaves

COLUMNS = ("inspect_sample", "epoch", "model", "prompt", "response", "stop_reason", "error", "stop_details",
           "input_tokens", "output_tokens", "reasoning_tokens", "reasoning", "scores")  # fmt: skip
_TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens")
_STORED = {
    "output": {"model", "choices", "completion", "usage", "error"},
    "output.choices.0": {"message", "stop_reason", "stop_details"},
    "output.choices.0.message": {"role", "content"},
    "error": {"message"},
}
_OF_SCORE = ("value", "explanation")
"""The parts of a sample that are read, of which the completion repeats the text."""
_INSIDE = ("target", "metadata", "messages")  # read where the user maps a path in them
_TAKEN = frozenset({"id", "epoch", "input", "output", "attachments", "scores", "error", *_INSIDE})
_NO_MODEL = "none/none"  # what Inspect writes where a task asks no model itself
_BEGIN = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"')
_UNREAD = "scores were not read: map answer_class to scores.NAME.value, and say what each of its values means"
_ATTACHED = "attachment://"
_ZSTD = 93  # how zip archives name this compression; Python 3.14 is the first to read it
_TEXTS = ColumnMapping(
    {
        Field.PROMPT: "prompt",
        Field.RESPONSE: "response",
        Field.MODEL: "model",
        Field.STOP_REASON: "stop_reason",
        Field.ERROR: "error",
    }
)
Found = Mapping[str, Any]
_plain_or_none = lenient(plain)


def is_log(path: Path) -> bool:
    """Whether a JSON file begins like an Inspect log."""
    with path.open("rb") as file:
        return _BEGIN.match(file.read(200)) is not None


def open_log(file: InputFile) -> Table:
    """Read a JSON log as a table of samples."""
    with TextIOWrapper(file.again(), "utf-8-sig") as text:
        model = _model(Window(text, file.name), file.name)
    unread = Counter[str]()
    return _table(model, _logged(Window(file.text(max_line=None), file.name), unread), unread)


def open_eval(file: InputFile) -> Table:
    """Read a log in the `.eval` format, sample by sample."""
    with explained(partial(_unreadable, file.name)):
        archive = zipfile.ZipFile(file.path)
        names = archive.namelist()
        header = "header.json" if "header.json" in names else "_journal/start.json"
        with _entry(file.name, archive, header) as text:
            model = _model(Window(text, file.name), file.name)
    samples = [name for name in dict.fromkeys(names) if name.startswith("samples/") and name.endswith(".json")]
    if any(name.endswith("/sample.json") for name in samples):
        raise file_fault(file.name, "its samples are stored in chunks, which are not read. Import the original log.")
    unread = Counter[str]()
    return _table(model, _packed(file.name, archive, samples, unread), unread)


def _entry(name: str, archive: zipfile.ZipFile, of: str) -> TextIOWrapper:
    entry = archive.getinfo(of)
    require_ratio(name, entry.compress_size, entry.file_size)
    if entry.compress_type == _ZSTD:
        return TextIOWrapper(zstd_entry.opened(archive, entry), "utf-8")
    try:
        return TextIOWrapper(archive.open(entry), "utf-8")
    except NotImplementedError:
        text = "this Python version does not support its compression. Convert it: inspect log convert --to json."
        raise file_fault(name, text) from None


def _model(window: Window, name: str) -> str:
    for part in window.names():
        if part == "eval":
            found = window.value()
            if isinstance(found, tuple) and isinstance(found[1], dict) and isinstance(found[1].get("model"), str):
                return str(found[1]["model"])
            break
        window.leave_out()
    raise _unreadable(name, "it does not name the model")


def _logged(window: Window, unread: Counter[str]) -> Iterator[Found | RowFault]:
    for part in window.names():
        if part != "samples" or window.skip(SPACE) != "[":
            window.leave_out()
            continue
        for number, _ in enumerate(window.items(), start=1):
            yield _sample(window, number, unread)


def _packed(
    name: str, archive: zipfile.ZipFile, samples: Sequence[str], unread: Counter[str]
) -> Iterator[Found | RowFault]:
    """Read every sample of an archive; a damaged one is rejected, the others are imported."""
    with archive:
        for number, of in enumerate(samples, start=1):
            yield row_guard.row(number, INSPECT.title, _unpacked, name, archive, of, number, unread)


def _unpacked(name: str, archive: zipfile.ZipFile, of: str, number: int, unread: Counter[str]) -> Found | RowFault:
    with _entry(name, archive, of) as text:
        return _sample(Window(text, f"{name}, {of}"), number, unread)


def _sample(window: Window, number: int, unread: Counter[str]) -> Found | RowFault:
    """Read the needed parts of a sample; the rest, mainly its events, is never kept in memory."""
    found: dict[str, Any] = {}
    refused: RowFault | None = None
    if window.skip(SPACE) != "{":
        window.leave_out()
        return RowFault(number, "the sample is not an object")
    for part in window.names():
        if part not in _TAKEN:
            unread[part] += 1
            window.leave_out()
            continue
        value = window.value()
        if isinstance(value, RowFault):
            refused = RowFault(number, f"{part}: {value.reason}")
        else:
            found[part] = value[1]
    return refused or found


def _table(model: str, samples: Iterator[Found | RowFault], unread: Counter[str]) -> Table:
    return Table((1, [*COLUMNS, *_INSIDE]), _rows(model, samples, unread), late=unread)


def _rows(model: str, samples: Iterator[Found | RowFault], unread: Counter[str]) -> Iterator[Row | RowFault]:
    for number, sample in enumerate(samples, start=1):
        if isinstance(sample, RowFault):
            yield sample
        else:
            yield row_guard.row(number, INSPECT.title, _row, number, model, sample, unread)


def _row(number: int, model: str, sample: Found, unread: Counter[str]) -> Row:
    cells = _cells(model, sample)
    if not all(isinstance(cell, str) for cell in cells):
        raise RowError("a model, text, error or stop reason is not a string")
    if reason := unstorable(cells):
        raise RowError(reason)
    unread.update({*_unread(sample)})
    return number, cells


def _cells(model: str, sample: Found) -> Cells:
    output = sample.get("output") or {}
    choice = next(iter(output.get("choices") or ()), None)
    attached = sample.get("attachments") or {}
    content = choice["message"]["content"] if choice else ""
    text = _text(content, attached) or output.get("completion") or ""  # an agent submits its answer by a tool
    stopped = _stop_reason(choice) if choice else ""
    details = (choice or {}).get("stop_details") or {}
    error = output.get("error") or (sample.get("error") or {}).get("message") or ""
    usage = output.get("usage") or {}
    tokens = [str(usage.get(name) or "") for name in _TOKENS]
    scores = NestedCell(json.dumps(sample.get("scores") or {}))
    named = next((name for name in (output.get("model"), model) if name and name != _NO_MODEL), "")
    named = named if choice or text or error else ""  # there is no response
    asked = _asked(sample, attached)
    first = [str(sample["id"]), str(sample.get("epoch") or 1), named, asked, text, stopped or ""]
    reasoning = _reasoning(content, attached)
    more = [error, json.dumps(details) if details else "", *tokens, reasoning, scores]
    return [*first, *more, *(as_text(sample.get(name)) for name in _INSIDE)]


def _stop_reason(choice: Found) -> Any:
    """The stop reason; `refusal` where the details or the message say so (Inspect calls Anthropic's a filter's)."""
    content = choice["message"]["content"]
    by_message = not isinstance(content, str) and any(part.get("refusal") for part in content)
    details = choice.get("stop_details") or {}
    return "refusal" if by_message or details.get("type") == "refusal" else choice.get("stop_reason")


def _asked(sample: Found, attached: Found) -> str:
    """The prompt, or the conversation that the model was sent, if more than the prompt was.

    A solver can put a system message before the input, and turns of tools or of users after it.
    """
    prompt, turns = _input(sample, attached), _turns(sample.get("messages") or sample["input"], attached)
    sent = _sent(_said(prompt), turns, sample)
    at = len(turns) - 1 - turns[::-1].index(sent) if sent is not None else 0
    after = turns[at + 1 :] if sent is not None else []
    if after and after[-1]["role"] == "assistant":
        del after[-1]  # the response
    prompt = sent or prompt
    if not at and not any(turn["content"] for turn in after) and isinstance(prompt["content"], str):
        return prompt["content"]
    later = [{**turn, "role": "later user"} if turn["role"] == "user" else turn for turn in after]
    return NestedCell(json.dumps([*turns[:at], prompt, *later]))


def _input(sample: Found, attached: Found) -> Found:
    """The last turn of a user in the input of a sample."""
    given = [turn for turn in _turns(sample["input"], attached) if turn["role"] == "user"]
    if not given:
        raise RowError("the input has no turn of a user")
    return given[-1]


def _turns(messages: str | Sequence[Found], attached: Found) -> list[Found]:
    """The messages with their texts, and with the kinds of pictures and other media in them."""
    found: list[Found] = []
    for message in [{"role": "user", "content": messages}] if isinstance(messages, str) else messages:
        content = message.get("content") or ""
        text, kinds = _text(content, attached), [kind for kind in _kinds(content) if conversations.is_media(kind)]
        parts = [{"type": "text", "text": text}, *({"type": kind} for kind in kinds)]
        found.append({"role": message["role"], "content": parts if kinds else text})
    return found


def _said(turn: Found) -> str:
    return str(turn["content"] if isinstance(turn["content"], str) else turn["content"][0]["text"])


def _kinds(content: Any) -> list[str]:
    """The kinds of the parts of a content that are no texts."""
    parts = content if isinstance(content, list) else ()
    return [str(part.get("type")) for part in parts if part.get("type") != "text"]


def _sent(asked: str, turns: Sequence[Found], sample: Found) -> Found | None:
    """The user's turn that has the input, perhaps in a template, or the only one; None if it is unclear which it is.

    If the model generated only the last turn, the earlier ones are examples, and the last one of the user was sent.
    """
    sent = [turn for turn in turns if turn["role"] == "user"]
    by_model = [message.get("source") == "generate" for message in sample.get("messages") or ()]
    if len(sent) == 1 or (by_model[-1:] == [True] and sum(by_model) == 1):
        return next(reversed(sent), None)
    exact = [turn for turn in sent if _said(turn) == asked]
    return next(iter(exact or [turn for turn in sent if asked.strip() in _said(turn)]), None)


def _text(content: Any, attached: Found) -> str:
    """The text of a message; long texts are attachments of the sample."""
    if isinstance(content, str):
        return str(attached[content.removeprefix(_ATTACHED)]) if content.startswith(_ATTACHED) else content
    return "\n".join(_text(part["text"], attached) for part in content if part.get("type") == "text")


def _reasoning(content: Any, attached: Found) -> str:
    """The reasoning beside the text of a message, or its summary where the vendor encrypted it."""
    parts = [part for part in content if part.get("type") == "reasoning"] if isinstance(content, list) else []
    texts = (part.get("summary") if part.get("redacted") else part.get("reasoning") for part in parts)
    return "\n".join(_text(text, attached) for text in texts if text)


def _unread(sample: Found) -> Iterator[str]:
    """The paths in the output, the messages and the scores of a sample that have a value and are not read."""
    output = sample.get("output") or {}
    choices = output.get("choices") or ()
    message = choices[0]["message"] if choices else {}
    attached = sample.get("attachments") or {}
    content = message.get("content") or ""
    text = _text(content, attached).strip()
    if text and str(output.get("completion") or "").strip() not in ("", text):
        yield "output.completion"
    yield from _unread_messages(sample, attached)
    yield from (f"output.choices.{at}" for at in range(1, len(choices)))
    objects = {"output": output, "output.choices.0": choices[0] if choices else {}, "output.choices.0.message": message,
               "error": sample.get("error") or {}}  # fmt: skip
    objects |= {f"scores.{scorer}": score for scorer, score in (sample.get("scores") or {}).items()}
    for path, found in objects.items():
        stored = _STORED.get(path, _OF_SCORE)
        yield from (f"{path}.{name}" for name in found if name not in stored and any(leaves(found[name])))
    path = "output.choices.0.message.content"
    yield from (f"{path}.{kind}" for kind in _kinds(content) if kind != "reasoning")
    if any(part.get("summary") and not part.get("redacted") for part in content if isinstance(part, dict)):
        yield f"{path}.reasoning.summary"


def _unread_messages(sample: Found, attached: Found) -> Iterator[str]:
    """The messages, if the prompt is in none of them, or else the paths in them that are neither texts nor media."""
    messages = list(sample.get("messages") or ())
    if messages and _sent(_said(_input(sample, attached)), _turns(messages, attached), sample) is None:
        yield "messages"
    elif messages and messages[-1]["role"] == "assistant":
        del messages[-1]  # the response
    for message in messages:
        yield from (f"messages.{name}" for name in ("tool_calls", "error") if any(leaves(message.get(name))))
        kinds = _kinds(message.get("content"))
        yield from (f"messages.content.{kind}" for kind in kinds if not conversations.is_media(kind))


def _bind(sheet: Sheet) -> Bound:
    """Bind a log; the user may map values inside it, such as `scores.NAME.value`, to fields."""
    at = {name: sheet.header.index(name) for name in COLUMNS}
    sheet.bound.update(place for name, place in at.items() if name not in ("inspect_sample", "epoch"))
    mapping = mapping_of(sheet, _TEXTS)
    sheet.column("messages")  # of which the system prompt and the earlier turns are
    is_mapped = any(path.startswith("scores.") for path in mapping.columns.values())
    row = MappedRow(sheet, mapping, Layout())

    def take(line: int, cells: Cells) -> Record:
        found = {name: cells[place] for name, place in at.items()}
        record = row.record(line, cells)
        scores = nested(found["scores"]) or {}
        judged = tuple(_judgements(sheet, scores, is_mapped=is_mapped, answered=bool(record.responses)))
        again = found["epoch"] != "1"  # epochs can repeat a text exactly, and each of them counts
        of = f"inspect {found['inspect_sample']} {found['epoch']}"
        responses = tuple(
            replace(
                response,
                judgements=(*response.judgements, *judged),
                input_tokens=int(found["input_tokens"]) if found["input_tokens"] else None,
                output_tokens=int(found["output_tokens"]) if found["output_tokens"] else None,
                reasoning_tokens=int(found["reasoning_tokens"]) if found["reasoning_tokens"] else None,
                reasoning=found["reasoning"] or None,
                stop_details=_details(found["stop_details"], response.stop_details),
                identity=text_identity(response.text, of) if again else response.identity,
            )
            for response in record.responses
        )
        return replace(record, responses=responses)

    return Bound(take, [at[name] for name in ("inspect_sample", "epoch", "model", "prompt")])


def _details(stated: str, of_error: str | None) -> str | None:
    """What the vendor says of a refusal or a block, also in the error beside it."""
    details = json.loads(stated or "{}") | json.loads(of_error or "{}")
    return json.dumps(details, ensure_ascii=False) if details else None


def _judgements(
    sheet: Sheet, scores: Mapping[str, Any], *, is_mapped: bool, answered: bool
) -> Iterator[JudgementDraft]:
    """The scores that state an answer class; every scorer is counted with its values, unless the user maps one."""
    for scorer, score in scores.items():
        stated = score.get("value")
        value = _plain_or_none(stated, scorer)
        about_refusal = "refus" in scorer.lower() and not class_words.is_negated(scorer) and value is not None
        value = json.dumps(stated, ensure_ascii=False) if value is None else value
        found = class_words.answer_class(value) if answered else None
        if found is None and about_refusal and answered:
            found = class_words.refusal(value, scorer) or AnswerClass.UNPARSED
        if found is not None or not is_mapped:
            sheet.tally.column("score", scorer).add(value or EMPTY, found or NOT_READ)
            sheet.tally.notes.update([_UNREAD] if found is None else ())
        if found is not None:
            yield JudgementDraft(scorer, JudgeKind.LLM, found, score.get("explanation") or "", raw=value)


def _unreadable(name: str, reason: str) -> FileFaultError:
    return file_fault(name, f"not a readable Inspect log ({reason}). Copy or convert it again.")


INSPECT = Reader("inspect-log", "Inspect log", COLUMNS, _bind, keeps=True)
