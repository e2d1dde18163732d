"""The recipe: from headline-body pairs, without labels, to a model.

What belongs here learns something that a model keeps.
"""
