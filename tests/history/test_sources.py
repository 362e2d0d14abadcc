from __future__ import annotations

import csv
import hashlib
import subprocess
import sys
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chs_ml.errors import DataError
from chs_ml.history.sources import open_batches, read_table

VALUES = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from('",;|\t\n'), max_size=6
)
CYRILLIC = st.text(st.sampled_from('абвгдЖЙя 0123456789",;|\n'), max_size=6)
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1251"]


@given(
    data=st.data(),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(ENCODINGS),
    style=st.sampled_from(["excel", "excel-tab", "unix"]),
)
def test_any_table_reads_back_as_it_was_written(tmp_path_factory, data, delimiter, encoding, style):
    cells = st.lists(CYRILLIC if encoding == "cp1251" else VALUES, min_size=3, max_size=3)
    rows = data.draw(st.lists(cells, min_size=1, max_size=8))
    path = tmp_path_factory.mktemp("csv") / "table.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.writer(file, style, delimiter=delimiter)
        writer.writerows([["id", "назва", "x y"], *rows])
    declared = encoding if encoding in {"cp1251", "utf-16-le"} else None
    table, source = read_table(path, encoding=declared, delimiter=delimiter)
    assert table.column_names == ["id", "назва", "x y"]
    assert [list(row.values()) for row in table.to_pylist()] == rows
    assert source.rows == len(rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
def test_the_delimiter_is_found_out(table, delimiter, bom):
    lines = [delimiter.join(row) for row in (["id", "a", "b c"], ["1", "x,y;z" if delimiter in "\t|" else "x", "2"])]
    read, _ = read_table(table(bom + "\n".join(lines).encode()))
    assert read.column_names == ["id", "a", "b c"]


@pytest.mark.parametrize("word", ["007", "NA", "null", "None", "1.0", "1e5", "TRUE", "-", "nan"])
def test_text_stays_text(table, word):
    read, _ = read_table(table(("id,x", f"{word},{word}")))
    assert read.to_pylist() == [{"id": word, "x": word}]


def test_header_names_are_trimmed_and_columns_chosen(table):
    read, _ = read_table(table((" id , Назва ,z", "1,2,3")), columns=["Назва", "id"])
    assert read.to_pylist() == [{"Назва": "2", "id": "1"}]


def test_a_source_says_where_rows_came_from(table):
    path = table(("id,x", "1,2"))
    _, source = read_table(path)
    assert (source.name, source.rows) == ("customers.csv", 1)
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert datetime.fromisoformat(source.read_at).tzinfo == UTC
    assert datetime.fromisoformat(source.newest).date() == datetime.fromtimestamp(path.stat().st_mtime, UTC).date()


def test_missing_columns_name_the_nearest(table):
    with pytest.raises(DataError, match=r"column 'Logins' is missing. Did you mean 'logins'") as refused:
        read_table(table(("id,logins", "1,2")), columns=["Logins", "nps"])
    assert "column 'nps' is missing. Known here: 'id', 'logins'." in str(refused.value)


def test_a_missing_column_says_what_it_is_for_and_what_helps(table):
    meant = {"nps": ("the metric 'nps'", "Say --map"), "login": ("the id", "Say --customer")}
    with pytest.raises(DataError, match="missing") as refused:
        open_batches(table(("id,logins", "1,2")), columns=["nps", "login"], meant=meant)
    assert refused.value.problems == (
        "customers.csv: column 'nps' is missing; it is the metric 'nps'. Known here: 'id', 'logins'. Say --map.",
        "customers.csv: column 'login' is missing; it is the id. Did you mean 'logins'? Say --customer.",
    )


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(DataError, match=r"absent.csv: cannot be read: No such file or directory. Check the path"):
        read_table(tmp_path / "absent.csv")
    with pytest.raises(DataError, match=r"cannot be read: Is a directory"):
        read_table(tmp_path)


@pytest.mark.parametrize(
    ("name", "content", "what"),
    [
        ("t.xlsx", b"id,x\n1,2\n", r"a spreadsheet .xlsx."),
        ("t.xlsx", b"", r"a spreadsheet .xlsx."),
        ("t.ODS", b"id,x\n1,2\n", r"a spreadsheet .ods."),
        ("t.csv", b"PK\x03\x04\x14\0\x06\0[Content_Types].xml", r"a spreadsheet .xlsx."),
        ("t.csv", b"PK\x03\x04\x14\0\x06\0customers.csv", "a zip archive"),
        ("t.csv", b"PK\x05\x06", "a zip archive"),
        ("t.csv", b"\xd0\xcf\x11\xe0\xa1", r"a spreadsheet .xls."),
        ("t.csv", b"%PDF-1.7", "a PDF document"),
        ("t.csv", b"\x89PNG\r\n\x1a\n\0", "neither text nor Parquet .found NUL bytes."),
    ],
)
def test_what_is_no_table_is_called_by_its_name(table, name, content, what):
    with pytest.raises(DataError, match=rf"{name}: is {what}. Save it as CSV or Parquet"):
        read_table(table(content, name))


def test_batches_are_typed_and_small(table):
    path = table(("id;x;note", *(f"{i};{i},5; n{i} " for i in range(1000)), "last;;", "NA;n/a;NA"))
    batches = list(open_batches(path, columns=["note", "x", "id"], numbers=["x"], batch_rows=100))
    whole = pa.Table.from_batches(batches)
    assert max(map(len, batches)) == 100
    assert whole["x"].type == pa.float64()
    assert whole["x"].to_pylist() == [i + 0.5 for i in range(1000)] + [None, None]
    assert whole["note"].to_pylist()[-3:] == ["n999", None, "NA"]
    assert whole["id"].to_pylist()[-1] == "NA"


def test_batches_refuse_after_reading_everything(table):
    rows = [f"{i},{i}" for i in range(500)]
    rows[200], rows[450], rows[300] = "200,x", "450,y", "300,1,2"
    given_out = []
    with pytest.raises(DataError, match="line 302 has 3") as refused:
        given_out += open_batches(table(("id,x", *rows)), numbers=["x"], batch_rows=100)
    assert "line 202 has 'x', line 452 has 'y'" in str(refused.value)


def test_a_comma_found_in_a_later_batch_serves_from_there_on(table):
    path = table(("id;x", *(f"{i};{i}" for i in range(150)), "a;1,5", *(f"b{i};1,250" for i in range(150))))
    numbers = pa.Table.from_batches(list(open_batches(path, numbers=["x"], batch_rows=100)))["x"].to_pylist()
    assert numbers[149:153] == [149.0, 1.5, 1.25, 1.25]


def test_parquet_keeps_types_and_decodes_dictionaries(tmp_path):
    path = tmp_path / "t.parquet"
    columns = {"id": [7, 8], "x": [1.5, None], "a.b": ["p", "q"], "flag": [True, False], "level": ["u", "v"]}
    written = pa.table(columns)
    written = written.set_column(4, "level", written["level"].dictionary_encode())
    pq.write_table(written, path)
    read, source = read_table(path, columns=["level", "a.b", "id"])
    assert read.to_pydict() == {"level": ["u", "v"], "a.b": ["p", "q"], "id": [7, 8]}
    assert source.rows == 2
    (batch,) = open_batches(path, columns=["id", "x", "flag"], numbers=["x"])
    assert batch.to_pydict() == {"id": ["7", "8"], "x": [1.5, None], "flag": ["true", "false"]}


@given(st.lists(st.tuples(st.integers(4, 900), st.integers(0, 255)), min_size=1, max_size=4))
def test_a_damaged_parquet_file_is_refused_or_read(tmp_path_factory, damage):
    path = tmp_path_factory.mktemp("parquet") / "t.parquet"
    pq.write_table(pa.table({"id": ["a", "b"], "x": [1, 2]}), path)
    content = bytearray(path.read_bytes())
    for at, byte in damage:
        content[at % len(content)] = byte
    path.write_bytes(b"PAR1" + content[4:])
    try:
        read_table(path)
    except DataError as refused:
        assert refused.problems


def test_text_of_parquet_is_utf8(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"x": pa.array([b"\xff"]).view(pa.string())}), path)
    with pytest.raises(DataError, match="no readable Parquet file"):
        read_table(path)


def test_an_empty_parquet_table_has_its_columns(tmp_path):
    path = tmp_path / "t.parquet"
    pq.write_table(pa.table({"id": pa.array([], pa.string()), "x": pa.array([], pa.float64())}), path)
    assert read_table(path)[0].schema.names == ["id", "x"]


def test_ten_thousand_columns_are_no_burden(table):
    names = [f"m{i}" for i in range(10_000)]
    path = table((",".join(names), ",".join(["1"] * 10_000)))
    read, _ = read_table(path, columns=["m9999", "m5"])
    assert read.to_pylist() == [{"m9999": "1", "m5": "1"}]


def test_reading_for_scoring_imports_nothing_heavy():
    heavy = "pandas sklearn mlflow shap matplotlib scipy pydantic"
    code = f"import sys, chs_ml.history.sources; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def _scored(tmp_path, numbers=("x",), **columns):
    pq.write_table(pa.table(columns), tmp_path / "t.parquet")
    return pa.Table.from_batches(open_batches(tmp_path / "t.parquet", numbers=numbers)).to_pydict()


def test_truth_in_parquet_is_a_number_where_one_is_read(tmp_path):
    assert _scored(tmp_path, x=[True, False, None]) == {"x": [1.0, 0.0, None]}


def test_long_integers_are_exact_as_ids_and_nearest_as_numbers(tmp_path):
    found = _scored(tmp_path, x=[2**53 + 1, None], id=[2**53 + 1, 2**63 - 1])
    assert found == {"x": [2.0**53, None], "id": ["9007199254740993", "9223372036854775807"]}


@pytest.mark.parametrize("kind", [pa.duration("s"), pa.date32(), pa.time32("s"), pa.timestamp("ms")])
def test_times_are_no_numbers(tmp_path, kind):
    with pytest.raises(DataError, match="column 'x' holds dates or times; a metric holds numbers or levels"):
        _scored(tmp_path, x=pa.array([1, 2], pa.int32() if kind.bit_width == 32 else pa.int64()).cast(kind))


@pytest.mark.parametrize("values", [[[1]], [{"a": 1}], [b"\xff"], pa.array([[("a", 1)]], pa.map_("string", "int8"))])
@pytest.mark.parametrize("numbers", [(), ("x",)])
def test_values_without_a_name_are_refused(tmp_path, values, numbers):
    with pytest.raises(DataError, match="column 'x' holds values of type"):
        _scored(tmp_path, numbers, x=values)
