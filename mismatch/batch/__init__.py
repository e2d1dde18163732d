"""What takes a whole batch or stream to see."""
