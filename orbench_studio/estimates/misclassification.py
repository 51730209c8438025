"""Rate corrected for the sensitivity and specificity of a judge (Rogan and Gladen, Am. J. Epidemiology 107, 1978).

The interval accounts for the errors of all three estimated numbers (Lang and Reiczigel, Preventive Veterinary Medicine
113, 2014). It assumes that the checked cases are random samples of true cases and of the others.
"""

import numpy as np
from scipy.special import ndtri

_Z = float(ndtri(0.975))
Interval = tuple[float, float]


def rogan_gladen(
    positive: int, n: int, sensitivity: tuple[int, int], specificity: tuple[int, int]
) -> tuple[float, Interval] | None:
    """Correct `positive` of `n`; sensitivity and specificity are counts of right ones and of all checked ones.

    None if the judge is not better than chance on the checked cases.
    """
    if not (n and sensitivity[1] and specificity[1]):
        return None
    square = _Z**2
    part = (positive + square / 2) / (n + square)
    (right, true), (correct, false) = sensitivity, specificity
    se, sp = (right + 1) / (true + 2), (correct + 1) / (false + 2)
    raw = right / true + correct / false - 1
    if raw <= 0 or se + sp <= 1:
        return None
    rate = (part + sp - 1) / (se + sp - 1)
    of_se, of_sp = se * (1 - se) / (true + 2), sp * (1 - sp) / (false + 2)
    shift = 2 * square * (rate * of_se - (1 - rate) * of_sp)
    variance = part * (1 - part) / (n + square) + rate**2 * of_se + (1 - rate) ** 2 * of_sp
    half = _Z / (se + sp - 1) * np.sqrt(variance)
    value = min(max((positive / n + correct / false - 1) / raw, 0.0), 1.0)
    low, high = (min(max(float(rate + shift + sign * half), 0.0), 1.0) for sign in (-1, 1))
    return value, (min(low, value), max(high, value))
