"""Logs of Inspect (inspect.aisi.org.uk), JSON or `.eval`: a sample is a prompt with a model's response and its scores.

The prompt is the last thing that the user says in the sample's input. A score is taken for a judgement where it names
an answer class, or where its scorer is about refusals and says true or false.
"""

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from orbench_studio.domain.judgement import AnswerClass, JudgeKind
from orbench_studio.domain.prompt import text_identity
from orbench_studio.domain.response import StopReason
from orbench_studio.formats.bytes_in import file_fault
from orbench_studio.formats.mapped import answer_class_of, is_answer_class
from orbench_studio.formats.records import JudgementDraft, PromptDraft, Record, ResponseDraft, RowFault
from orbench_studio.formats.sheet import Bound, Reader, Sheet, prompt_text
from orbench_studio.formats.tables import Cells, Row, Table, unstorable

COLUMNS = ("inspect_sample", "epoch", "model", "prompt", "response", "stop_reason", "error", "input_tokens",
           "output_tokens", "scores")  # fmt: skip
_LARGEST = 256 * 2**20  # bytes of a log or of a sample that are read at once
_BEGIN = re.compile(rb'\s*\{\s*"version"\s*:\s*\d+\s*,\s*"status"')
_STOPPED = {
    "stop": StopReason.STOP,
    "max_tokens": StopReason.LENGTH,
    "model_length": StopReason.LENGTH,
    "content_filter": StopReason.BLOCKED,
}
_ATTACHED = "attachment://"
Found = Mapping[str, Any]


def is_log(path: Path) -> bool:
    """True for a JSON file that begins as Inspect's logs do."""
    with path.open("rb") as file:
        return _BEGIN.match(file.read(200)) is not None


def open_log(path: Path) -> Table:
    """A log in JSON, as a table of samples."""
    if path.stat().st_size > _LARGEST:
        raise _too_large(path)
    try:
        log = json.loads(path.read_bytes())
        return _table(path, log["eval"]["model"], iter(log.get("samples") or ()))
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise _unreadable(path, error) from None


def open_eval(path: Path) -> Table:
    """A log in Inspect's own format, sample by sample."""
    try:
        archive = zipfile.ZipFile(path)
        names = archive.namelist()
        header = "header.json" if "header.json" in names else "_journal/start.json"
        model = _entry(path, archive, header)["eval"]["model"]
    except (zipfile.BadZipFile, OSError, KeyError, ValueError, TypeError) as error:
        raise _unreadable(path, error) from None
    samples = (_entry(path, archive, name) for name in names if name.startswith("samples/") and name.endswith(".json"))
    return _table(path, model, samples)


def _entry(path: Path, archive: zipfile.ZipFile, name: str) -> Any:
    if archive.getinfo(name).file_size > _LARGEST:
        raise _too_large(path)
    try:
        return json.loads(archive.read(name))
    except NotImplementedError:
        text = "it is packed in a way that this Python cannot unpack. Convert it: inspect log convert --to json."
        raise file_fault(path.name, text) from None
    except (zipfile.BadZipFile, OSError, ValueError, RecursionError) as error:
        raise _unreadable(path, error) from None


def _table(path: Path, model: str, samples: Iterator[Any]) -> Table:
    return Table((1, list(COLUMNS)), _rows(path, model, samples))


def _rows(path: Path, model: str, samples: Iterator[Any]) -> Iterator[Row | RowFault]:
    for number, sample in enumerate(samples, start=1):
        try:
            cells = _cells(model, sample)
        except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
            yield RowFault(number, f"the sample is none of Inspect's ({type(error).__name__}: {error})")
            continue
        reason = unstorable(cells)
        yield RowFault(number, reason) if reason else (number, cells)


def _cells(model: str, sample: Found) -> Cells:
    output = sample.get("output") or {}
    choices = output.get("choices") or ()
    attached = sample.get("attachments") or {}
    text = _text(choices[0]["message"]["content"], attached) if choices else ""
    stopped = choices[0].get("stop_reason") if choices else ""
    error = output.get("error") or (sample.get("error") or {}).get("message") or ""
    usage = output.get("usage") or {}
    tokens = [str(usage.get(name) or "") for name in ("input_tokens", "output_tokens")]
    scores = json.dumps(sample.get("scores") or {})
    named = output.get("model") or model
    asked = _asked(sample["input"], attached)
    return [str(sample["id"]), str(sample.get("epoch") or 1), named, asked, text, stopped or "", error, *tokens, scores]


def _asked(given: Any, attached: Found) -> str:
    if isinstance(given, str):
        return _text(given, attached)
    said = [message["content"] for message in given if message.get("role") == "user"]
    return _text(said[-1], attached)


def _text(content: Any, attached: Found) -> str:
    """A message's text; what is long stands elsewhere in the sample."""
    if isinstance(content, str):
        return str(attached[content.removeprefix(_ATTACHED)]) if content.startswith(_ATTACHED) else content
    return "\n".join(_text(part["text"], attached) for part in content if part.get("type") == "text")


def _bind(sheet: Sheet) -> Bound:
    at = {name: sheet.column(name) for name in COLUMNS}

    def take(line: int, cells: Cells) -> Record:
        found = {name: cells[place] for name, place in at.items()}
        return Record(line, PromptDraft(prompt_text(found["prompt"])), responses=(_response(found),))

    return Bound(take, [at[name] for name in ("inspect_sample", "epoch", "model", "prompt")])


def _response(found: Mapping[str, str]) -> ResponseDraft:
    error = found["error"] or None
    stopped = StopReason.ERROR if error else _STOPPED.get(found["stop_reason"], StopReason.UNKNOWN)
    again = found["epoch"] != "1"  # repeats may say the same to the letter, and each of them counts
    of = f"inspect {found['inspect_sample']} {found['epoch']}"
    return ResponseDraft(
        found["model"],
        found["response"],
        stopped,
        error,
        judgements=tuple(_judgements(json.loads(found["scores"]))),
        input_tokens=int(found["input_tokens"]) if found["input_tokens"] else None,
        output_tokens=int(found["output_tokens"]) if found["output_tokens"] else None,
        identity=text_identity(found["response"], of) if again else None,
    )


def _judgements(scores: Mapping[str, Any]) -> Iterator[JudgementDraft]:
    for scorer, score in scores.items():
        value = str(score.get("value"))
        about_refusal = "refus" in scorer.lower()
        named = answer_class_of(value) if is_answer_class(value) or about_refusal else None
        if named is None and about_refusal:
            named = AnswerClass.UNPARSED
        if named is not None:
            yield JudgementDraft(scorer, JudgeKind.LLM, named, score.get("explanation") or "", raw=value)


def _too_large(path: Path) -> Exception:
    text = f"it is larger than {_LARGEST // 2**20} MB. Convert it to Inspect's .eval: inspect log convert --to eval."
    return file_fault(path.name, text)


def _unreadable(path: Path, error: Exception) -> Exception:
    return file_fault(path.name, f"this is no readable log of Inspect ({error}). Copy or convert it again.")


INSPECT = Reader("inspect-log", "Inspect log", COLUMNS, _bind)
