"""One module a format that is read: bytes to blocks of rows."""
