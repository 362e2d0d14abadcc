"""Makes CSV tables of CDNOW: 69,659 purchases of 23,570 customers who all began in the first quarter of 1997.

Fader and Hardie's research data, as the package lifetimes carries it; found through CHS_DATA (default:
../shared/data). Run from the repository's root.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
PURCHASES, CUSTOMERS = 69_659, 23_570


def main(folder: Path = HERE) -> None:
    """Write purchases.csv, and accounts.csv with each customer's first purchase."""
    source = Path(os.environ.get("CHS_DATA", "../shared/data")) / "cdnow" / "CDNOW_master.txt"
    if not source.is_file():
        sys.exit(f"prepare: {source.name} is not in the folder that CHS_DATA names. Set CHS_DATA.")
    names = ["customer_id", "bought_on", "cds", "dollars"]
    table = pd.read_csv(source, sep=r"\s+", skiprows=1, names=names, dtype={"customer_id": str, "bought_on": str})
    if (len(table), table["customer_id"].nunique()) != (PURCHASES, CUSTOMERS):
        sys.exit(f"prepare: {source.name} has {len(table):,} purchases; the published table has {PURCHASES:,}.")
    table["bought_on"] = pd.to_datetime(table["bought_on"], format="%Y%m%d").dt.strftime("%Y-%m-%d")
    table.to_csv(folder / "purchases.csv", index=False)
    first = table.groupby("customer_id")["bought_on"].min().rename("first_bought_on")
    first.to_csv(folder / "accounts.csv")


if __name__ == "__main__":
    main()
