"""What neighbours have and need: categories, listings, their pictures and their states."""
