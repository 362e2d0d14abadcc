"""A run directory is the old one or the new one, whatever happens, and nothing else is ever replaced."""

from __future__ import annotations

import hashlib
import json
import os
import random
import signal
import subprocess
import sys
import time

import pytest

from chs_ml.calibration import run_directory
from chs_ml.calibration.run_directory import MANIFEST, check_target, write_run
from chs_ml.errors import OutputError

FILES = {"weights.json": b"{}", "figures/a.svg": "<svg>ї</svg>".encode()}


def whole(directory):
    """Return what a run says its version is, after checking that every file of the manifest is there."""
    files = json.loads((directory / MANIFEST).read_bytes())["files"]
    for name, digest in files.items():
        assert hashlib.sha256((directory / name).read_bytes()).hexdigest() == digest
    return (directory / "version").read_bytes() if "version" in files else None


def test_files_and_manifest_are_written(tmp_path):
    write_run(tmp_path / "deep" / "runs" / "a", FILES)
    directory = tmp_path / "deep" / "runs" / "a"
    whole(directory)
    manifest = json.loads((directory / MANIFEST).read_bytes())
    assert (manifest["format"], manifest["version"]) == ("chs-ml/run", "1.0")
    assert list(directory.parent.iterdir()) == [directory]


def test_an_earlier_run_is_replaced_with_all_its_files(tmp_path):
    write_run(tmp_path / "a", {**FILES, "old.txt": b"old"})
    write_run(tmp_path / "a", FILES)
    assert not (tmp_path / "a" / "old.txt").exists()
    assert list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_an_empty_folder_and_what_a_desktop_leaves_are_replaced(tmp_path):
    (tmp_path / "a").mkdir()
    write_run(tmp_path / "a", FILES)
    (tmp_path / "a" / ".DS_Store").write_bytes(b"")
    write_run(tmp_path / "a", FILES)
    assert not (tmp_path / "a" / ".DS_Store").exists()


def test_without_an_exchange_of_folders_the_run_is_replaced_too(tmp_path, monkeypatch):
    monkeypatch.setattr("chs_ml.calibration.run_directory._exchanged", lambda one, other: False)
    write_run(tmp_path / "a", {**FILES, "version": b"1"})
    write_run(tmp_path / "a", {**FILES, "version": b"2"})
    assert whole(tmp_path / "a") == b"2" and list(tmp_path.iterdir()) == [tmp_path / "a"]


def test_what_is_no_run_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / MANIFEST).write_text('{"name": "a web page"}')
    for name, message in {
        "file": "is a file or a link",
        "link": "is a file or a link",
        "folder": "is not a finished run",
        "other": "that is not of a run",
    }.items():
        with pytest.raises(OutputError, match=message):
            write_run(tmp_path / name, FILES)
    assert (tmp_path / "folder" / "mine.txt").read_text() == "mine"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "link", "other"]


def test_somebody_s_own_file_in_a_run_is_not_lost(tmp_path):
    write_run(tmp_path / "a", FILES)
    (tmp_path / "a" / "notes.txt").write_text("mine")
    with pytest.raises(OutputError, match=r"holds 'notes\.txt', which is not of the run"):
        write_run(tmp_path / "a", FILES)


def test_the_working_directory_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(OutputError, match="is the working directory"):
        check_target(tmp_path)


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission_is_refused(tmp_path):
    (tmp_path / "locked").mkdir(mode=0o500)
    with pytest.raises(OutputError, match="no permission in"):
        check_target(tmp_path / "locked" / "runs" / "a")


def test_a_parent_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError, match="cannot be written"):
        write_run(tmp_path / "file" / "run", FILES)


def test_a_full_disk_leaves_the_old_run_and_nothing_else(tmp_path, monkeypatch):
    write_run(tmp_path / "a", {**FILES, "version": b"1"})

    def full(path, content):
        if path.name == MANIFEST:
            raise OSError(28, "No space left on device")
        path.write_bytes(content)

    monkeypatch.setattr("chs_ml.calibration.run_directory.write_through", full)
    with pytest.raises(OutputError, match=r"No space left on device\. Nothing was changed"):
        write_run(tmp_path / "a", {**FILES, "version": b"2"})
    assert whole(tmp_path / "a") == b"1" and list(tmp_path.iterdir()) == [tmp_path / "a"]


WRITER = """
import importlib.util, sys
from pathlib import Path
spec = importlib.util.spec_from_file_location("run_directory", sys.argv[2])  # alone: its package takes long to load
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
write_run = module.write_run
print("ready", flush=True)
for number in range(100_000):
    write_run(Path(sys.argv[1]), {f"part{at}": bytes([number % 256]) * 20_000 for at in range(8)} | {"version": b"x"})
"""


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL and an exchange of folders are not of Windows")
def test_killed_at_any_moment_the_old_or_the_new_run_is_there(tmp_path):
    """Kill the writer twenty times, at moments of its first and of its later writings."""
    draw = random.Random(0)
    seen = 0
    for turn in range(20):
        target = tmp_path / f"{turn}" / "run"  # every other time the first run is there before the kill
        command = [sys.executable, "-c", WRITER, str(target), run_directory.__file__]
        process = subprocess.Popen(command, stdout=subprocess.PIPE)
        process.stdout.readline()
        while turn % 2 and not target.exists():
            time.sleep(0.001)
        time.sleep(draw.uniform(0.0, 0.06))
        process.send_signal(signal.SIGKILL)
        process.wait()
        process.stdout.close()
        if target.exists():
            seen += 1
            assert whole(target) == b"x"
            assert len({path.read_bytes()[:1] for path in target.glob("part*")}) == 1
            write_run(target, {"version": b"x"})  # and what the kill left does not stand in the way
    assert seen >= 10
