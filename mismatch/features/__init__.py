"""What a pair is described by: overlap, vectors, and the small models over them that run in the compiled pass.

What belongs here turns a title and a body into numbers or terms. It takes no decision.
"""
