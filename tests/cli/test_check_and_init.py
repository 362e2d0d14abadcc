"""`check` and `init` as a newcomer meets them: what was understood, what is open, nothing silently."""

from __future__ import annotations

from tests import tiny


def test_init_says_what_it_could_not_recognise(run, tmp_path):
    tiny.customers().rename(columns={"left": "x", "id": "y"}).to_csv(tmp_path / "t.csv", index=False)
    shown, written = run("init", tmp_path / "t.csv"), run("init", tmp_path / "t.csv", "-o", tmp_path / "c.yaml")
    for answer in (shown, written):
        assert answer.code == 0
        assert "note: no column looks like the outcome. It may be 'x', 'plan', 'region'." in answer.err
        assert "note: no column looks like a customer's id" in answer.err
    assert "note:" not in run("init", tmp_path / "t.csv", "-q").err
