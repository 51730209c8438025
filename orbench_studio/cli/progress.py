"""How far long work is, on a terminal."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orbench_studio.cli.console import on_terminal, progress_bars
from orbench_studio.cli.terminal import in_one_line


@contextmanager
def show_progress(what: str) -> Iterator[Callable[[int, int], bool]]:
    """A progress bar on a terminal, nothing elsewhere; never asks to stop (Ctrl+C does)."""
    if not on_terminal():
        yield lambda _done, _total: True
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    named = TextColumn("{task.description}", markup=False)
    with progress_bars(named, BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(in_one_line(what))

        def on_progress(done: int, total: int) -> bool:
            bar.update(task, completed=done, total=total if done < total else None)
            return True

        yield on_progress
