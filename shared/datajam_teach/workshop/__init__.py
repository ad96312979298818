"""The trainer's kit: every copy a workshop needs from one source, laptops, a programme, and what comes back from the room."""
