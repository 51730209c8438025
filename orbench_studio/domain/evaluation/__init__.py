"""Domain objects of the feature evaluation: batches, runners, workers, prices."""
