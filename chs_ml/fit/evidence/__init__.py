"""How sure a weight is, and which metrics leave for want of evidence."""
