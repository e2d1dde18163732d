"""What holds where nobody chooses: one place for the command line, the estimator, training and calibration.

This module imports nothing, so that `--help` can show these values at once.
"""

MAX_FALSE_FLAGS = 0.005
"""share of matched pairs that the cut may flag"""
CONFIDENCE = 0.95
"""of the promise that it flags no more"""

PART_ROWS = 100_000
"""rows after which a part of a folder is complete, where its input goes on"""
MAX_REJECTED, MAX_UNSCORABLE = 0.01, 0.5
"""shares of the rows that a gate may not be able to read, or to judge"""
