"""What to doubt before and beside a fit: separation, collinearity, too few events."""
