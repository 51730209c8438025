"""Draw screenshots of the window.

`python -m tests.screenshots FOLDER` draws every page and dialog, light and dark, at all sizes (several minutes).
`python -m tests.screenshots --docs` updates the pictures of the documentation in resources/docs/images.
"""

import argparse
import os
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

SCREEN = Path(__file__).parents[1] / "screen.json"
IMAGES = Path(__file__).parents[2] / "resources" / "docs" / "images"
DOCS = {  # picture in the documentation: screenshot
    "review": "review",
    "evaluate": "evaluate-completed",
    "judges": "instruments",
    "audit": "audit",
    "curate": "curate",
    "generate": "generate",
    "team": "team",
    "import": "import",
    "export": "export",
}
_COLOURS = 256  # of a picture for the documentation: a palette halves its size


def main():
    """Parse the arguments and draw."""
    parser = argparse.ArgumentParser(prog="python -m tests.screenshots", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER", help="draw everything into this folder")
    parser.add_argument("--docs", action="store_true", help="update the pictures of the documentation")
    arguments = parser.parse_args()
    if (arguments.folder is None) is not arguments.docs:
        parser.error("pass either FOLDER or --docs")
    os.environ["LOGNAME"] = "reviewer"  # not the name of whoever runs this
    os.environ["QT_QPA_PLATFORM"] = f"offscreen:configfile={SCREEN}"
    return draw_docs() if arguments.docs else draw_all(arguments.folder)


def draw_all(folder):
    """Draw every page and dialog in every look."""
    from tests.screenshots.scenes import LOOKS

    folder.mkdir(parents=True, exist_ok=True)
    return draw(folder, LOOKS, print)


def draw_docs():
    """Draw the main look and store the pictures of the documentation with a palette."""
    from PySide6.QtGui import QImage

    from orbench_studio.gui.screenshots import MAIN_LOOK

    IMAGES.mkdir(exist_ok=True)
    with TemporaryDirectory() as folder:
        code = draw(Path(folder), (MAIN_LOOK,), lambda _path: None)
        for name, source in DOCS.items() if code == 0 else ():
            path = IMAGES / f"{name}.png"
            with_palette(QImage(str(Path(folder) / f"{source}-{MAIN_LOOK}.png"))).save(str(path), quality=0)
            print(f"{path} ({path.stat().st_size // 1024} KB)")
    return code


def draw(folder, looks, report):
    """Draw all scenes with the demo and default settings; returns the exit code."""
    from orbench_studio.app import application
    from orbench_studio.gui.screenshots import draw_screenshots
    from tests.gui.clipping import clipped
    from tests.screenshots.scenes import SCENES

    def report_error(text):
        print(text, file=sys.stderr)

    with application(default_settings=True) as studio:
        return draw_screenshots(
            studio, folder, report=report, report_error=report_error, scenes=SCENES, looks=looks, faults=clipped
        )


def with_palette(picture):
    """The picture with its most frequent colours; other colours become the nearest of them."""
    from PySide6.QtGui import QImage

    plain = picture.convertToFormat(QImage.Format.Format_RGB32)
    colours = Counter(memoryview(plain.constBits()).cast("I"))
    table = [colour for colour, _count in colours.most_common(_COLOURS)]
    return plain.convertToFormat(QImage.Format.Format_Indexed8, table)


if __name__ == "__main__":
    sys.exit(main())
