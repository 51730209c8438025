"""`orbench-studio judge-file`: how the models in any table answered, told without a call to anybody."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from orbench_studio.cli.console import counted, write_error, write_json, write_line

if TYPE_CHECKING:
    from orbench_studio.domain.core.rates import Rate
    from orbench_studio.domain.judging.agreement import Kappa
    from orbench_studio.services.judging.judge_files import FileJudging, JudgedRow

_DIGITS = 4


class Greedy(TyperCommand):
    """Lets one `--train` take several files: every word up to the next option."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        spread: list[str] = []
        training = False
        for word in args:
            if word.startswith("-"):
                training = word.split("=")[0] == "--train"
                spread.append(word)
                continue
            if training and spread[-1] != "--train":
                spread.append("--train")
            spread.append(word)
        return super().parse_args(ctx, spread)


def judge_file(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="CSV, TSV, JSON, JSONL, Parquet; .gz too.")],
    prompt_column: Annotated[str, typer.Option(metavar="NAME", help="The column with the prompts.")],
    response_column: Annotated[str, typer.Option(metavar="NAME", help="The column with the models' responses.")],
    labels: Annotated[
        str | None,
        typer.Option(
            metavar="NAME",
            help="A column with people's labels, in OR-Bench's, XSTest's or the studio's words, or true and false: "
            "how far they agree goes to standard error.",
        ),
    ] = None,
    train: Annotated[
        list[Path] | None,
        typer.Option(metavar="FILE...", help="Files with people's labels to learn from; else the rules judge alone."),
    ] = None,
    encoding: Annotated[str | None, typer.Option(metavar="NAME", help="Of FILE, if not UTF-8: cp1252, say.")] = None,
    as_json: Annotated[
        bool,
        typer.Option(
            "--json", help="For machines: a line a row with row (from 1), answer_class, confidence, evidence."
        ),
    ] = False,
) -> None:
    """Judge the responses in a table. FILE comes before --train. Evidence is a span of the response's characters."""
    from orbench_studio.services.judging.judge_files import Columns, FileJudging, instrument_for

    columns = Columns(prompt_column, response_column, labels)
    judging = FileJudging(file, columns, instrument_for(train or [], columns), encoding)
    for row in judging.rows():
        if as_json:
            write_json(_as_json(row), indent=None)
        else:
            write_line(_as_text(row))
    if labels is not None:
        _tell_agreement(judging)


def _as_json(judged: "JudgedRow") -> dict[str, Any]:
    found = judged.assessment
    return {
        "row": judged.row,
        "answer_class": found.answer_class,
        "confidence": round(found.confidence, _DIGITS),
        "refusal": round(found.refusal, _DIGITS),
        "evidence": list(found.evidence) if found.evidence else None,
        "explanation": judged.fault or found.explanation,
    }


def _as_text(judged: "JudgedRow") -> str:
    found = judged.assessment
    return f"{judged.row:>7}  {found.answer_class:<17} {found.confidence:.2f}  {judged.fault or found.explanation}"


def _tell_agreement(judging: "FileJudging") -> None:
    from orbench_studio.domain.core.judgement import AnswerClass
    from orbench_studio.domain.judging.agreement import OR_BENCH, Agreement

    found = Agreement(judging.pairs)
    people = {said for said, _ in judging.pairs}
    judge = f"{judging.instrument.name} {judging.instrument.version}"
    write_error(f"{judge} against {judging.columns.labels}: {counted(found.n, 'response')}, 95 % intervals")
    lines: dict[str, Rate | Kappa] = {"agreement, any refusal": found.accuracy}
    if AnswerClass.PARTIAL_REFUSAL in people:
        lines["agreement, three-way (answer, partial, full)"] = found.three_way
    if AnswerClass.INDIRECT_REFUSAL in people:
        lines["agreement, three-way (answer, indirect, direct)"] = found.alike(OR_BENCH)
    lines |= {"precision of refusals": found.precision, "recall of refusals": found.recall, "kappa": found.kappa}
    for name, estimate in lines.items():
        write_error(f"  {name:<48} {_estimate(estimate)}")
    apart = [f"{count:,} {answer}" for answer, count in found.apart.items()]
    odd = sum(judging.odd_labels.values())
    for count, what in ((judging.unlabelled, "without a label"), (odd, "with a label in no known scheme")):
        apart += [f"{count:,} {what}"] if count else []
    if apart:
        write_error(f"  not compared: {', '.join(apart)}")


def _estimate(found: "Rate | Kappa") -> str:
    if found.value is None:
        return "cannot be told"
    interval = "" if found.interval is None else f" [{found.interval[0]:.3f}, {found.interval[1]:.3f}]"
    return f"{found.value:.3f}{interval} n={found.n:,}"
