"""Running a project's notebooks for a place, and where the run came from."""
