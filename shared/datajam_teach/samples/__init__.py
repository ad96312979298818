"""Synthetic samples in published layouts, one module a theme, each with its parameters as the known truth."""
