"""Rates with n and interval."""

from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
NO_VALUE = "—"
_WHOLE_FROM = 10  # per cent
Interval = tuple[float, float]


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

    def simultaneous(self, rates: int) -> tuple[float, float] | None:
        """Interval that covers together with those of other rates, `rates` in all (Bonferroni); None if n is 0."""
        return wilson(self.count, self.n, _together(rates)) if self.n else None

    @property
    def words(self) -> str:
        """Text with n and interval: `23 of 30: 77 % (59 to 88 %)`."""
        if self.interval is None:
            return "no data (n = 0)"
        return f"{self.count:,} of {self.n:,}: {percent(self.value)} ({span(self.interval, ' to ')}{self.note})"

    @property
    def short(self) -> str:
        """Text with the interval: `77 % (59–88)`; a dash if n is 0."""
        return with_interval(self.value, self.interval)

    @property
    def short_with_n(self) -> str:
        """Text with interval and counts: `77 % (59–88), 23/30`; a dash if n is 0."""
        return f"{self.short}, {self.count:,}/{self.n:,}" if self.n else NO_VALUE

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

    def simultaneous(self, rates: int) -> tuple[float, float] | None:
        """Interval that covers together with those of other rates; None if n is 0."""
        wider = _quantile(_together(rates)) / _quantile(CONFIDENCE)
        return score_interval(self.share, self.effective_n, self.quantile * wider) if self.n else None

    @property
    def note(self) -> str:
        """What the interval accounts for."""
        return f", by {self.cluster}"


@dataclass(frozen=True, slots=True)
class DesignRate(Rate):
    """Rate of responses of which several are to one prompt: `effective_n` independent ones have the same variance."""

    effective_n: float

    @property
    def interval(self) -> tuple[float, float] | None:
        """95 % Wilson interval of the effective number; None if n is 0."""
        return score_interval(self.count / self.n, self.effective_n, _quantile(CONFIDENCE)) if self.n else None

    @property
    def note(self) -> str:
        """What the interval accounts for."""
        return ", by prompt"


@dataclass(frozen=True, slots=True)
class UnjudgedRate(Rate):
    """No rate: `unjudged` of the `responses` are not judged, and the judged ones are no fair sample of all."""

    unjudged: int
    responses: int

    @property
    def words(self) -> str:
        return f"none: {self.unjudged:,} of {self.responses:,} responses are not judged"


@dataclass(frozen=True, slots=True)
class Coefficient:
    """A coefficient such as Cohen's kappa or Spearman's rho of `n` cases, with its 95 % interval; None if undefined."""

    value: float | None
    interval: Interval | None
    n: int


def percent(share: float | None, *, tenths: bool = False) -> str:
    """Format a share: `42 %`, and one decimal below 10 % (`7.3 %`) or if `tenths`; a dash for None."""
    return NO_VALUE if share is None else f"{_figure(share, tenths=tenths)} %"


def span(interval: Interval | None, to: str = "–", *, tenths: bool = False) -> str:
    """Format an interval of a share: `4.1–12 %`; a dash for None."""
    return NO_VALUE if interval is None else f"{_ends(interval, to, tenths=tenths)} %"


def with_interval(share: float | None, interval: Interval | None, *, tenths: bool = False) -> str:
    """Format a share with its interval: `42 % (35–49)`; a dash for None."""
    between = f" ({_ends(interval, '–', tenths=tenths)})" if interval and share is not None else ""
    return f"{percent(share, tenths=tenths)}{between}"


def coefficient_text(found: Coefficient, *, n: bool = True) -> str:
    """Format a coefficient with interval and n: `0.81 (0.74 to 0.87), n = 96`; a dash for None."""
    if found.value is None:
        return NO_VALUE
    between = f" ({found.interval[0]:.2f} to {found.interval[1]:.2f})" if found.interval else ""
    return f"{found.value:.2f}{between}".replace("-", "−") + (f", n = {found.n:,}" if n else "")


def _ends(interval: Interval, to: str, *, tenths: bool) -> str:
    low, high = (_figure(end, tenths=tenths) for end in interval)
    return f"{low}{to}{high}"


def _figure(share: float, *, tenths: bool) -> str:
    exact = f"{100 * share:.1f}"
    if not share:
        return "0"
    return exact if tenths or abs(float(exact)) < _WHOLE_FROM else f"{100 * share:.0f}"


def wilson(count: int, n: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Compute the score interval of a proportion without continuity correction (Wilson, JASA 22, 1927, 209-212).

    (2np + z² ± z √(z² + 4np(1 - p))) / (2(n + z²)), with p = count / n and z the normal quantile: method 3 of Newcombe
    (Statistics in Medicine 17, 1998, 857-872). Assumes independent cases with one probability; n must not be 0.
    """
    return score_interval(count / n, n, _quantile(confidence))


def score_interval(p: float, n: float, z: float) -> tuple[float, float]:
    """Compute the score interval of a share `p` of `n` cases with the quantile `z`."""
    middle, spread = 2 * n * p + z * z, z * sqrt(z * z + 4 * n * p * (1 - p))
    low, high = (middle - spread) / (2 * (n + z * z)), (middle + spread) / (2 * (n + z * z))
    return (0.0 if p == 0 else low, 1.0 if p == 1 else high)


def _together(rates: int) -> float:
    return 1 - (1 - CONFIDENCE) / max(rates, 1)


def _quantile(confidence: float) -> float:
    return NormalDist().inv_cdf((1 + confidence) / 2)
