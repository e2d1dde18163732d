"""What a model is made of, its file, the starter, its calibration and its topics.

What belongs here is kept in a model file. Learning it belongs to `training`.
"""
