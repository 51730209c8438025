"""Folders that sync clients and networks keep are told from those of this machine."""

from pathlib import PurePosixPath, PureWindowsPath

import pytest

from orbench_studio.services.workspace import sync_folders
from orbench_studio.services.workspace.sync_folders import cache
from orbench_studio.services.workspace.workspace import create_workspace

LINUX = """\
/dev/sda1 / ext4 rw,relatime 0 0
server:/export /srv/net nfs4 rw,vers=4.2 0 0
//box/team /mnt/team\\040files cifs rw 0 0
ada@box:/data /mnt/data fuse.sshfs rw 0 0
/dev/sdb1 /mnt/data/disk ext4 rw 0 0
/dev/fuse /mnt/local fuse.ntfs-3g rw 0 0
gvfsd-fuse /run/user/1000/gvfs fuse.gvfsd-fuse rw 0 0
drvfs /mnt/c 9p rw 0 0
"""
MACOS = """\
/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//ada@box/team on /Volumes/Team Files (smbfs, nodev, nosuid, mounted by ada)
/dev/disk5s1 on /Volumes/Stick (exfat, local, nodev)
"""


@pytest.mark.parametrize(
    ("path", "kept_by"),
    [
        ("/srv/ada/Dropbox/mine.orbench", "Dropbox"),
        ("/srv/ada/Dropbox (Lab)/deep/er/mine.orbench", "Dropbox"),
        ("/srv/ada/OneDrive - University/mine.orbench", "OneDrive"),
        ("/srv/ada/Google Drive/mine.orbench", "Google Drive"),
        ("/srv/ada/Library/CloudStorage/GoogleDrive-ada@example.org/My Drive/m.orbench", "Google Drive"),
        ("/srv/ada/Library/Mobile Documents/com~apple~CloudDocs/mine.orbench", "iCloud Drive"),
        ("/srv/ada/Nextcloud/mine.orbench", "Nextcloud"),
        ("/srv/ada/synced/sub/mine.orbench", "Syncthing"),
        ("/srv/ada/own/mine.orbench", ""),
        ("/srv/ada/dropboxes/mine.orbench", ""),
        ("/srv/ada/dropbox.orbench", ""),
        ("/srv/net/mine.orbench", "a network file system (nfs4)"),
        ("/srv/network/mine.orbench", ""),
        ("/mnt/team files/mine.orbench", "a network file system (cifs)"),
        ("/mnt/data/mine.orbench", "a network file system (fuse.sshfs)"),
        ("/mnt/data/disk/mine.orbench", ""),
        ("/mnt/local/mine.orbench", ""),
        ("/run/user/1000/gvfs/smb-share/mine.orbench", "a network file system (fuse.gvfsd-fuse)"),
        ("/mnt/c/mine.orbench", "a network file system (9p)"),
    ],
)
def test_on_linux(path, kept_by):
    assert cache(PurePosixPath(path), LINUX, lambda mark: str(mark) == "/srv/ada/synced/.stfolder") == kept_by


def test_on_macos():
    assert cache(PurePosixPath("/Volumes/Team Files/a/mine.orbench"), MACOS) == "a network file system (smbfs)"
    assert cache(PurePosixPath("/Volumes/Stick/mine.orbench"), MACOS) == ""


def test_on_windows():
    assert cache(PureWindowsPath(r"\\box\team\mine.orbench")) == "a network share"
    assert cache(PureWindowsPath(r"D:\ada\OneDrive\mine.orbench")) == "OneDrive"
    assert cache(PureWindowsPath(r"D:\ada\mine.orbench")) == ""


def test_a_folder_is_told_of_once(tmp_path):
    folder, other = tmp_path / "Dropbox", tmp_path / "Nextcloud"
    folder.mkdir()
    other.mkdir()
    message = sync_folders.warning_once(folder / "mine.orbench")
    assert message.startswith("mine.orbench is on Dropbox.")
    assert "local folder" in message
    assert "server" in message
    assert sync_folders.warning_once(folder / "another.orbench") == ""
    assert "Nextcloud" in sync_folders.warning_once(other / "mine.orbench")
    assert sync_folders.warning_once(tmp_path / "mine.orbench") == ""


def test_a_link_into_such_a_folder_is_seen_through(tmp_path):
    folder = tmp_path / "Dropbox"
    folder.mkdir()
    create_workspace(folder / "mine.orbench").close()
    (tmp_path / "linked.orbench").symlink_to(folder / "mine.orbench")
    assert "Dropbox" in sync_folders.warning_once(tmp_path / "linked.orbench")
