"""One formula, one customer, in words, numbers and pictures: association, never called effect."""
