"""The scripts that carry a formula: whole programs as they stand here, but for the example formula in them."""
