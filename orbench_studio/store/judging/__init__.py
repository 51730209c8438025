"""SQL of the feature judging: rules, local judge, calibration."""
