"""The pull towards an earlier formula."""
