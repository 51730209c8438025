"""What is to be exported, and in which form."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


class Form(StrEnum):
    ORBENCH = "orbench"
    CSV = "csv"
    JSONL = "jsonl"
    PARQUET = "parquet"
    HUGGINGFACE = "huggingface"
    LABEL_STUDIO = "label-studio"
    ARGILLA = "argilla"


RICH = (Form.CSV, Form.JSONL, Form.PARQUET, Form.HUGGINGFACE)
FOR_SPREADSHEETS = (Form.ORBENCH, Form.CSV)


@dataclass(frozen=True, slots=True)
class Export:
    """What to write into which folder; the whole workspace where neither subsets nor a filter are named.

    `names` keeps annotators' names, which are pseudonyms otherwise. `seeds` writes the toxic seeds of
    the prompts. `formulas=False` escapes what a spreadsheet would take for one, `bom` begins the file with a byte
    order mark, by which Excel knows UTF-8. `licence` is for the dataset's card.
    """

    form: Form
    out: Path
    subsets: tuple[str, ...] = ()
    filter: str = ""
    names: bool = False
    seeds: bool = False
    formulas: bool = True
    licence: str = ""
    bom: bool = False

    def __post_init__(self) -> None:
        if self.subsets and self.filter:
            raise ValueError("an export is of subsets or of a filter, not of both")
        if not self.formulas and self.form not in FOR_SPREADSHEETS:
            raise ValueError(f"formulas are escaped in CSV files, not in {self.form}")
        if self.bom and self.form not in FOR_SPREADSHEETS:
            raise ValueError(f"a byte order mark is for CSV files, not for {self.form}")
