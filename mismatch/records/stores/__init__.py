"""Files in object stores, as if they were local: addresses, listings, reading, and writing whole or not at all."""
