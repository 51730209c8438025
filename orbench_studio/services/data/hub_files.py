"""Datasets on the Hugging Face hub: choose and download files, and publish an export."""

from collections.abc import Sequence
from pathlib import Path

from orbench_studio.domain.data.export import Export
from orbench_studio.domain.data.hub_address import HubAddress
from orbench_studio.errors import StudioError
from orbench_studio.formats.tables import stem_and_kind
from orbench_studio.providers import hugging_face
from orbench_studio.providers.hugging_face import HubDataset
from orbench_studio.services.data.export_files import Exported


def download(address: HubAddress, *, show_progress: bool = False) -> list[Path]:
    """Download the files of the address, or take them from the cache; returns their paths.

    Raises a StudioError that lists the choices if the dataset has several configs or splits and none is named.
    """
    found = hugging_face.dataset(address)
    return hugging_face.download(found, files_of(found, address), show_progress=show_progress)


def require_publishable(export: Export, *, public: bool) -> None:
    """Raise a StudioError if a public dataset would hold annotators' names or toxic seeds."""
    held = [what for what, is_held in (("annotators' names", export.names), ("toxic seeds", export.seeds)) if is_held]
    if public and held:
        raise StudioError(
            f"Nothing was published: a public dataset must not contain {' or '.join(held)}. Publish it as a private "
            "dataset, or export without them."
        )


def publish(exported: Exported, repository: str, *, public: bool) -> str:
    """Upload an export in the form `huggingface` to the hub; returns the address of the dataset."""
    return hugging_face.upload(exported.out, exported.files, repository, public=public)


def files_of(found: HubDataset, address: HubAddress) -> list[str]:
    """The data files of one config and split."""
    tables = [file for file in found.files if stem_and_kind(file)[1] and not file.endswith("dataset_infos.json")]
    if found.configs:
        config = _one_of("config", sorted(found.configs), address.config, address)
        splits = {split: hugging_face.matching(tables, files) for split, files in found.configs[config].items()}
        named = HubAddress(address.repository, address.revision, config)
    else:
        splits = {}
        for file in tables:
            splits.setdefault(hugging_face.split_of(file), []).append(file)
        named = HubAddress(address.repository, address.revision, "default")
    files = splits[_one_of("split", sorted(splits), address.split, named)] if splits else []
    if not files:
        raise StudioError(f"{address} has no data files that can be read (CSV, JSON, JSONL, Parquet).")
    return files


def _one_of(kind: str, names: Sequence[str], wanted: str | None, address: HubAddress) -> str:
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    problem = f"has several {kind}s" if wanted is None else f"has no {kind} “{wanted}”"
    choices = ", ".join(f"{address}/{name}" for name in names)
    raise StudioError(f"{address} {problem}. Choose one of: {choices}")
