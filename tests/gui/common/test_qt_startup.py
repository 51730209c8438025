"""Starting and ending: whatever stops the window is said on the terminal, and nothing is left behind."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time

import pytest
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QPlainTextEdit, QPushButton

from orbench_studio.gui import qt_startup
from orbench_studio.gui.common.dialogs import CrashDialog
from orbench_studio.log import log_file
from orbench_studio.system_libraries import missing_packages

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="displays of Linux")
POSIX = pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    """The folder for temporary files of the program, which is to be empty when it has ended."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.fixture
def program(temporary):
    """Starts the program, or a script, as a process of its own."""
    started = []

    def start(*arguments, script=None, **environment):
        command = [sys.executable, *(("-c", script) if script else ("-m", "orbench_studio")), *map(str, arguments)]
        env = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, env=env | environment, **pipes))
        return started[-1]

    yield start
    for one in started:
        one.kill()
        one.communicate()


@LINUX
@pytest.mark.parametrize(
    ("verb", "display"), [("nothing", "DISPLAY"), ("a workspace", "WAYLAND_DISPLAY"), ("demo", "DISPLAY")]
)
def test_a_display_that_does_not_answer_is_reported(program, path, temporary, verb, display):
    arguments = {"nothing": (), "a workspace": (path,), "demo": ("demo",)}[verb]
    one = program(*arguments, QT_QPA_PLATFORM="", XDG_RUNTIME_DIR=str(temporary), **{display: ":4711"})
    message = one.communicate()[1]
    assert one.returncode == 1, message
    assert "The window cannot be opened." in message
    assert f"answers at {display}=:4711" in message or "sudo apt-get install" in message
    assert list(temporary.iterdir()) == []


@LINUX
def test_an_unknown_failure_shows_the_messages_of_qt(program):
    one = program(QT_QPA_PLATFORM="misspelt")
    message = one.communicate()[1]
    assert one.returncode == 1
    assert "Could not find the Qt platform plugin" in message


def test_missing_libraries_are_named_with_the_command_that_installs_them(monkeypatch):
    monkeypatch.setattr(qt_startup, "missing_packages", lambda: ["libxcb-icccm4", "libxcb-keysyms1"])
    assert qt_startup.explain_failed_start([]).endswith("\n  sudo apt-get install libxcb-icccm4 libxcb-keysyms1")


@LINUX
def test_without_a_font_of_the_system_the_bundled_one_is_used(tmp_path):
    (tmp_path / "fonts.conf").write_text("<fontconfig><dir>none</dir></fontconfig>")
    code = (
        "from orbench_studio.gui import qt_startup as start; qt = start.start_qt(); "
        "print(qt.font().family(), start.QFontMetrics(qt.font()).inFont('a'))"
    )
    env = os.environ | {"QT_QPA_PLATFORM": "offscreen", "FONTCONFIG_FILE": str(tmp_path / "fonts.conf")}
    done = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["Inter", "True"]


@LINUX
@pytest.mark.skipif(shutil.which("Xvfb") is None, reason="there is no Xvfb (Debian: apt-get install xvfb)")
def test_a_lost_x_server_is_reported(program, temporary, monkeypatch):
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    if lacking := missing_packages():
        pytest.skip(f"Qt's X11 plugin cannot be loaded here (Debian: apt-get install {' '.join(lacking)})")
    with subprocess.Popen(["Xvfb", "-displayfd", "1"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        display = server.stdout.readline().decode().strip()
        one = program("demo", DISPLAY=f":{display}")
        wait_until_open(one, temporary)
        server.kill()
        message = one.communicate()[1]
    assert one.returncode == 1
    assert "The X11 connection broke" in message


GRAVE = """
from PySide6.QtCore import qCritical, qFatal, qWarning
from orbench_studio import log
from orbench_studio.gui.qt_startup import start_qt
log.set_up()
qt = start_qt()
qWarning("a warning")
qCritical("a critical \\x1b[31mone")
qFatal("a fatal one")
"""


@POSIX
def test_critical_messages_of_qt_are_printed_and_all_are_logged(program):
    one = program(script=GRAVE)
    message = one.communicate()[1]
    assert one.returncode == -signal.SIGABRT
    assert "a critical \ufffd[31mone" in message
    assert "qFatal" in message
    assert "a warning" not in message
    logged = log_file().read_text(encoding="utf-8")
    assert all(words in logged for words in ("a warning", "a critical", "qFatal"))
    assert "Fatal Python error: Aborted" in logged, "with Python's stack"


def wait_until_open(one, temporary):
    """Wait until the demo's copy in the folder for temporary files is open."""
    while not list(temporary.glob("*/demo.orbench-wal")):
        assert one.poll() is None, one.communicate()
        time.sleep(0.01)


@POSIX
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143), ("SIGHUP", 129)])
def test_a_signal_closes_the_window(program, temporary, name, code):
    number = getattr(signal, name)  # Windows does not have all
    one = program("demo")
    wait_until_open(one, temporary)
    one.send_signal(number)
    _, message = one.communicate()
    assert one.returncode == code, message
    assert "Traceback" not in message
    assert list(temporary.iterdir()) == [], "the demo's copy is gone"


@pytest.mark.logs_errors
def test_exceptions_in_slots_and_threads_are_shown(start):
    def fails():
        raise ZeroDivisionError("in a slot or a thread")

    with start() as studio, studio.application.watched(lambda _code: None):
        for begin in (lambda: QTimer.singleShot(0, fails), threading.Thread(target=fails).start):
            begin()
            studio.wait(lambda: studio.window.findChildren(CrashDialog))
            [dialog] = studio.window.findChildren(CrashDialog)
            assert "ZeroDivisionError: in a slot or a thread" in dialog.findChild(QPlainTextEdit).toPlainText()
            dialog.close()
            studio.wait(lambda: not studio.window.findChildren(CrashDialog))


def offered(studio):
    return [button.text() for button in studio.window.findChildren(QPushButton) if button.isVisible()]


def test_the_start_page_is_disabled_while_the_demo_opens(start):
    with start() as studio:
        assert "Open the demo" in offered(studio)
        studio.application.open_demo()
        assert "Opening the demo" in studio.window.welcome._opening.text()
        assert "Open the demo" not in offered(studio)
        studio.settle()
        assert studio.page.isVisible()


@pytest.mark.logs_errors
def test_the_start_page_is_enabled_again_after_a_failed_open(start, tmp_path, monkeypatch):
    wrong = tmp_path / "wrong.orbench"
    wrong.write_text("not a database")
    with start() as studio:
        studio.application.open(wrong)
        assert "Open the demo" not in offered(studio)
        studio.wait(lambda: "Open the demo" in offered(studio))
        monkeypatch.setattr("orbench_studio.services.data.demo.demo_workspace", lambda _path: 1 / 0)
        studio.application.open_demo()
        studio.wait(lambda: studio.window.findChildren(CrashDialog))
        assert "Open the demo" in offered(studio)
