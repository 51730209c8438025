"""SQL of the feature evaluation: batches, runners, workers, prices."""
