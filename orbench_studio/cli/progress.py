"""A progress bar for long operations."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from orbench_studio.cli.console import on_terminal, progress_bars
from orbench_studio.cli.terminal import in_one_line


@contextmanager
def show_progress(description: str) -> Iterator[Callable[[int, int], bool]]:
    """Show a progress bar if stderr is a terminal; the callback always returns True (Ctrl+C stops)."""
    if not on_terminal():
        yield lambda _done, _total: True
        return
    from rich.progress import BarColumn, TaskProgressColumn, TextColumn, TimeRemainingColumn

    named = TextColumn("{task.description}", markup=False)
    with progress_bars(named, BarColumn(), TaskProgressColumn(), TimeRemainingColumn()) as bar:
        task = bar.add_task(in_one_line(description))

        def on_progress(done: int, total: int) -> bool:
            bar.update(task, completed=done, total=total if done < total else None)
            return True

        yield on_progress
