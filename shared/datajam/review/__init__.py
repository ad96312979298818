"""Re-execute a project somewhere clean, compare every output, and say on what it rests."""
