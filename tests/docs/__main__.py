"""Brings the documentation up to date: `python -m tests.docs` writes generated pages and outputs that have changed."""

import os
from contextlib import chdir
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.docs import pages, reference


def main() -> None:
    """Write what differs, and name it."""
    found = {pages.DOCS / name: text() for name, text in reference.GENERATED.items()}
    for page in pages.PAGES:
        with TemporaryDirectory() as folder, chdir(folder):
            os.environ.update(dict.fromkeys(("HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME"), folder))
            found.setdefault(page, pages.rewritten(page.read_text(encoding="utf-8")))
    for page, text in found.items():
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")
            print(f"updated {page.relative_to(Path.cwd())}")


if __name__ == "__main__":
    main()
