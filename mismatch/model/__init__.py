"""What a model is made of, its file, the starter, its calibration and its topics.

What belongs here is kept in a model file, or is needed by all that learn, judge and measure (defaults, recall). Learning
belongs to `training`.
"""
