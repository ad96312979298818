"""The worked examples: invented data with its known truth, one module for each."""
