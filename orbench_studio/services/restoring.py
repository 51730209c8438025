"""What an export's manifest holds besides rows, back into a workspace: sources and guidelines first, subsets last."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from orbench_studio.formats.bytes_in import file_fault
from orbench_studio.formats.manifest import Manifest
from orbench_studio.formats.studio_rows import moment
from orbench_studio.formats.written import MANIFEST
from orbench_studio.services.merging import Restored
from orbench_studio.store import provenance

_MOMENTS = ("created_at", "imported_at")


def begin(db: Connection, exported: Manifest) -> Restored:
    """Add the sources and guidelines that are not there."""
    try:
        sources, guidelines = ([_read(one) for one in exported.found[name]] for name in ("sources", "guidelines"))
        return Restored(provenance.restore_sources(db, sources), provenance.restore_guidelines(db, guidelines))
    except (KeyError, ValueError, TypeError) as error:
        raise _unreadable(error) from None


def finish(db: Connection, exported: Manifest) -> dict[str, int]:
    """Add the subsets whose names are free; how many, where there are any."""
    try:
        added = provenance.restore_subsets(db, [_read(one) for one in exported.found["subsets"]])
    except (KeyError, ValueError, TypeError) as error:
        raise _unreadable(error) from None
    return {"subsets": added} if added else {}


def _read(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: moment(value) if name in _MOMENTS else value for name, value in found.items()}


def _unreadable(error: Exception) -> Exception:
    return file_fault(MANIFEST, f"this is no readable manifest ({error}). Export again.")
