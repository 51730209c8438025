"""SQL of judging: judgements and custom rules."""
