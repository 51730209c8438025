"""Services of judging: built-in judges, calibration, custom rules. `builtin_judges.py` describes how to add a judge."""
