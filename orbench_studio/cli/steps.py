"""How far long work is, on a terminal."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def steps(what: str) -> Iterator[Callable[[int, int], bool]]:
    """A progress bar on a terminal, nothing elsewhere; never asks to stop (Ctrl+C does)."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: True
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what)

        def on_progress(done: int, total: int) -> bool:
            bar.update(task, completed=done, total=total if done < total else None)
            return True

        yield on_progress
