"""How compiled functions are declared, and how their code is kept from one start to the next.

What belongs here serves every kernel alike and knows none of them. What kernels compute lives in the other rooms.
"""
