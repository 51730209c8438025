"""Window of judging: the Judges page, running judges, automatic training."""
