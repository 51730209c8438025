"""Make the files of a release: `python3 resources/release.py dist`, then `... installer` on each system.

`dist` builds the wheel and the source archive twice, compares the bytes, and writes the software bill of materials
(CycloneDX) of an environment with the wheel. `installer` makes a package that needs neither Python nor a network. All
files are in `dist/`, with their SHA-256. Standard library only; the tools are the group `release` of pyproject.toml.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

HERE = Path(__file__).resolve().parent.parent
DIST = HERE / "dist"
WORK = HERE / "build" / "release"
NAME = "orbench-studio"
ENTRY = "orbench_studio/__main__.py"
# Loaded by name, so that PyInstaller does not see them: migrations, resources, and the PostgreSQL driver.
WHOLE = ("orbench_studio", "psycopg", "psycopg_binary")
METADATA = (NAME, "PySide6-Essentials")


class StopError(Exception):
    """A step failed; the message says which."""


def main(arguments: list[str]) -> int:
    """Run a verb; return the exit code."""
    verbs = {"dist": make_dist, "installer": make_installer}
    if len(arguments) != 1 or arguments[0] not in verbs:
        print(f"usage: python3 resources/release.py {'|'.join(verbs)}")
        return 2
    try:
        verbs[arguments[0]]()
    except StopError as error:
        print(error)
        return 1
    write_sums()
    return 0


def make_dist() -> None:
    """Build wheel and source archive reproducibly, and describe what an installation contains."""
    tools = environment("tools", tools_of_releases())
    shutil.rmtree(DIST, ignore_errors=True)
    again = WORK / "again"
    shutil.rmtree(again, ignore_errors=True)
    for folder in (DIST, again):
        do(tools, "-m", "build", "--outdir", folder, HERE)
    different = [file.name for file in DIST.iterdir() if digest(file) != digest(again / file.name)]
    if different:
        raise StopError(f"Two builds of the same commit differ: {', '.join(different)}.")
    bom = DIST / f"{wheel().stem.rsplit('-', 3)[0]}.cdx.json"
    described = ("--pyproject", HERE / "pyproject.toml", "--output-reproducible", "--output-file", bom)
    do(tools, "-m", "cyclonedx_py", "environment", *described, environment("product", [str(wheel())]))
    content = json.loads(bom.read_text(encoding="utf-8"))
    content["metadata"]["component"]["version"] = wheel().name.split("-")[1]  # the tool cannot read a dynamic one
    bom.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def make_installer() -> None:
    """Freeze the program with PyInstaller, and pack it as this system installs programs."""
    python = environment("frozen", [str(wheel()), "pyinstaller"])
    entry = next((WORK / "frozen").rglob(ENTRY))
    whole = [part for name in WHOLE for part in ("--collect-all", name)]
    metadata = [part for name in METADATA for part in ("--copy-metadata", name)]
    folders = ("--distpath", WORK / "program", "--workpath", WORK / "pyinstaller", "--specpath", WORK)
    do(python, "-m", "PyInstaller", "--noconfirm", "--name", NAME, *whole, *metadata, *folders, entry)
    program = WORK / "program" / NAME
    version = wheel().name.split("-")[1]
    if sys.platform.startswith("linux"):
        make_deb(program, version)
    elif sys.platform == "darwin":
        target = DIST / f"{NAME}-{version}-macos-{platform.machine()}.dmg"
        do("hdiutil", "create", "-ov", "-volname", "OR-Bench Studio", "-srcfolder", program, target)
    else:
        shutil.make_archive(str(DIST / f"{NAME}-{version}-windows"), "zip", program.parent, NAME)


def make_deb(program: Path, version: str) -> None:
    """Pack the program as a Debian package with its entry in the desktop's menu."""
    root = WORK / "deb"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(program, root / "opt" / NAME, symlinks=True)
    for name, folder in (("desktop", "applications"), ("svg", "icons/hicolor/scalable/apps")):
        target = root / "usr/share" / folder / f"{NAME}.{name}"
        target.parent.mkdir(parents=True)
        shutil.copy(HERE / "resources/desktop" / target.name, target)
    (root / "usr/bin").mkdir()
    for link in (NAME, f"{NAME}-gui"):
        (root / "usr/bin" / link).symlink_to(f"/opt/{NAME}/{NAME}")
    architecture = subprocess.run(["dpkg", "--print-architecture"], capture_output=True, text=True, check=True).stdout
    control = root / "DEBIAN/control"
    control.parent.mkdir()
    project = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    fields = {
        "Package": NAME,
        "Version": version,
        "Architecture": architecture.strip(),
        "Maintainer": "OR-Bench Studio contributors",
        "Depends": ", ".join(system_packages()),
        "Description": project["description"],
    }
    control.write_text("".join(f"{name}: {value}\n" for name, value in fields.items()), encoding="utf-8")
    target = DIST / f"{NAME}_{version}_{architecture.strip()}.deb"
    do("dpkg-deb", "--build", "--root-owner-group", "-Zzstd", root, target)


def system_packages() -> list[str]:
    """The Debian packages of the libraries that Qt needs."""
    sys.path.insert(0, str(HERE))
    from orbench_studio import system_libraries

    return sorted({*system_libraries.QT.values(), *system_libraries.X11.values()})


def write_sums() -> None:
    """Write the SHA-256 of every file of the release."""
    files = sorted(file for file in DIST.iterdir() if file.name != "SHA256SUMS")
    lines = [f"{digest(file)}  {file.name}\n" for file in files]
    (DIST / "SHA256SUMS").write_text("".join(lines), encoding="utf-8")
    print("".join(lines), end="")


def environment(name: str, packages: list[str]) -> Path:
    """Make a fresh virtual environment with these packages; return its Python."""
    folder = WORK / name
    do(sys.executable, "-m", "venv", "--clear", "--without-pip", folder)
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    do(sys.executable, "-m", "pip", "--python", python, "install", "--quiet", *packages)
    return python


def tools_of_releases() -> list[str]:
    """The group `release` of pyproject.toml."""
    groups = tomllib.loads((HERE / "pyproject.toml").read_text(encoding="utf-8"))["dependency-groups"]
    return list(groups["release"])


def wheel() -> Path:
    """The wheel in `dist`."""
    wheels = sorted(DIST.glob("*.whl"))
    if not wheels:
        raise StopError("There is no wheel in dist. First run: python3 resources/release.py dist")
    return wheels[0]


def do(*command: str | Path) -> None:
    """Run a command; StopError if it fails. Archives get the time of the last commit."""
    epoch = subprocess.run(["git", "log", "-1", "--format=%ct"], cwd=HERE, capture_output=True, text=True, check=False)
    values = {"SOURCE_DATE_EPOCH": epoch.stdout.strip() or "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run([str(part) for part in command], cwd=HERE, env={**os.environ, **values}, check=False)
    if done.returncode:
        raise StopError(f"This step failed: {' '.join(map(str, command))}")


def digest(file: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(file.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
