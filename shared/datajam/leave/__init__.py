"""What may leave the room: the rule for small numbers, and secondary suppression."""
