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
        return f"{self.count:,} of {self.n:,}: {self.value:.0%} ({100 * low:.0f} to {high:.0%})".replace("%", " %")


def wilson(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Compute the score interval of a proportion without continuity correction (Wilson, JASA 22, 1927, 209-212).

    (2np + z² ± z √(z² + 4np(1 - p))) / (2(n + z²)), with p = count / n and z the normal quantile: method 3 of Newcombe
    (Statistics in Medicine 17, 1998, 857-872). Assumes independent cases with one probability; n must not be 0.
    """
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    p = count / n
    middle, spread = 2 * n * p + z * z, z * sqrt(z * z + 4 * n * p * (1 - p))
    low, high = (middle - spread) / (2 * (n + z * z)), (middle + spread) / (2 * (n + z * z))
    return (0.0 if count == 0 else low, 1.0 if count == n else high)
