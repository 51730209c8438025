"""Rater reliability: compared with the reference package and with simulated truth."""

import numpy as np
import pytest

from orbench_studio.estimates.dawid_skene import MISSING, SAFE, TOXIC, Priors, dawid_skene, error_correlation
from tests.coverage import correlation_coverage, skill_coverage

# crowd-kit 1.4.2: DawidSkene(n_iter=400, tol=-1.0), which stops no sooner, on these votes of four raters.
FLAT = Priors(0.0, 0.0, 0.0, 0.0)
VOTES = (
    "SSTS SSST TTS. SSST SSTS TTST STSS ..SS TTTT SSST STTS SSS. TSS. SSS. TTT. .TTT STSS TTTT TTTS SSSS "
    "STST TTTT S.SS .SSS TTTS SSSS TSSS TTSS SSSS .TT. TTSS SSST TTS. TTTS S... TTT. SSST TTTT TTST SSSS "
    "TTT. TTTS TTT. TTTS S.SS ..ST TSTT SS.T TTTT ST.T TTSS .TSS SSST .SSS TTSS TTSS SS.S .SST T.S. S.SS"
)
P_SAFE = (
    0.98223931, 0.99842673, 0.04403184, 0.99842673, 0.98223931, 0.03972179, 0.89242813, 0.72041676, 0.00298673,
    0.99842673, 0.37531645, 0.99858687, 0.8091523, 0.99858687, 0.00332461, 0.02884161, 0.89242813, 0.00298673,
    0.00359181, 0.99869221, 0.87332698, 0.00298673, 0.97743735, 0.97845859, 0.00359181, 0.99869221, 0.82084541,
    0.04741515, 0.99869221, 0.03201046, 0.04741515, 0.99842673, 0.04403184, 0.00359181, 0.94669242, 0.00332461,
    0.99842673, 0.00298673, 0.03972179, 0.99869221, 0.00332461, 0.00359181, 0.00332461, 0.00359181, 0.97743735,
    0.68166713, 0.21614702, 0.99645567, 0.00298673, 0.75334495, 0.04741515, 0.33041207, 0.99842673, 0.97845859,
    0.04741515, 0.04741515, 0.99705278, 0.97419178, 0.1938852, 0.97743735,
)  # fmt: skip
SENSITIVITY = (0.946197, 0.953631, 0.600480, 0.441753)
SPECIFICITY = (0.904556, 0.817377, 0.901836, 0.603276)
SHARE = 0.513693


def read(votes):
    letters = {"S": SAFE, "T": TOXIC, ".": MISSING}
    return np.array([[letters[vote] for vote in row] for row in votes.split()], dtype=np.int8)


def simulated(prompts, sensitivity, specificity, safe=0.7, missing=0.0, seed=0, copying=0.0):
    """Votes of raters on prompts of known truth; a share `copying` copies the votes of the first rater."""
    random = np.random.default_rng(seed)
    truth = random.random(prompts) < safe
    right = random.random((prompts, len(sensitivity))) < np.where(truth[:, None], specificity, sensitivity)
    votes = np.where(right, truth[:, None], ~truth[:, None]).astype(np.int8)
    votes = np.where(random.random(votes.shape) < copying, votes[:, :1], votes)
    votes[random.random(votes.shape) < missing] = MISSING
    return votes, truth


def test_without_priors_results_equal_the_reference_package():
    found = dawid_skene(read(VOTES), np.zeros(60, dtype=np.int64), FLAT)
    assert found.p_safe == pytest.approx(P_SAFE, abs=2e-6)
    assert found.sensitivity[0] == pytest.approx(SENSITIVITY, abs=2e-6)
    assert found.specificity[0] == pytest.approx(SPECIFICITY, abs=2e-6)
    assert found.safe[0] == pytest.approx(SHARE, abs=2e-6)


def test_many_raters_with_missing_votes_equal_the_reference_package():
    """crowd-kit 1.4.2: DawidSkene(n_iter=2000, tol=-1.0), 300 tasks, nine workers, a third of the votes missing."""
    random = np.random.default_rng(5)
    truth = random.random((300, 1)) < 0.6
    sensitivity, specificity = random.uniform(0.6, 0.97, 9), random.uniform(0.55, 0.95, 9)
    votes = np.where(random.random((300, 9)) < np.where(truth, specificity, sensitivity), truth, ~truth).astype(np.int8)
    votes[random.random((300, 9)) < 0.35] = MISSING
    found = dawid_skene(votes, np.zeros(300, dtype=np.int64), FLAT)
    expected = (0.763607, 0.621865, 0.775342, 0.604777, 0.632108, 0.700987, 0.636473, 0.990184, 0.700181)
    assert found.sensitivity[0] == pytest.approx(expected, abs=1e-6)
    expected = (0.790501, 0.510841, 0.686079, 0.503072, 0.968378, 0.912656, 0.640037, 0.928855, 0.669846)
    assert found.specificity[0] == pytest.approx(expected, abs=1e-6)
    assert found.p_safe.sum() == pytest.approx(193.25885, abs=1e-5)


def test_skill_by_category_is_recovered():
    good, blind = ([0.95, 0.9, 0.9], [0.95, 0.9, 0.85]), ([0.95, 0.3, 0.9], [0.95, 0.95, 0.85])
    votes, truths = zip(
        *(simulated(20_000, *of, missing=0.1, seed=n) for n, of in enumerate((good, blind))), strict=True
    )
    found = dawid_skene(np.concatenate(votes), np.repeat([0, 1], 20_000))
    assert found.sensitivity == pytest.approx(np.array([good[0], blind[0]]), abs=0.03)
    assert found.specificity == pytest.approx(np.array([good[1], blind[1]]), abs=0.03)
    assert found.safe == pytest.approx([0.7, 0.7], abs=0.03)
    likely = found.p_safe > 0.5
    assert np.mean(likely == np.concatenate(truths)) > 0.95


def test_intervals_cover_the_truth():
    """The whole grid is in tests/benchmarks/coverage.py."""
    assert skill_coverage([0.9, 0.85, 0.8, 0.9], [0.9, 0.9, 0.85, 0.8], 200, draws=15, redrawn=60) >= 0.9


def test_probabilities_are_calibrated():
    votes, truth = simulated(40_000, [0.9, 0.8, 0.7], [0.9, 0.85, 0.8])
    found = dawid_skene(votes, np.zeros(40_000, dtype=np.int64))
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        within = (found.p_safe >= low) & (found.p_safe <= low + 0.2)
        if within.sum() > 500:
            assert truth[within].mean() == pytest.approx(found.p_safe[within].mean(), abs=0.05)


def test_a_category_with_few_votes_is_pooled_with_the_others():
    votes, _ = simulated(5_000, [0.9, 0.9, 0.9], [0.9, 0.9, 0.9])
    few = read("SST TTS")
    found = dawid_skene(np.concatenate([votes, few]), np.concatenate([np.zeros(5_000), [1, 1]]).astype(np.int64))
    assert np.all((found.sensitivity[1] > 0.75) & (found.sensitivity[1] < 0.95))
    lone = dawid_skene(few, np.zeros(2, dtype=np.int64), Priors(pooling=0.0))
    assert np.isfinite(lone.p_safe).all()


def test_no_votes_and_no_prompts():
    nothing = dawid_skene(read("... ..."), np.array([0, 2]), count=3)
    assert nothing.p_safe == pytest.approx([0.5, 0.5])
    assert nothing.sensitivity.shape == (3, 3)
    empty = dawid_skene(np.zeros((0, 2), dtype=np.int8), np.zeros(0, dtype=np.int64), count=1)
    assert empty.p_safe.shape == (0,)


def test_correlated_errors_are_found():
    votes, truth = simulated(30_000, [0.8] * 4, [0.8] * 4)
    votes[:, 1] = np.where(np.random.default_rng(9).random(30_000) < 0.6, votes[:, 0], votes[:, 1])
    known, low, high = error_correlation(votes, truth.astype(float))
    assert known[0, 1] == pytest.approx(0.6, abs=0.03)
    assert np.abs(known[0, 2:]).max() < 0.03
    assert known[2, 3] == known[3, 2] == pytest.approx(0, abs=0.03)
    assert np.diag(known) == pytest.approx(1)
    assert low[0, 1] < 0.6 < high[0, 1] < low[0, 1] + 0.05


@pytest.mark.parametrize(("prompts", "errors", "correlation"), [(100, 0.1, 0.0), (100, 0.2, 0.5), (400, 0.2, 0.3)])
def test_intervals_of_correlated_errors_cover(prompts, errors, correlation):
    """With 100 prompts and rare errors, most samples show at most one error that both raters made."""
    assert correlation_coverage(correlation, prompts, (errors, errors), draws=400).coverage >= 0.92


def test_raters_without_common_prompts_have_no_correlation():
    found = error_correlation(read("S. .T S. .T"), np.array([1.0, 0.0, 0.0, 1.0]))
    assert np.isnan(found).all()
