"""What was known, checked: tables → Panel. Import the module you need: reading for scoring must not pay for pandas."""
