"""Rates with n and interval."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Rate:
    """`count` of `n` cases; raises ValueError unless 0 <= count <= n."""

    count: int
    n: int

    def __post_init__(self) -> None:
        if not 0 <= self.count <= self.n:
            raise ValueError(f"{self.count} of {self.n} is not a rate")

    @property
    def value(self) -> float | None:
        """Share between 0 and 1; None if n is 0."""
        return self.count / self.n if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval; None if n is 0."""
        return wilson(self.count, self.n) if self.n else None

    @property
    def words(self) -> str:
        """Text with n and interval: `23 of 30: 77 % (59 to 88 %)`."""
        if self.interval is None or self.value is None:
            return "none yet"
        low, high = self.interval
        text = f"{self.count:,} of {self.n:,}: {self.value:.0%} ({100 * low:.0f} to {high:.0%}{self.note})"
        return text.replace("%", " %")

    @property
    def note(self) -> str:
        """What the interval accounts for, after a comma; empty for independent cases."""
        return ""


@dataclass(frozen=True, slots=True)
class ClusterRate(Rate):
    """Rate of responses that are not independent: the mean over prompts, `share`, with a cluster interval.

    `cluster` names what the responses of a cluster have in common. `effective_n` is the number of independent prompts
    with the same variance as the `prompts`, and `quantile` the number of standard errors.
    """

    share: float
    prompts: int
    cluster: str
    effective_n: float
    quantile: float

    @property
    def value(self) -> float | None:
        """Mean over prompts of their share of cases."""
        return self.share if self.n else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % interval that accounts for clusters; None if n is 0."""
        return score_interval(self.share, self.effective_n, self.quantile) if self.n else None

    @property
    def note(self) -> str:
        """What the interval accounts for."""
        return f", by {self.cluster}"


def wilson(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Compute the score interval of a proportion without continuity correction (Wilson, JASA 22, 1927, 209-212).

    (2np + z² ± z √(z² + 4np(1 - p))) / (2(n + z²)), with p = count / n and z the normal quantile: method 3 of Newcombe
    (Statistics in Medicine 17, 1998, 857-872). Assumes independent cases with one probability; n must not be 0.
    """
    return score_interval(count / n, n, NormalDist().inv_cdf((1 + confidence) / 2))


def score_interval(p: float, n: float, z: float) -> tuple[float, float]:
    """Compute the score interval of a share `p` of `n` cases with the quantile `z`."""
    middle, spread = 2 * n * p + z * z, z * sqrt(z * z + 4 * n * p * (1 - p))
    low, high = (middle - spread) / (2 * (n + z * z)), (middle + spread) / (2 * (n + z * z))
    return (0.0 if p == 0 else low, 1.0 if p == 1 else high)
