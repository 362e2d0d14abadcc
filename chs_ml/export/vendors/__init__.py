"""The formula in the shapes that customer-success platforms take: pages to type from, each with what rounding loses.

All start from the card of whole points (``measures``), say what its cells mean (``cells``), how far a score can move
(``bounds``) and what was measured (``losses``), and are laid out alike (``page``); a platform is one file of its own.
"""
