"""Measures the studio against the goals of its first version: `python -m tests.benchmarks`, from the repository's root.

Every figure has a limit beside it, measured in the same run on the same machine: plain sqlite3, an empty window.
"""

import argparse
import compileall
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks import auditing, exporting, frames, generator, grouping, imports, judging, window_up
from tests.benchmarks.report import Line, quantile, spread, table, write_json

PARTS = ("window", "drive", "import", "judge", "audit", "group", "export", "frames")
_LARGE = 20_000  # prompts from which on a workspace is kept for the next run
_MEMORY = 300  # MB


def main() -> None:
    """Measure what was asked for and print the report."""
    asked = _arguments()
    os.environ.setdefault("QT_QPA_PLATFORM", asked.platform)
    compileall.compile_dir(window_up.ROOT / "orbench_studio", quiet=2)
    lines = []
    for prompts in asked.sizes:
        for line in _measure(asked, prompts):
            lines.append(line)
            print(f"  {line.measured}: {line.figure:.4g} {line.unit}", file=sys.stderr)
    print(table(lines))
    if asked.json:
        write_json(asked.json, lines)


def _measure(asked: argparse.Namespace, prompts: int) -> Iterator[Line]:
    with TemporaryDirectory(dir=asked.folder) as folder:
        scratch = Path(folder)
        workspace = (asked.folder if prompts >= _LARGE else scratch) / f"{prompts}.orbench"
        if not workspace.exists() and {*asked.parts} - {"group"}:
            generator.generate(workspace, prompts, tell=lambda words: print(words, end="\r", file=sys.stderr))
        if "window" in asked.parts:
            yield from window_up.measure(workspace, prompts, scratch, asked.runs)
        if "drive" in asked.parts:
            yield from _drive(workspace, prompts, asked.decisions, scratch)
        if "judge" in asked.parts:
            yield from judging.measure(prompts, scratch)
        if "audit" in asked.parts:
            yield from auditing.measure(workspace, prompts, asked.runs)
        if "frames" in asked.parts:
            yield from frames.measure(workspace, prompts)
        if "export" in asked.parts:
            yield from exporting.measure(workspace, prompts, scratch)
        if "group" in asked.parts:
            yield from grouping.measure(prompts)
        if "import" in asked.parts:
            base = scratch / "prompts.orbench"
            generator.generate(base, prompts, models=0)
            yield from imports.measure("import beside prompts", base, prompts, scratch, asked.runs)
            yield from imports.measure(
                f"import beside {generator.MODELS} models", workspace, prompts, scratch, asked.runs
            )


def _drive(workspace: Path, prompts: int, decisions: int, scratch: Path) -> Iterator[Line]:
    command = [sys.executable, "-m", "tests.benchmarks.drive", str(workspace), str(decisions)]
    done = subprocess.run(
        command, cwd=window_up.ROOT, env=window_up.environment(scratch), stdout=subprocess.PIPE, check=True
    )
    found = json.loads(done.stdout)
    yield from spread("key to next prompt, at leisure", prompts, found["paced"], found["key_limit"], 16)
    yield from spread("key to next prompt, at once", prompts, found["quick"], found["key_limit"], 16)
    filters = [taken for times in found["filters"].values() for taken in times]
    yield from spread("filter to its lines", prompts, filters, found["filter_limit"], 50)
    slowest = max(found["filters"], key=lambda name: quantile(found["filters"][name] or [0], 0.5))
    yield Line(f"filter '{slowest}', p50", prompts, quantile(found["filters"][slowest], 0.5), "ms")
    yield Line("memory", prompts, found["memory"], "MB", None, f"< {_MEMORY} MB", found["memory"] < _MEMORY)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1_000, 10_000, generator.FULL], metavar="PROMPTS")
    parser.add_argument("--parts", nargs="+", default=PARTS, choices=PARTS)
    parser.add_argument("--decisions", type=int, default=200, help="keys pressed, at leisure and at once")
    parser.add_argument("--runs", type=int, default=5, help="starts and imports, in turn with their limits")
    parser.add_argument("--folder", type=Path, default=Path.cwd() / "build", help="for workspaces; large ones stay")
    parser.add_argument("--platform", default="offscreen", help="Qt's platform, where QT_QPA_PLATFORM names none")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    return asked


if __name__ == "__main__":
    main()
