"""Makes the tables of the simulated company: `chs-ml demo`, seed 0. Run from the repository's root."""

from __future__ import annotations

import shutil
from pathlib import Path

from chs_ml.history.demo import write_demo

HERE = Path(__file__).parent


def main(folder: Path = HERE / "data", customers: int = 4000) -> None:
    """Write the company into a folder, in the place of what is there."""
    shutil.rmtree(folder, ignore_errors=True)
    write_demo(folder, customers=customers, processes=2)


if __name__ == "__main__":
    main()
