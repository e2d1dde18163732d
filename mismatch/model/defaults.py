"""What holds where nobody chooses: one place for the command line, the estimator, training and calibration.

This module imports nothing, so that `--help` can show these values at once.
"""

MAX_FALSE_FLAGS = 0.005
"""share of matched pairs that the cut may flag"""
CONFIDENCE = 0.95
"""of the promise that it flags no more"""
