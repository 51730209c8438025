"""Published rates of 32 models, for the background of figures."""

import csv
from dataclasses import dataclass
from functools import cache

from orbench_studio.resources_dir import resources

SOURCE = "OR-Bench, arXiv 2405.20947 and its repository"


@dataclass(frozen=True, slots=True)
class Published:
    """Published rates of a model, between 0 and 1; toxic rejection is 1 - toxic acceptance."""

    model: str
    family: str
    over_refusal: float
    toxic_rejection: float


@cache
def published() -> tuple[Published, ...]:
    """Read the 32 models of the OR-Bench repository."""
    with (resources() / "published" / "rejection-rates.csv").open(encoding="utf-8", newline="") as file:
        return tuple(
            Published(
                row["model"],
                row["family"],
                round(float(row["over_refusal_rate"]) / 100, 6),
                round(1 - float(row["toxic_acceptance_rate"]) / 100, 6),
            )
            for row in csv.DictReader(file)
        )
