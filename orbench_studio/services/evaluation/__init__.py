"""Use cases of the feature evaluation: batches, runners, workers, prices."""
