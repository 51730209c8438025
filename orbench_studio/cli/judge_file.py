"""`orbench-studio judge-file`: classify the responses in a table, without a workspace or a network."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from orbench_studio.cli.console import write_error, write_json, write_line
from orbench_studio.cli.single_values import SingleValues
from orbench_studio.domain.core.amounts import counted
from orbench_studio.domain.core.judgement import AnswerClass
from orbench_studio.domain.core.rates import coefficient_text
from orbench_studio.domain.core.schemes import OR_BENCH
from orbench_studio.domain.judging.agreement import Agreement

if TYPE_CHECKING:
    from orbench_studio.services.judging.judge_files import FileJudging, JudgedRow

_DIGITS = 4


class MultiValueTrain(SingleValues):
    """Lets one `--train` take several files: all words up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        expanded: list[str] = []
        training = False
        for word in args:
            if word.startswith("-"):
                training = word.split("=")[0] == "--train"
                expanded.append(word)
                continue
            if training and expanded[-1] != "--train":
                expanded.append("--train")
            expanded.append(word)
        return super().parse_args(ctx, expanded)


def judge_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON, JSONL or Parquet, optionally .gz.")],
    prompt_column: Annotated[str, typer.Option(metavar="NAME", help="Column with the prompts.")],
    response_column: Annotated[str, typer.Option(metavar="NAME", help="Column with the responses.")],
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="Column with human labels (OR-Bench, XSTest, answer classes, or true for a refusal and false for an "
            "answer). The agreement is printed to standard error.",
        ),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE...",
            help="Files with human labels to train the local judge on. Without them, the rules judge the file.",
        ),
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(metavar="NAME", help="Encoding of FILE, for example cp1252. Default: UTF-8.")
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="Print JSON, one object per row: row (from 1), answer_class, confidence, evidence."
        ),
    ] = False,
) -> None:
    """Classify the responses in a table. FILE must precede --train. Evidence is a character span of the response."""
    from orbench_studio.services.judging.judge_files import Columns, FileJudging, instrument_for

    columns = Columns(prompt_column, response_column, labels)
    judging = FileJudging(file, columns, instrument_for(train or [], columns), encoding)
    for row in judging.rows():
        if as_json:
            write_json(_as_json(row), indent=None)
        else:
            write_line(_as_text(row))
    if labels is not None:
        _print_agreement(judging)


def _as_json(judged: "JudgedRow") -> dict[str, Any]:
    found = judged.assessment
    return {
        "row": judged.row,
        "answer_class": found.answer_class,
        "confidence": round(found.confidence, _DIGITS),
        "refusal": round(found.refusal, _DIGITS),
        "evidence": found.evidence,
        "explanation": judged.fault or found.explanation,
    }


def _as_text(judged: "JudgedRow") -> str:
    found = judged.assessment
    return f"{judged.row:>7}  {found.answer_class:<22} {found.confidence:.2f}  {judged.fault or found.explanation}"


def _print_agreement(judging: "FileJudging") -> None:
    found = Agreement(judging.pairs)
    human_classes = {human for human, _ in judging.pairs}
    judge = f"{judging.instrument.name} {judging.instrument.version}"
    write_error(
        f"Agreement of {judge} with column {judging.columns.labels}: {counted(found.n, 'response')}, 95 % intervals"
    )
    lines = {"agreement, any refusal": found.accuracy}
    if AnswerClass.PARTIAL_REFUSAL in human_classes:
        lines["agreement, three-way (answer, partial, full)"] = found.three_way
    if AnswerClass.INDIRECT_REFUSAL in human_classes:
        lines["agreement, three-way (answer, indirect, direct)"] = found.equal(OR_BENCH)
    lines |= {"precision of refusals": found.precision, "recall of refusals": found.recall}
    for name, rate in lines.items():
        write_error(f"  {name:<48} {rate.short_with_n}")
    write_error(f"  {'kappa':<48} {coefficient_text(found.kappa)}")
    excluded = [f"{count:,} {answer.label}" for answer, count in found.apart.items()]
    unknown = sum(judging.unknown_labels.values())
    for count, reason in ((judging.unlabelled, "without a label"), (unknown, "with an unknown label")):
        excluded += [f"{count:,} {reason}"] if count else []
    if excluded:
        write_error(f"  excluded: {', '.join(excluded)}")
