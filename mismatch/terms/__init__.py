"""UTF-8 bytes to hashed terms: folding, tokens, document frequencies, the lexicon, and texts that are nearly the same.

What belongs here reads text, knows nothing of pairs, and runs compiled over Arrow buffers without the GIL.
"""
