"""``python -m chs_ml.cli`` is ``chs-ml``."""

from chs_ml.cli import main

main()
