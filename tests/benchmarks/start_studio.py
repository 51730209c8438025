"""The studio as its command starts it, in a process of its own: prints when window and first prompt were painted."""

import sys

from orbench_studio import __main__ as studio
from tests.benchmarks.watch import Watch, tell

watches = []


def note(application: object) -> None:
    """Look out for the two paintings; close the window after the second."""
    window = application.window  # type: ignore[attr-defined]  # Application of the window
    first = Watch(window, lambda at: tell(window=at))

    def prompt(_id: int) -> None:
        watches.append(Watch(window.review.prompt.viewport(), lambda at: (tell(prompt=at), window.close())))

    # The page is created after the first frame.
    window.first_frame.painted.connect(lambda: window.review.shown.connect(prompt))
    watches.append(first)


class Watched(studio._Window):
    """The window that the command opens, with somebody watching."""

    def open(self, workspace):
        from orbench_studio.gui.application import Application

        run = Application.run
        Application.run = lambda self, *begin, **options: (note(self), run(self, *begin, **options))[1]
        return super().open(workspace)


studio._Window = Watched
sys.argv[0] = "orbench-studio"
studio.main()
