"""The learning: knots, ramps, signs, strengths, and the solver that sees the data only through an oracle."""
