from __future__ import annotations

import pytest

from chs_ml.calibration.asking import BECAUSE, BY, asked, held_anyway
from chs_ml.errors import SpecError
from chs_ml.formula.wishes import Wish
from chs_ml.spec import load_spec
from tests import tiny


@pytest.fixture
def spec(tmp_path):
    metrics = [*tiny.SPEC["metrics"], {"name": "a>=b", "pillar": "odd = name"}]
    metrics[0] = {**metrics[0], "weight": {"min": 0.1, "by": "Olena", "because": "long customers matter"}}
    return load_spec(tiny.respec(tmp_path, metrics=metrics))


@pytest.mark.parametrize(
    ("text", "ends"),
    [
        ("nps=0.3", (0.3, 0.3)),
        ("nps = 30%", (0.3, 0.3)),
        ("nps=0.2..0.4", (0.2, 0.4)),
        ("nps=20%..40%", (0.2, 0.4)),
        ("nps>=0.2", (0.2, 1.0)),
        ("nps=>=0.2", (0.2, 1.0)),
        ("nps<=0.2", (0.0, 0.2)),
        ("nps=0", (0.0, 0.0)),
    ],
)
def test_a_wish_is_read(spec, text, ends):
    assert asked([text], spec).metrics["nps"] == Wish(*ends, BY, BECAUSE)


def test_pillars_and_odd_names_are_found(spec):
    wishes = asked(["pillar:usage=0.2", "a>=b=0.1", "pillar:odd = name>=0.05"], spec)
    assert str(wishes) == "tenure at least 0.1, a>=b 0.1, pillar usage 0.2, pillar odd = name at least 0.05"


def test_the_spec_s_own_wishes_stay_unless_asked_anew(spec):
    assert str(asked(["nps=0.3"], spec)) == "tenure at least 0.1, nps 0.3"
    assert str(asked(["tenure=0.3"], spec)) == "tenure 0.3"


@pytest.mark.parametrize(
    ("texts", "problem"),
    [
        (["npz=0.3"], "--set npz=0.3: no metric of the spec is called 'npz'. Did you mean 'nps'?"),
        (["region=0.3"], "'region' has role: audit: it is looked at, never weighted, so that it cannot have a weight"),
        (["pillar:usag=0.3"], "no pillar of the spec is called 'usag'. Did you mean 'pillar:usage'?"),
        (["nps"], "found no = in it; a wish is NAME=WEIGHT"),
        (["nps=much"], "found 'much'; a weight is a number from 0 to 1"),
        (["nps="], "found ''; a weight is a number"),
        (["nps=nan"], "found 'nan'; a weight is a number from 0 to 1"),
        (["nps=0_1"], "found '0_1'; a weight is a number from 0 to 1"),
        (["nps=٠.٣"], "found '٠.٣'; a weight is a number from 0 to 1"),
        (["nps=1.3"], r"found '1.3'; a weight lies between 0 and 1\.$"),
        (["nps=0.4..0.3"], "the smaller end of a range comes first"),
        (["nps>=0.2..0.3"], "found '0.2..0.3'; a weight is"),
        (["nps=0.1..0.2..0.3"], "a weight is a number from 0 to 1"),
        (["nps=0.3", "nps=0.4"], "'nps' is asked for a second time"),
        (["nps=0.6", "plan=0.5"], r"minima that add up to 1.2 \(tenure 0.1, plan 0.5, nps 0.6\)"),
        (["pillar:relationship=0.05"], "minima of its metrics that add up to 0.1; .* a max of 0.1"),
    ],
)
def test_what_cannot_be_asked_for_is_refused(spec, texts, problem):
    with pytest.raises(SpecError, match=problem):
        asked(texts, spec)


def test_a_metric_may_be_called_like_a_pillar_of_another_name(tmp_path):
    spec = load_spec(tiny.respec(tmp_path, metrics=[*tiny.SPEC["metrics"], {"name": "pillar:money"}]))
    assert asked(["pillar:money=0.2"], spec).metrics["pillar:money"].least == 0.2
    spec = load_spec(tiny.respec(tmp_path, metrics=[*tiny.SPEC["metrics"], {"name": "pillar:usage"}]))
    with pytest.raises(SpecError, match="'pillar:usage' is a metric, and a pillar as well"):
        asked(["pillar:usage=0.2"], spec)


def test_without_texts_the_spec_s_own_wishes_are_asked_for_against_none(spec):
    assert str(asked([], spec)) == "tenure at least 0.1"
    assert not held_anyway([], spec) and str(held_anyway(["nps=0.3"], spec)) == "tenure at least 0.1"


def test_where_nobody_wishes_anything_that_is_said(tmp_path):
    with pytest.raises(SpecError, match=r"nothing is asked for, and the spec wishes for no weight. Give --set NAME=W"):
        asked([], load_spec(tiny.respec(tmp_path)))


def test_every_mistake_is_told_at_once(spec):
    with pytest.raises(SpecError, match="npz") as refused:
        asked(["npz=0.3", "nps=2", "plan"], spec)
    assert len(refused.value.problems) == 3
