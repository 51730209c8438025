"""OR-Bench Studio: review, audit and curate over-refusal benchmarks.

In notebooks: `import orbench_studio as ob`, then `ob.open("my.orbench")`; see `orbench_studio.api`.
"""

from typing import TYPE_CHECKING, Any

from orbench_studio.version import __version__

if TYPE_CHECKING:
    from orbench_studio.api import StudioError, Workspace, create, open

__all__ = ["StudioError", "Workspace", "__version__", "create", "open"]


def __getattr__(name: str) -> Any:
    """Import the Python interface on first use: what it needs takes long to import."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from orbench_studio import api

    return getattr(api, name)
