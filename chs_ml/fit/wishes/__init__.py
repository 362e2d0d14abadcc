"""Weights that somebody wishes for, held exactly inside the fit."""
