"""Estimates with their uncertainty: a module for each method."""
