"""The model as MLflow loads it: this file is its code, ``weights.json`` its only artifact. Nothing is pickled.

It runs outside the package, with the copy of ``chs_ml.formula`` that was logged beside it.
"""

from __future__ import annotations

from typing import Any

import mlflow
import pandas as pd

from chs_ml.formula.formula import Formula


class HealthScore(mlflow.pyfunc.PythonModel):  # type: ignore[misc, name-defined]
    """Scores customers by a formula."""

    # The name `context` is part of MLflow's contract, here and in `predict`; another fails only when loaded.
    def load_context(self, context: Any) -> None:
        """Read the formula from the artifact ``weights``."""
        self.formula = Formula.load(context.artifacts["weights"])

    # Of all type hints, only this one leaves the checking of the input to the signature, without a warning.
    def predict(self, context: Any, model_input: pd.DataFrame, params: dict[str, Any] | None = None) -> pd.DataFrame:
        """Return score, churn_probability, band, band_by_score and coverage, a row for each customer.

        params: ``allow_absent`` takes a column that is not there as missing, instead of refusing.
        """
        scored = self.formula.read(model_input, allow_absent=bool((params or {}).get("allow_absent")))
        return pd.DataFrame(
            {
                "score": scored.score,
                "churn_probability": float("nan") if scored.churn_probability is None else scored.churn_probability,
                "band": scored.band,
                "band_by_score": scored.band_by_score,
                "coverage": scored.coverage,
            },
            index=model_input.index,
        )


mlflow.models.set_model(HealthScore())
