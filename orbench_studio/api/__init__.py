"""The Python interface for notebooks and scripts: a workspace as pandas data frames.

    import orbench_studio as ob

    with ob.open("my.orbench") as ws:
        ws.prompts(filter="category:privacy refused:>=2")

It uses the same services, and raises the same errors, as the command line.
"""

from orbench_studio.api.workspace import Workspace, create, open
from orbench_studio.errors import StudioError

__all__ = ["StudioError", "Workspace", "create", "open"]
