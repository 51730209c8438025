"""Datasets on the Hugging Face hub, through its own library: which files they have, and download of these files.

The library keeps tokens, caches what it downloaded and resumes what was interrupted. `HF_ENDPOINT` names another hub.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import Any

from orbench_studio.domain.data.hub_address import HubAddress
from orbench_studio.errors import StudioError

Splits = Mapping[str, Sequence[str]]  # patterns of files by split
_SPLITS = ("train", "test", "validation")


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset at one revision: its files, and the patterns of the files of each config and split, from its card."""

    repository: str
    revision: str
    files: tuple[str, ...]
    configs: Mapping[str, Splits]


def dataset(address: HubAddress) -> HubDataset:
    """Ask the hub for a dataset. Raises a StudioError if it does not exist, is gated, or the hub cannot be reached."""
    from huggingface_hub import HfApi

    with _explained(address):
        info = HfApi(endpoint=_endpoint()).dataset_info(address.repository, revision=address.revision)
    files = tuple(sibling.rfilename for sibling in info.siblings or ())
    configs = info.card_data.get("configs") if info.card_data is not None else None
    return HubDataset(address.repository, str(info.sha), files, _configs(configs))


def has_token() -> bool:
    """Whether the hub's library has a token: from HF_TOKEN, or from `hf auth login`."""
    from huggingface_hub import get_token

    return get_token() is not None


def download(found: HubDataset, files: Sequence[str], *, show_progress: bool) -> list[Path]:
    """Download files into the library's cache, or take them from there; returns their paths."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.utils.tqdm import disable_progress_bars, enable_progress_bars

    (enable_progress_bars if show_progress else disable_progress_bars)()
    paths = []
    with _explained(HubAddress(found.repository, found.revision)):
        for file in files:
            path = hf_hub_download(
                found.repository, file, repo_type="dataset", revision=found.revision, endpoint=_endpoint(),
                cache_dir=os.environ.get("HF_HUB_CACHE"),
            )  # fmt: skip
            paths.append(Path(path))
    return paths


def upload(folder: Path, files: Sequence[str], repository: str, *, public: bool) -> str:
    """Upload files of a folder to a dataset on the hub, which is created if needed; returns its address.

    A dataset that exists keeps its visibility and its other files. All files arrive in one commit, or none.
    """
    from huggingface_hub import HfApi

    with _explained(HubAddress(repository)):
        hub = HfApi(endpoint=_endpoint())
        created = hub.create_repo(repository, repo_type="dataset", private=not public, exist_ok=True)
        hub.upload_folder(repo_id=repository, repo_type="dataset", folder_path=folder, allow_patterns=list(files))
    return str(created)


def matching(files: Sequence[str], patterns: Sequence[str]) -> list[str]:
    """The files that match one of the patterns of a dataset card, in order."""
    return [file for file in files if any(fnmatchcase(file, pattern.removeprefix("./")) for pattern in patterns)]


def _configs(listed: Any) -> dict[str, Splits]:
    """The configs of a card: `data_files` is a pattern, a list of patterns, or a list of splits with patterns."""
    found: dict[str, Splits] = {}
    for config in listed if isinstance(listed, list) else ():
        if isinstance(config, dict) and isinstance(config.get("config_name"), str):
            found[config["config_name"]] = dict(_splits(config.get("data_files")))
    return found


def _splits(data_files: Any) -> Iterator[tuple[str, Sequence[str]]]:
    entries = data_files if isinstance(data_files, list) else [data_files]
    plain = [entry for entry in entries if isinstance(entry, str)]
    if plain:
        yield "train", plain
    for entry in entries:
        if isinstance(entry, dict):
            paths = entry.get("path")
            patterns = paths if isinstance(paths, list) else [paths]
            yield str(entry.get("split", "train")), [pattern for pattern in patterns if isinstance(pattern, str)]


def split_of(file: str) -> str:
    """The split that the name of a file or its folder suggests; `train` otherwise, as the hub's libraries do."""
    name = PurePosixPath(file)
    words = {word for part in (*name.parts[:-1], name.stem) for word in part.lower().replace("_", "-").split("-")}
    return next((split for split in _SPLITS if split in words), "train")


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def _explained(address: HubAddress) -> Iterator[None]:
    """Translate the errors of the hub and of the network."""
    from httpx2 import HTTPError
    from huggingface_hub import errors

    where = _endpoint() or "https://huggingface.co"
    try:
        yield
    except errors.GatedRepoError as error:
        raise StudioError(
            f"{address.repository} is gated: its owner asks you to accept conditions first. Open {where}/datasets/"
            f"{address.repository}, accept them, then log in with: hf auth login"
        ) from error
    except errors.RevisionNotFoundError as error:
        raise StudioError(f"{address.repository} has no revision “{address.revision}”.") from error
    except errors.RepositoryNotFoundError as error:
        raise StudioError(
            f"There is no dataset {address.repository} at {where}, or it is private. Check the name. For a private "
            "one, log in with: hf auth login"
        ) from error
    except errors.HFValidationError as error:
        raise StudioError(f"{address} is not a valid address: {error}") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "?")
        advice = "Check your token: hf auth whoami" if status in (401, 403) else "Try again later."
        raise StudioError(f"The hub at {where} answered with status {status} for {address}. {advice}") from error
    except (errors.LocalEntryNotFoundError, HTTPError, OSError) as error:
        raise StudioError(
            f"The connection to {where} failed for {address}: {error}. Try again; a download resumes."
        ) from error
