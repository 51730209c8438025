"""Processes that run a script, forked from one that has imported its libraries: they start in milliseconds."""

import multiprocessing
import os
import subprocess
import sys
from pathlib import Path

_SERVICES = (
    "data.export_files", "data.import_files", "data.push_pull", "evaluation.live_runner", "evaluation.worker",
    "judging.builtin_judges", "review.prompt_review",
)  # fmt: skip
_IMPORTED = ["openai", "sqlalchemy.dialects.sqlite", *(f"orbench_studio.services.{name}" for name in _SERVICES)]


def start_script(script, *arguments):
    """Start a process with pipes, which is used as `subprocess.Popen` is."""
    if hasattr(os, "fork"):
        return _Forked(script, *map(str, arguments))
    command = [sys.executable, "-c", script, *map(str, arguments)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)


class _Forked:
    def __init__(self, script, *arguments):
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_IMPORTED)
        stdin, to_process = context.Pipe(duplex=False)
        from_process, stdout = context.Pipe(duplex=False)
        self.stdin, self.stdout = _file(to_process, "w"), _file(from_process, "r")
        self._process = context.Process(
            target=_run, args=(script, arguments, dict(os.environ), Path.cwd(), stdin, stdout)
        )
        self._process.start()
        stdin.close()
        stdout.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stdin.close()
        self.wait()
        self.stdout.close()

    def poll(self):
        return self._process.exitcode

    def kill(self):
        self._process.kill()

    def wait(self, timeout=None):
        self._process.join(timeout)
        return self._process.exitcode


def _file(connection, mode):
    file = os.fdopen(os.dup(connection.fileno()), mode, encoding="utf-8")
    connection.close()
    return file


def _run(script, arguments, environment, folder, stdin, stdout):
    os.dup2(stdin.fileno(), 0)
    os.dup2(stdout.fileno(), 1)
    sys.stdin, sys.stdout = os.fdopen(0, "r", encoding="utf-8"), os.fdopen(1, "w", encoding="utf-8")
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["-c", *arguments]
    exec(compile(script, "script", "exec"), {"__name__": "__main__"})
