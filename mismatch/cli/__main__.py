"""`python -m mismatch.cli`, for where the command itself is not on the path."""

from mismatch.cli import main

if __name__ == "__main__":
    main()
