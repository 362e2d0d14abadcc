"""Makes the tables of RavenStack that its own lack: accounts with the day on which they left, usage by account.

Found through CHS_DATA (default: ../shared/data). Run from the repository's root.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pandas as pd

HERE = Path(__file__).parent
ACCOUNTS = 500


def main(folder: Path = HERE) -> None:
    """Write accounts.csv and usage.csv."""
    source = Path(os.environ.get("CHS_DATA", "../shared/data")) / "ravenstack"
    if not (source / "ravenstack_accounts.csv").is_file():
        sys.exit("prepare: ravenstack is not in the folder that CHS_DATA names. Set CHS_DATA.")
    accounts, events, usage, subscriptions = (
        pd.read_csv(source / f"ravenstack_{name}.csv", dtype=str)
        for name in ("accounts", "churn_events", "feature_usage", "subscriptions")
    )
    if len(accounts) != ACCOUNTS:
        sys.exit(f"prepare: found {len(accounts)} accounts; the table has {ACCOUNTS}.")
    left = events[events["is_reactivation"] != "TRUE"].groupby("account_id")["churn_date"].max().rename("churned_on")
    accounts = accounts.merge(left, left_on="account_id", right_index=True, how="left")
    accounts.loc[accounts["churned_on"] < accounts["signup_date"], "churned_on"] = None
    accounts.to_csv(folder / "accounts.csv", index=False)
    owners = subscriptions[["subscription_id", "account_id"]]
    usage.merge(owners, on="subscription_id").to_csv(folder / "usage.csv", index=False)


if __name__ == "__main__":
    main()
