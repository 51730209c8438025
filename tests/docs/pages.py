"""The pages of the documentation and the commands in them.

A block fenced as `console` is run by the tests: its lines that begin with `$ ` are commands, the lines below are what
they print; `...` stands for anything, as in doctest. A fence with a file name after the language, such as "csv a.csv",
writes that file first. All blocks of a page run in order in one empty folder. A block fenced as `sh` is not run: its
commands, options and modules have to exist.
"""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from doctest import ELLIPSIS, OutputChecker
from pathlib import Path

from typer.testing import CliRunner

from orbench_studio.cli.main import app

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "resources" / "docs"
PAGES = (ROOT / "README.md", *sorted(DOCS.rglob("*.md")), *sorted((ROOT / ".github").glob("*.md")))
PROGRAMS = ("orbench-studio", ".venv/bin/orbench-studio")
_CHANGES = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?")  # a moment
_FENCE = re.compile(r"^```(?P<info>.*)\n(?P<body>(?:(?!```).*\n)*)```$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """A fenced block: its language, the file it becomes if it names one, its text and where that is in the page."""

    language: str
    file: str
    text: str
    start: int
    end: int


@dataclass
class Step:
    """A command of a `console` block with the output that the page shows."""

    command: str
    shown: list[str] = field(default_factory=list)


def blocks(text: str) -> Iterator[Block]:
    """The fenced blocks of a page."""
    for match in _FENCE.finditer(text):
        language, _, file = match["info"].partition(" ")
        yield Block(language, file.strip(), match["body"], match.start("body"), match.end("body"))


def steps(body: str) -> list[Step]:
    """The commands of a `console` block; a line that ends with a backslash goes on in the next."""
    found: list[Step] = []
    continued = False
    for line in body.splitlines():
        if continued:
            found[-1].command += "\n" + line
        elif line.startswith("$ "):
            found.append(Step(line[2:]))
        else:
            found[-1].shown.append(line)
        continued = line.endswith("\\") and (continued or line.startswith("$ "))
    return found


def run(command: str) -> str:
    """What a command of the studio prints, standard error included, and its exit code where that is not 0."""
    program, *arguments = words(command)
    assert program in PROGRAMS, f"only {PROGRAMS} can be run: {command}"
    result = CliRunner().invoke(app, arguments, prog_name="orbench-studio", catch_exceptions=False)
    lines = [line.rstrip() for line in result.output.splitlines()]
    return "\n".join([*lines, *([f"[exit code {result.exit_code}]"] if result.exit_code else [])])


def matches(shown: str, printed: str) -> bool:
    """Whether a page shows what was printed; `...` stands for anything."""
    return OutputChecker().check_output(shown + "\n", printed + "\n", ELLIPSIS)


def rewritten(text: str) -> str:
    """A page with every output that no longer matches replaced; runs its `console` blocks in the current folder."""
    parts, at = [], 0
    for block in blocks(text):
        if block.file:
            Path(block.file).write_text(block.text, encoding="utf-8")
        if block.language != "console":
            continue
        lines = []
        for step in steps(block.text):
            shown, printed = "\n".join(step.shown), run(step.command)
            lines += [f"$ {step.command}", shown if matches(shown, printed) else _lasting(printed)]
        parts += [text[at : block.start], "\n".join(line for line in lines if line) + "\n"]
        at = block.end
    return "".join([*parts, text[at:]])


def _lasting(printed: str) -> str:
    """An output with `...` for what is different every time: the folder and the time."""
    return _CHANGES.sub("...", printed.replace(str(Path.cwd()), "..."))


def words(command: str) -> list[str]:
    """A command line as its words."""
    return shlex.split(command.replace("\\\n", " "), comments=True)


def shell_commands(body: str) -> list[list[str]]:
    """The commands of an `sh` block as their words."""
    return [found for line in body.replace("\\\n", " ").splitlines() if (found := words(line))]
