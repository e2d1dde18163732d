"""Pages to read: one HTML file each, with everything in it."""
