"""Folders that a sync client or a network file system keeps: SQLite's write-ahead log does not work in them."""

import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path, PurePath

from platformdirs import user_state_path

_CLIENTS = {
    "dropbox": "Dropbox",
    "onedrive": "OneDrive",
    "google drive": "Google Drive",
    "googledrive": "Google Drive",
    "my drive": "Google Drive",
    "mobile documents": "iCloud Drive",
    "icloud drive": "iCloud Drive",
    "iclouddrive": "iCloud Drive",
    "nextcloud": "Nextcloud",
    "owncloud": "ownCloud",
}
_MARKS = {
    ".stfolder": "Syncthing",
    ".dropbox": "Dropbox",
    ".dropbox.cache": "Dropbox",
    ".sync_journal.db": "Nextcloud",
    ".nextcloudsync.log": "Nextcloud",
}
_NETWORK = (
    "nfs",
    "cifs",
    "smb",
    "afp",
    "webdav",
    "davfs",
    "9p",
    "ceph",
    "gluster",
    "lustre",
    "beegfs",
    "afs",
    "vboxsf",
    "prl_fs",
)
_FUSE = ("sshfs", "rclone", "s3fs", "gcsfuse", "davfs", "google-drive", "onedrive", "gluster", "smbnetfs", "gvfsd-fuse")
_REMOTE_DRIVE = 4  # what Windows calls it


def cache(path: PurePath, mounts: str = "", is_there: Callable[[PurePath], bool] = lambda _mark: False) -> str:
    """The service that synchronises a folder (absolute path) with other machines; empty if there is none.

    `mounts` is the text of /proc/mounts, or the output of `mount` on macOS.
    """
    for folder in path.parents:
        name = folder.name.lower()
        for sign, client in _CLIENTS.items():
            if name == sign or name.startswith((f"{sign} ", f"{sign}-", f"{sign} (")):
                return client
        for mark, client in _MARKS.items():
            if is_there(folder / mark):
                return client
    if str(path).startswith(("\\\\", "//")):
        return "a network share"
    found = [(where, kind) for where, kind in _mounted(mounts.splitlines()) if PurePath(where) in path.parents]
    _, kind = max(found, key=lambda mount: len(mount[0]), default=("", ""))
    return f"a network file system ({kind})" if _is_network(kind) else ""


def warning_once(path: Path) -> str:
    """A warning about the folder of a workspace at the first call; empty afterwards."""
    folder = path.absolute().resolve().parent
    kept_by = cache(folder / path.name, _mounts(), lambda mark: Path(mark).exists()) or _remote_drive(folder)
    if not kept_by or not _is_first(str(folder)):
        return ""
    return (
        f"{path.name} is on {kept_by}. Decisions can be lost there, and the file can be damaged. "
        "Move it to a local folder. To share it, use label files and merge, or a server for a team."
    )


def _mounted(lines: Iterable[str]) -> Iterable[tuple[str, str]]:
    """Mount points and their types: `device where kind …`, or `device on where (kind, …)`."""
    for line in lines:
        device, on, rest = line.partition(" on ")
        if on and "(" in rest and " " not in device.strip():
            where, _, kind = rest.rpartition(" (")
            yield where, kind.split(",")[0].rstrip(")")
        elif len(parts := line.split(" ")) > 2:  # device, where, kind
            yield parts[1].replace("\\040", " "), parts[2]


def _is_network(kind: str) -> bool:
    name = kind.lower()
    return name.startswith(_NETWORK) or (name.startswith("fuse") and any(sign in name for sign in _FUSE))


def _mounts() -> str:
    try:
        if sys.platform == "darwin":
            return subprocess.run(["/sbin/mount"], capture_output=True, text=True, check=False, timeout=5).stdout
        return Path("/proc/mounts").read_text(encoding="utf-8", errors="replace")
    except (OSError, subprocess.TimeoutExpired):
        return ""


def _remote_drive(folder: Path) -> str:
    if sys.platform == "win32":
        import ctypes

        return "a network drive" if ctypes.windll.kernel32.GetDriveTypeW(folder.anchor) == _REMOTE_DRIVE else ""
    return ""


def _is_first(folder: str) -> bool:
    """Remember a folder; whether it is new. If that cannot be stored, the user is warned again."""
    file = user_state_path("orbench-studio") / "shared-folders.txt"
    try:
        if file.exists() and folder in file.read_text(encoding="utf-8").splitlines():
            return False
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("a", encoding="utf-8") as message:
            message.write(f"{folder}\n")
    except OSError:
        return True
    return True
