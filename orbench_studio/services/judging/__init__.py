"""Services of judging: built-in judges, calibration, custom rules. `builtin_judges.py` tells how to add a judge."""
