"""A folder is written whole or not at all."""

from __future__ import annotations

import errno
import os

import pytest

from chs_ml.errors import OutputError
from chs_ml.formula.atomic import write_folder, write_whole

FILES = {"project.yml": "name: x\n", "models/score.sql": "select 1\n"}


def test_a_folder_holds_every_file(tmp_path):
    write_folder(tmp_path / "out", FILES)
    found = {str(path.relative_to(tmp_path / "out")): path.read_text() for path in (tmp_path / "out").rglob("*.*")}
    assert found == FILES and [path.name for path in tmp_path.iterdir()] == ["out"]


def test_an_empty_folder_is_taken_and_a_full_one_is_not(tmp_path):
    (tmp_path / "out").mkdir()
    write_folder(tmp_path / "out", FILES)
    with pytest.raises(OutputError, match=r"out' exists already and is not empty\. Choose another -o, or remove it\.$"):
        write_folder(tmp_path / "out", {"other.sql": ""})
    assert not (tmp_path / "out" / "other.sql").exists()


@pytest.mark.parametrize("write", [lambda out: write_folder(out, FILES), lambda out: write_whole(out, b"text")])
def test_a_full_disk_leaves_nothing(tmp_path, monkeypatch, write):
    def full(handle):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OutputError, match=r"^'out' cannot be written: No space left on device$"):
        write(tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_where_a_file_stands_no_folder_is_written(tmp_path):
    (tmp_path / "file").write_text("kept")
    with pytest.raises(OutputError, match="exists already"):
        write_folder(tmp_path / "file", FILES)
    with pytest.raises(OutputError, match=r"^'out' cannot be written: Not a directory$"):
        write_folder(tmp_path / "file" / "out", FILES)
    assert (tmp_path / "file").read_text() == "kept"
