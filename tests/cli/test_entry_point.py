"""The entry point: what it hands in, what it logs, and what it keeps out of the log."""

import logging
import os
import signal
import subprocess
import sys

import pytest

from orbench_studio import __main__ as entry
from orbench_studio import log


@pytest.fixture
def start(monkeypatch):
    """Runs the program as the shell would."""

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["orbench-studio", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            entry.main()
        return ended.value.code

    return run


@pytest.fixture
def window(monkeypatch):
    """What stands in for the window; a missing system library, say."""

    def become(behaviour):
        monkeypatch.setattr(entry._Window, "open", behaviour)
        monkeypatch.setenv("QT_QPA_PLATFORM", "offscreen")

    return become


def test_a_missing_system_library_becomes_a_message(start, window, capsys):
    def lacks_egl(_self, _workspace):
        raise ImportError("libEGL.so.1: cannot open shared object file: No such file or directory")

    window(lacks_egl)
    assert start() == 1
    assert "libEGL.so.1" in capsys.readouterr().err


@pytest.mark.logs_errors
def test_an_unexpected_error_is_logged_with_its_traceback(window, monkeypatch):
    def breaks(_self, _workspace):
        raise ZeroDivisionError("our own fault")

    window(breaks)
    monkeypatch.setattr(sys, "argv", ["orbench-studio"])
    with pytest.raises(ZeroDivisionError):
        entry.main()
    assert "our own fault" in log.log_file().read_text(encoding="utf-8")


def test_ctrl_c_is_not_a_crash(start, window, capsys):
    def interrupted(_self, _workspace):
        raise KeyboardInterrupt

    window(interrupted)
    assert start() == 130
    assert capsys.readouterr().err == "Interrupted.\n"


def test_the_exit_code_of_the_window_is_returned(start, window):
    window(lambda _self, _workspace: 7)
    assert start() == 7


def test_help_writes_no_log(start):
    assert start("--help") == 0
    assert not log.log_file().exists()


@pytest.mark.logs_errors
def test_without_a_log_file_errors_go_to_the_terminal(start, window, tmp_path, monkeypatch, capsys):
    (tmp_path / "file").touch()
    monkeypatch.setattr(log, "log_file", lambda: tmp_path / "file" / "studio.log")

    def has_a_fault(_self, _workspace):
        logging.getLogger("orbench_studio.gui").info("said to the log alone")
        logging.getLogger("orbench_studio.gui").error("a fault of the studio")
        return 0

    window(has_a_fault)
    assert start() == 0
    message = capsys.readouterr().err
    assert "a fault of the studio" in message
    assert "alone" not in message


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_a_crash_leaves_the_stack_in_the_log():
    script = "import os; from orbench_studio import log; log.set_up(); os.abort()"
    env = {name: value for name, value in os.environ.items() if name != "PYTHONFAULTHANDLER"}
    done = subprocess.run([sys.executable, "-c", script], env=env, capture_output=True, check=False)
    assert done.returncode == -signal.SIGABRT
    assert "Fatal Python error: Aborted" in log.log_file().read_text(encoding="utf-8")


@pytest.mark.parametrize("verb", ["--help", "judge-file p.csv --prompt-column prompt --response-column response"])
def test_a_closed_pipe_ends_the_program_quietly(tmp_path, verb):
    (tmp_path / "p.csv").write_text("prompt,response\n" + "May I pat the dog?,Yes.\n" * 5_000)
    command = [sys.executable, "-m", "orbench_studio", *verb.split()]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, cwd=tmp_path, **pipes) as one:
        one.stdout.close()
        message = one.stderr.read()
    assert (one.returncode, message) == (1, "")


def test_an_import_that_fails_puts_no_text_into_the_log(start, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "p.csv").write_text("prompt,category\nA very private prompt?,hate,one cell too many\n")
    assert start("import", "w.orbench", "p.csv") == 1
    logging.getLogger("orbench_studio").info("still here")
    message = log.log_file().read_text(encoding="utf-8")
    assert "still here" in message
    assert "private" not in message


def test_the_program_has_one_name(start, capsys):
    start("--help")
    assert "Usage: orbench-studio" in capsys.readouterr().out


def test_a_deleted_log_folder_prints_nothing(tmp_path):
    code = (
        "import logging, shutil; from orbench_studio import log; log.set_up(); "
        "shutil.rmtree(log.log_file().parent); logger = logging.getLogger('orbench_studio.x'); "
        "[logger.info('x' * 100_000) for _ in range(30)]; print('went on')"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=dict(os.environ))
    assert (done.stdout, done.stderr) == ("went on\n", "")
