"""Splits: one metric's curve may depend on a condition on another."""
