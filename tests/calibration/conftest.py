"""Calibrations of the tiny table."""

from __future__ import annotations

import pytest

from tests import tiny


@pytest.fixture(scope="session")
def done():
    """A whole calibration; its directory is only read."""
    return tiny.calibrated()


@pytest.fixture
def quick(monkeypatch):
    """Leave out what takes longest and matters least here: boosting and pictures."""
    from chs_ml.calibration import judging, story

    few = {name: baseline for name, baseline in judging.BASELINES.items() if name != "gradient_boosting"}
    monkeypatch.setattr(judging, "BASELINES", few)
    monkeypatch.setattr(story, "pictures_of", lambda weights, evaluation: {})
