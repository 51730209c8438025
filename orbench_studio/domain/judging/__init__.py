"""Domain objects of judging: rules, local judge, calibration."""
