"""Statistics for the manifest of an export: counts, agreement, and the sources of final labels."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from orbench_studio.domain.core.annotation import Basis
from orbench_studio.domain.core.judgement import REFUSALS
from orbench_studio.domain.core.rates import Rate

Row = Mapping[str, Any]
_BY = ("category", "label", "label_basis")


class ManifestStatistics:
    """Collects counts while the rows of an export are written."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter(
            {"prompts": 0, "votes": 0, "responses": 0, "judgements": 0, "annotations": 0}
        )
        self._by: dict[str, Counter[str]] = {name: Counter() for name in _BY}
        self._models: dict[str, Counter[str]] = {}
        self._templates: Counter[str] = Counter()
        self._agree: Counter[tuple[str, bool]] = Counter()

    def add(self, rows: Sequence[Row]) -> None:
        for row in rows:
            if row["part"] == 1:
                self._prompt(row)
            for response in row["responses"]:
                self._response(response)

    def _prompt(self, row: Row) -> None:
        self._counts["prompts"] += 1
        self._counts["votes"] += len(row["votes"])
        self._counts["annotations"] += len(row["annotations"])
        for name, counts in self._by.items():
            counts[row[name] or "none"] += 1
        self._people("labels", row["annotations"], "label")
        if row["label_basis"] == Basis.HUMAN and row["consensus"]:
            self._agree["labels, people with moderators", row["label"] == row["consensus"]] += 1

    def _response(self, response: Row) -> None:
        counts = self._counts
        counts["responses"] += 1
        counts["votes"] += len(response.get("votes", ()))
        model = self._models.setdefault(response["model"], Counter())
        model[response.get("answer_class", "none")] += 1
        if "judgements" in response:
            counts["judgements"] += len(response["judgements"])
            for judgement in response["judgements"]:
                if "template_hash" in judgement:
                    self._templates[judgement["template_hash"]] += 1
        if "annotations" in response:
            counts["annotations"] += len(response["annotations"])
            self._people("answer classes", response["annotations"], "answer_class")

    def _people(self, what: str, annotations: Sequence[Row], aspect: str) -> None:
        said = {a["annotator"]: a["value"] for a in annotations if _counts(a, aspect)}
        if len(said) > 1:
            self._agree[f"{what}, people with each other", len(set(said.values())) == 1] += 1

    def message(self) -> dict[str, Any]:
        """The counts as an entry of the manifest."""
        labelled = Rate(self._by["label_basis"][Basis.HUMAN], self._counts["prompts"])
        return {
            "counts": dict(self._counts)
            | {f"prompts_by_{name}": _sorted(counts) for name, counts in self._by.items()}
            | {"models": {name: self._model(counts) for name, counts in sorted(self._models.items())}},
            "human_labels": _rate(labelled),
            "agreement": {
                what: _rate(Rate(self._agree[what, True], self._agree[what, True] + self._agree[what, False]))
                for what in sorted({what for what, _ in self._agree})
            },
            "templates": _sorted(self._templates),
        }

    def _model(self, counts: Counter[str]) -> dict[str, int]:
        return {"responses": counts.total(), "refusals": sum(counts[c] for c in REFUSALS)} | _sorted(counts)


def _counts(annotation: Row, aspect: str) -> bool:
    return annotation["aspect"] == aspect and bool(annotation["in_force"]) and annotation["kind"] != "adjudication"


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))


def _rate(rate: Rate) -> dict[str, Any]:
    interval = [round(bound, 4) for bound in rate.interval] if rate.interval else None
    return {"count": rate.count, "n": rate.n, "interval": interval}
