"""What a review looks for: one small object a rule, a module for each kind."""
