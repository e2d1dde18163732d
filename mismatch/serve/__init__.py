"""The HTTP service and its page: what `mismatch serve` starts. It judges nothing itself; every verdict is the scorer's."""
