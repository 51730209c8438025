"""Datasets on the Hugging Face hub, through its own library: which files they have, and download of these files.

The library keeps tokens and caches what was downloaded. `HF_ENDPOINT` names another hub.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

from orbench_studio.domain.data.hub_address import HubAddress
from orbench_studio.errors import DAMAGE, CancelledError, StudioError

Splits = Mapping[str, Sequence[str]]  # patterns of files by split
_PARTIAL_CONTENT = 206
_SPLITS = ("train", "test", "validation")


Progress = Callable[[int, int], bool]


@dataclass(frozen=True, slots=True)
class HubDataset:
    """A dataset at one revision: its files with their size in bytes (None: unknown), its licence and access.

    `configs` has the patterns of the files of each config and split, from the card.
    """

    repository: str
    revision: str
    files: Mapping[str, int | None]
    configs: Mapping[str, Splits]
    licence: str = ""
    is_gated: bool = False


@dataclass(frozen=True, slots=True)
class HubMatch:
    """A dataset that a search found."""

    repository: str
    downloads: int
    likes: int
    is_gated: bool
    is_private: bool


def search(text: str, limit: int) -> list[HubMatch]:
    """The datasets whose name contains a text, the most downloaded first. StudioError if the hub cannot be reached."""
    from huggingface_hub import HfApi

    with _explained(text):
        listed = list(HfApi(endpoint=_endpoint()).list_datasets(search=text, sort="downloads", limit=limit))
    return [
        HubMatch(entry.id, entry.downloads or 0, entry.likes or 0, bool(entry.gated), bool(entry.private))
        for entry in listed
    ]


def dataset(address: HubAddress) -> HubDataset:
    """Ask the hub for a dataset. Raises a StudioError if it does not exist, is gated, or the hub cannot be reached."""
    from huggingface_hub import HfApi

    with _explained(address):
        hub = HfApi(endpoint=_endpoint())
        info = hub.dataset_info(address.repository, revision=address.revision, files_metadata=True)
    files = {sibling.rfilename: sibling.size for sibling in info.siblings or ()}
    card: Mapping[str, Any] = info.card_data.__dict__ if info.card_data is not None else {}
    licence = card.get("license") or ""
    licences = ", ".join(map(str, licence)) if isinstance(licence, list) else str(licence)
    gated = bool(info.gated)
    return HubDataset(address.repository, str(info.sha), files, _configs(card.get("configs")), licences, gated)


def has_token() -> bool:
    """Whether the hub's library has a token: from HF_TOKEN, or from `hf auth login`."""
    from huggingface_hub import get_token

    return get_token() is not None


def download(found: HubDataset, files: Sequence[str], on_progress: Progress) -> list[Path]:
    """Download files into the library's cache, or take them from there; returns their paths.

    `on_progress(done, total)`, in bytes of all files, returns False to cancel: CancelledError. The next download of
    the same files resumes.
    """
    from huggingface_hub import hf_hub_download, try_to_load_from_cache

    cache = os.environ.get("HF_HUB_CACHE")
    where: dict[str, Any] = {"repo_type": "dataset", "revision": found.revision, "cache_dir": cache}
    total, done = sum(found.files[file] or 0 for file in files), 0
    paths = []
    with _explained(HubAddress(found.repository, found.revision)):
        for file in files:
            if not isinstance(try_to_load_from_cache(found.repository, file, **where), str):
                _fetch_blob(found, file, cache, partial(_report, on_progress, done, total))
            paths.append(Path(str(hf_hub_download(found.repository, file, endpoint=_endpoint(), **where))))
            done += found.files[file] or 0
    return paths


def _report(on_progress: Progress, before: int, total: int, size: int) -> bool:
    return on_progress(before + size, total)


def _fetch_blob(found: HubDataset, file: str, cache: str | None, report: Callable[[int], bool]) -> None:
    """Put the content of a file where the library looks for it.

    The library itself starts an interrupted file from its beginning.
    """
    from huggingface_hub import constants, get_hf_file_metadata, hf_hub_url
    from huggingface_hub.file_download import repo_folder_name
    from huggingface_hub.utils import WeakFileLock  # type: ignore[attr-defined]  # not in its __all__

    url = hf_hub_url(found.repository, file, repo_type="dataset", revision=found.revision, endpoint=_endpoint())
    meta = get_hf_file_metadata(url, endpoint=_endpoint())
    if meta.etag is None or meta.size is None:
        return
    folder = repo_folder_name(repo_id=found.repository, repo_type="dataset")
    blob = Path(cache or constants.HF_HUB_CACHE) / folder / "blobs" / meta.etag
    part = blob.with_name(f"{meta.etag}.part")
    part.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(f"{part}.lock"):
        if not blob.exists():
            _resume(url, part, meta.size, report)
            part.replace(blob)


def _resume(url: str, part: Path, size: int, report: Callable[[int], bool]) -> None:
    """Download what is missing in a partial file; after a lost connection again, as long as bytes arrive."""
    from httpx2 import TransportError

    part.touch()
    while (before := part.stat().st_size) < size:
        try:
            _append(url, part, report)
        except TransportError:
            if part.stat().st_size == before:
                raise
    if part.stat().st_size > size:
        part.unlink()
        raise OSError(f"the file is larger than its {size:,} bytes")


def _append(url: str, part: Path, report: Callable[[int], bool]) -> None:
    from huggingface_hub.utils import build_hf_headers, get_session, hf_raise_for_status  # type: ignore[attr-defined]  # not in its __all__

    have = part.stat().st_size
    headers = {**build_hf_headers(), "Accept-Encoding": "identity", "Range": f"bytes={have}-"}
    with get_session().stream("GET", url, headers=headers, follow_redirects=True) as response:
        hf_raise_for_status(response)
        is_partial = response.status_code == _PARTIAL_CONTENT
        have = have if is_partial else 0
        with part.open("ab" if is_partial else "wb") as target:
            for chunk in response.iter_bytes():  # as they arrive, so that a lost connection loses none
                have += target.write(chunk)
                if not report(have):
                    raise CancelledError("The download was cancelled. Download it again to resume.")


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


def matching(files: Iterable[str], patterns: Sequence[str]) -> list[str]:
    """The files that match one of the patterns of a dataset card, in order; `**` also stands for no folder."""
    return [file for file in files if any(_matches(file, pattern) for pattern in patterns)]


def _matches(file: str, pattern: str) -> bool:
    is_as_deep = "**" in pattern or file.count("/") == pattern.count("/")
    return is_as_deep and any(fnmatchcase(file, each) for each in (pattern, pattern.replace("**/", "")))


def configs_in(card: Path) -> dict[str, Splits]:
    """The configs of a card in a folder; none if the card cannot be read."""
    from huggingface_hub import metadata_load
    from yaml import YAMLError

    try:
        return _configs((metadata_load(card) or {}).get("configs"))
    except (*DAMAGE, YAMLError):
        return {}


def _configs(listed: Any) -> dict[str, Splits]:
    """The configs of a card, with the patterns of their files."""
    found: dict[str, Splits] = {}
    for config in listed if isinstance(listed, list) else ():
        if isinstance(config, dict):
            folder = config.get("data_dir")
            files = config.get("data_files", "**" if folder else None)
            found[str(config.get("config_name", "default"))] = _splits(files, f"{folder}/" if folder else "")
    return found


def _splits(data_files: Any, folder: str) -> Splits:
    """`data_files` is a pattern, a list of patterns, patterns by split, or a list of splits with patterns."""
    found: dict[str, list[str]] = {}
    for entry in data_files if isinstance(data_files, list) else [data_files]:
        by_split = entry if isinstance(entry, dict) else {"path": entry}
        if "path" in by_split:
            by_split = {by_split.get("split", "train"): by_split["path"]}
        for split, paths in by_split.items():
            patterns = [path for path in (paths if isinstance(paths, list) else [paths]) if isinstance(path, str)]
            if patterns:
                found.setdefault(str(split), []).extend(folder + path.removeprefix("./") for path in patterns)
    return found


def split_of(file: str) -> str:
    """The split that the name of a file or its folder suggests; `train` otherwise, as the hub's libraries do."""
    name = PurePosixPath(file)
    words = {word for part in (*name.parts[:-1], name.stem) for word in part.lower().replace("_", "-").split("-")}
    return next((split for split in _SPLITS if split in words), "train")


def _endpoint() -> str | None:
    return os.environ.get("HF_ENDPOINT") or None


@contextmanager
def _explained(what: HubAddress | str) -> Iterator[None]:
    """Translate the errors of the hub and of the network."""
    from httpx2 import HTTPError
    from huggingface_hub import errors

    address = what if isinstance(what, HubAddress) else HubAddress(what)
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
        raise StudioError(f"{what} is not a valid address: {error}") from error
    except errors.HfHubHTTPError as error:
        status = getattr(error.response, "status_code", "?")
        advice = "Check your token: hf auth whoami" if status in (401, 403) else "Try again later."
        raise StudioError(f"The hub at {where} answered with status {status} for {what}. {advice}") from error
    except (errors.LocalEntryNotFoundError, HTTPError, OSError) as error:
        raise StudioError(
            f"The connection to {where} failed for {what}: {error}. Try again; a download resumes."
        ) from error
