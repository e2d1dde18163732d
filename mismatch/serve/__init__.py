"""The HTTP service and its page: what `mismatch serve` starts.

What belongs here listens, lets in, and answers. It judges nothing itself; every verdict is the scorer's.
"""
