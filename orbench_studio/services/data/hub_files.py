"""Datasets on the Hugging Face hub: choose and download files, and publish an export."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from orbench_studio.domain.data.export import Export
from orbench_studio.domain.data.hub_address import HubAddress
from orbench_studio.errors import StudioError
from orbench_studio.formats.tables import stem_and_kind
from orbench_studio.providers import hugging_face
from orbench_studio.providers.hugging_face import HubDataset, HubMatch, Progress
from orbench_studio.services.data.export_files import Exported

__all__ = [
    "BENCHMARKS", "HubDataset", "HubMatch", "HubPart", "download", "download_part", "files_of", "look_up", "publish",
    "require_publishable", "search",
]  # fmt: skip
BENCHMARKS = (
    "bench-llm/or-bench", "AmazonScience/FalseReject", "walledai/XSTest", "allenai/xstest-response",
    "allenai/coconot", "furonghuang-lab/PHTest", "JailbreakBench/JBB-Behaviors", "allenai/wildguardmix",
)  # fmt: skip
"""Datasets on over-refusal and safety whose files the studio reads, offered before a search."""
_ONLY_CONFIG = "default"
_MATCHES = 50  # datasets that a search lists


@dataclass(frozen=True, slots=True)
class HubPart:
    """One config and split of a dataset: its files, and their size in bytes (None: unknown)."""

    config: str
    split: str
    files: tuple[str, ...]
    size: int | None


def search(text: str) -> list[HubMatch]:
    """The datasets on the hub whose name contains a text, the most downloaded first."""
    return hugging_face.search(text, _MATCHES)


def look_up(repository: str) -> tuple[HubDataset, list[HubPart]]:
    """A dataset with its parts; StudioError if it does not exist, or the hub cannot be reached."""
    found = hugging_face.dataset(HubAddress(repository))
    return found, [
        HubPart(config, split, tuple(files), _size(found, files))
        for config, splits in _configs(found).items()
        for split, files in splits.items()
    ]


def download_part(found: HubDataset, part: HubPart, on_progress: Progress) -> list[Path]:
    """Download one part, or take it from the cache; cancelled if `on_progress(done, total)`, in bytes, is False."""
    return hugging_face.download(found, part.files, on_progress)


def download(address: HubAddress, on_progress: Progress) -> list[Path]:
    """Download the files of the address, or take them from the cache; returns their paths.

    Raises a StudioError that lists the choices if the dataset has several configs or splits and none is named.
    """
    found = hugging_face.dataset(address)
    return hugging_face.download(found, files_of(found, address), on_progress)


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
    configs = _configs(found)
    config = _one_of("config", sorted(found.configs), address.config, address) if found.configs else _ONLY_CONFIG
    splits = configs.get(config, {})
    named = HubAddress(address.repository, address.revision, config)
    files = splits[_one_of("split", sorted(splits), address.split, named)] if splits else []
    if not files:
        raise StudioError(f"{address} has no data files that can be read (CSV, JSON, JSONL, Parquet).")
    return files


def _configs(found: HubDataset) -> dict[str, dict[str, list[str]]]:
    """The data files by config and split: those that the card lists, else all, with the split that their name says."""
    tables = [file for file in found.files if stem_and_kind(file)[1] and not file.endswith("dataset_infos.json")]
    if found.configs:
        return {
            config: {split: hugging_face.matching(tables, patterns) for split, patterns in splits.items()}
            for config, splits in found.configs.items()
        }
    splits: dict[str, list[str]] = {}
    for file in tables:
        splits.setdefault(hugging_face.split_of(file), []).append(file)
    return {_ONLY_CONFIG: splits}


def _size(found: HubDataset, files: Sequence[str]) -> int | None:
    sizes = [found.files[file] for file in files]
    return None if None in sizes else sum(size or 0 for size in sizes)


def _one_of(kind: str, names: Sequence[str], wanted: str | None, address: HubAddress) -> str:
    if wanted in names:
        return str(wanted)
    if wanted is None and len(names) == 1:
        return names[0]
    problem = f"has several {kind}s" if wanted is None else f"has no {kind} “{wanted}”"
    choices = ", ".join(f"{address}/{name}" for name in names)
    raise StudioError(f"{address} {problem}. Choose one of: {choices}")
