"""What must hold for any bytes, and the longer search for bytes for which it does not: `make fuzz`."""
