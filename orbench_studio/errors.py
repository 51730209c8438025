"""Errors that have an owner.

`StudioError` and its kinds are caused by the user or the world: their text is shown as it is and says what happened,
where, and what to do. Anything else that escapes is our own fault and goes to the log and the crash dialog.
"""


class StudioError(Exception):
    """A fault of the user's input or of the world, in words the user can act on."""


class WorkspaceError(StudioError):
    """The workspace file cannot be opened, read or written."""


class ConnectionLostError(WorkspaceError):
    """The workspace's server cannot be reached; whether the last transaction was committed is not known."""


class WorkspaceMovedError(WorkspaceError):
    """The workspace's file was renamed, deleted or replaced while it was open; nothing is written to it any more."""


class FileFaultError(StudioError):
    """A file to import is refused as a whole; the workspace is as it was.

    `wants` is what the user has to say of it, where something is missing: moderator, model, judge, format. How to say
    it is for the command line and the window to tell.
    """

    def __init__(self, text: str, wants: str = "") -> None:
        super().__init__(text)
        self.wants = wants


class NothingLeftError(StudioError):
    """What was asked for is done already, or under way: nobody has done anything wrong."""


class StaleDecisionError(StudioError):
    """The prompt was decided somewhere else since it was shown, or is gone."""


class CancelledError(StudioError):
    """The user cancelled a long operation; nothing of it was kept."""
