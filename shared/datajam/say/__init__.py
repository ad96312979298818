"""What is shown: sentences, recorded numbers, charts, the report, the slides and the pages."""
