"""Restore sources, guidelines, voting rule and subsets from the manifest of an export. Subsets are restored last."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection

from orbench_studio.domain.core.moderation import Rule
from orbench_studio.domain.curation.subset import SubsetState
from orbench_studio.errors import explained
from orbench_studio.formats import row_files
from orbench_studio.formats.manifest import Manifest, unreadable
from orbench_studio.formats.records import Record
from orbench_studio.formats.studio_rows import moment
from orbench_studio.services.data.journal_merge import Restored
from orbench_studio.store.data import provenance
from orbench_studio.store.review import derived_states

_MOMENTS = ("created_at", "imported_at")
_ESCAPED = ("text", "category", "seed", "seed_category", "external_key")


def begin(db: Connection, exported: Manifest) -> Restored:
    """Add the sources and guidelines that the workspace does not have."""
    with explained(unreadable):
        sources, guidelines = ([_read(one) for one in exported.found[name]] for name in ("sources", "guidelines"))
        return Restored(provenance.restore_sources(db, sources), provenance.restore_guidelines(db, guidelines))


def restore_rule(db: Connection, exported: Manifest) -> list[str]:
    """Set the voting rule of a workspace without prompts; describes a rule that another workspace does not have."""
    with explained(unreadable):
        here = derived_states.rule(db)
        rule = Rule.from_text(exported.found.get("voting_rule", here.to_text()))
    if rule == here or provenance.restore_rule(db, rule.to_text()):
        return []
    text = f"In this export, the voting rule is {rule.to_text()}; this workspace counts votes as {here.to_text()}."
    return [f"{text} Labels by consensus can differ."]


def unescaped(records: Sequence[Record], exported: Manifest) -> Sequence[Record]:
    """The records without the apostrophes that an export for spreadsheets puts before formulas."""
    if exported.found.get("formulas") != "escaped":
        return records
    plain = []
    for record in records:
        texts = {name: text for name in _ESCAPED if (text := getattr(record.prompt, name))}
        restored: dict[str, Any] = {name: row_files.unescaped(text) for name, text in texts.items()}
        plain.append(replace(record, prompt=replace(record.prompt, **restored)))
    return plain


def finish(db: Connection, exported: Manifest) -> dict[str, int]:
    """Add the subsets whose names are free, and return their number; empty if there are none."""
    with explained(unreadable):
        subsets = [_read(one) for one in exported.found["subsets"]]
        for one in subsets:
            SubsetState.from_json(one["state"])  # what cannot be read now could not be shown later
        added = provenance.restore_subsets(db, subsets)
    return {"subsets": added} if added else {}


def _read(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: moment(value) if name in _MOMENTS else value for name, value in found.items()}
