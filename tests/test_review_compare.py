"""Outputs then and now: what counts as the same, on which rung, and what does not."""

import base64
import io
from datetime import UTC, datetime

import nbformat.v4 as v4
import pytest
from PIL import Image, ImageDraw

from datajam.review.alike import LADDER, same_table, same_text
from datajam.review.compare import compare, table
from datajam.review.pictures import difference, same_picture

TODAY = datetime.now(UTC).strftime("%Y-%m-%d")


def cell(*outputs, source="x", count=1):
    return v4.new_code_cell(source, outputs=list(outputs), execution_count=count)


def stream(text, name="stdout"):
    return v4.new_output("stream", text=text, name=name)


def shown(**data):
    return v4.new_output("display_data", data={name.replace("_", "/"): value for name, value in data.items()})


def one(then, now):
    """What comparing two cells gives: (same, rung) of their only output."""
    found = compare(v4.new_notebook(cells=[then]), v4.new_notebook(cells=[now]))
    assert len(found) == 1
    return found[0].same, found[0].rung


def picture(*boxes, kind="PNG", size=(300, 200), **words):
    made = Image.new("RGB", size, "white")
    for box in boxes:
        ImageDraw.Draw(made).rectangle(box, fill="navy")
    written = io.BytesIO()
    made.save(written, kind, **words)
    return base64.b64encode(written.getvalue()).decode()


@pytest.mark.parametrize(
    ("then", "now", "rung"),
    [
        ("gap 15.2", "gap 15.2", "identical"),
        ("<A at 0x7f3a5c001d30>", "<A at 0x7fffaa0b1c20>", "memory addresses"),
        ("T_0a1b2_row0", "T_9f8e7_row0", "table ids"),
        ("Wrote /home/ann/jam/out.csv", "Wrote /tmp/room/project/out.csv", "paths"),
        ("Run on 2019-03-04 at 10:11:12", f"Run on {TODAY} at 09:08:07", "dates"),
        ("done in 1.2 s", "done in 14.7 s", "timings"),
        ("x\na.py:3: DeprecationWarning: old\n  f()\n", "x\n", "deprecation warnings"),
    ],
)
def test_a_text_is_identical_and_says_the_rung_it_needed(then, now, rung):
    assert same_text(then, now) == ("identical", rung)


@pytest.mark.parametrize(
    ("then", "now"),
    [
        ("gap 15.2 points", "gap 15.3 points"),
        ("9,870 pupils", "9,871 pupils"),
        ("Leeds", "York"),
        ("from 2019-03-04", "from 2018-03-04"),
        ("/home/ann/a.csv", "/home/ann/b.csv"),
        ("1 2 3", "1 2"),
        ("UserWarning: values were dropped", ""),
    ],
)
def test_what_means_something_else_is_different(then, now):
    assert same_text(then, now) == ("different", "")


def test_a_long_number_is_within_tolerance_and_a_short_one_is_not():
    assert same_text("0.123456789012", "0.123456789345") == ("within tolerance", "numbers")
    assert same_text("0.1234", "0.1235")[0] == "different"


def test_tables_are_compared_cell_by_cell_and_the_cell_is_named():
    then = [["place", "gap"], ["Leeds", "15.20000001"], ["York", "3"]]
    assert same_table(then, [["place", "gap"], ["Leeds", "15.20000002"], ["York", "3"]])[:2] == ("within tolerance", "numbers")
    same, _, words = same_table(then, [["place", "gap"], ["Leeds", "15.20000001"], ["York", "4"]])
    assert same == "different" and "row 3, column 2: 3 then, 4 now" in words
    assert "2 rows" in same_table(then, then[:2])[2]


def test_a_table_is_read_from_html_markdown_and_csv():
    assert table("text/html", "<table><tr><th>a</th></tr><tr><td> 1 </td></tr></table>") == [["a"], ["1"]]
    assert table("text/markdown", "| a | b |\n|---|--:|\n| 1 | 2 |") == [["a", "b"], ["1", "2"]]
    assert table("text/csv", "a,b\n1,2\n") == [["a", "b"], ["1", "2"]]


def test_a_picture_saved_again_is_identical_and_a_moved_bar_is_not():
    bars = [(20, 50, 60, 180), (100, 90, 140, 180)]
    assert same_picture(picture(*bars), picture(*bars, compress_level=1))[:2] == ("identical", "image bytes")
    same, rung, words = same_picture(picture(*bars), picture(bars[0], (100, 80, 140, 180)))
    assert (same, rung) == ("different", "") and "the box from (" in words
    assert same_picture(picture(*bars), picture(*bars, size=(300, 201)))[0] == "different"


def test_a_picture_that_is_none_or_far_too_large_is_different_and_not_an_error():
    import zlib

    header = b"\x00\x00\xff\xff\x00\x00\xff\xff\x08\x02\x00\x00\x00"
    chunk = b"IHDR" + header
    bomb = b"\x89PNG\r\n\x1a\n" + len(header).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big")
    assert same_picture(picture(), base64.b64encode(bomb).decode())[0] == "different"
    assert same_picture(picture(), "bm90IGEgcGljdHVyZQ==")[0] == "different"


def test_the_difference_of_two_pictures_is_red_where_they_differ():
    red = difference(picture((20, 50, 60, 180)), picture((20, 50, 80, 180)))
    drawn = Image.open(io.BytesIO(base64.b64decode(red))).convert("RGB")
    assert drawn.getpixel((70, 100)) == (212, 53, 28) and drawn.getpixel((250, 30)) == (255, 255, 255)


def test_execution_counts_and_cut_streams_are_rungs():
    assert one(cell(stream("a")), cell(stream("a"), count=7)) == ("identical", "execution counts")
    cut = cell(stream("a\n"), stream("w", "stderr"), stream("b\n"))
    whole = cell(stream("a\nb\n"), stream("w", "stderr"))
    found = compare(v4.new_notebook(cells=[cut]), v4.new_notebook(cells=[whole]))
    assert {(each.same, each.rung) for each in found} == {("identical", "split streams")}


def test_an_output_is_as_unlike_as_its_most_unlike_form():
    same_look = picture((20, 50, 60, 180))
    then = cell(shown(image_png=same_look, text_csv="a\n1\n"))
    assert one(then, cell(shown(image_png=same_look, text_csv="a\n2\n")))[0] == "different"
    assert one(then, cell(shown(image_png=same_look)))[0] == "different"


def test_a_recorded_number_and_the_sentence_beside_it_both_count():
    scrap = {"application/scrapbook.scrap.json+json": {"data": {"value": 1.5}}, "text/plain": "Gap: 1.5"}
    then = cell(v4.new_output("display_data", data=scrap))
    for change in ({"text/plain": "Gap: 1.6"}, {"application/scrapbook.scrap.json+json": {"data": {"value": 1.6}}}):
        assert one(then, cell(v4.new_output("display_data", data={**scrap, **change})))[0] == "different"


def test_what_came_or_went_is_new_or_missing_but_a_deprecation_warning_is_neither():
    assert one(cell(), cell(stream("a")))[0] == "new"
    assert one(cell(stream("a")), cell())[0] == "missing"
    warned = stream("x.py:1: FutureWarning: soon\n  f()\n", "stderr")
    assert one(cell(warned), cell()) == ("identical", "deprecation warnings")


def test_cells_are_paired_by_their_code_where_one_was_added():
    then = v4.new_notebook(cells=[cell(stream("a"), source="a"), cell(stream("b"), source="b")])
    now = v4.new_notebook(cells=[cell(source="new"), cell(stream("a"), source="a"), cell(stream("b"), source="b")])
    assert [(each.cell, each.same) for each in compare(then, now)] == [(2, "identical"), (3, "identical")]


def test_the_rungs_stand_in_one_order():
    assert LADDER.index("identical") == 0 and LADDER.index("dates") < LADDER.index("numbers")


@pytest.mark.parametrize(
    ("kind", "then"),
    [
        ("text/markdown", "The gap is 15.2 points.\n\n| a | b |\n|---|---|\n| 1 | 2 |\n"),
        ("text/html", "<p>The gap is 15.2 points.</p><table><tr><td>1</td></tr></table>"),
    ],
)
def test_a_sentence_beside_a_table_that_stayed_the_same_counts(kind, then):
    from datajam.review.compare import _form

    assert _form(kind, then, then.replace("15.2", "15.3"))[0] == "different"
    assert _form(kind, then, then.replace("| 1 |", "|1|").replace("<td>1", "<td> 1"))[0] == "identical"
