"""Damaged files: every layout gives a balanced, valid table or one line that names the file, never anything else.

A small valid file of each layout is made here and damaged. The examples are the same in every run; DATAJAM_FUZZ_EXAMPLES sets
how many there are of each kind of damage (8 unless told), for a longer search that also makes what it finds small.
"""

import csv
import io
import json
import os
import re
import struct
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import numpy as np
import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import datajam
from datajam.sources import layouts
from datajam.sources.writing import write
from datajam.vocabulary.markers import number

pytestmark = pytest.mark.filterwarnings("error")
ROOT = Path(__file__).resolve().parents[1]
EXAMPLES = int(os.environ.get("DATAJAM_FUZZ_EXAMPLES", "0"))
SHORT = settings(
    max_examples=EXAMPLES or 8,
    phases=list(Phase) if EXAMPLES else [Phase.generate],
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)

DFE = (
    "time_period,time_identifier,geographic_level,country_code,country_name,region_code,region_name,old_la_code,new_la_code,la_name"
)
ENGLAND = "National,E92000001,England,,,,,"
DURHAM = "Local authority,E92000001,England,E12000001,North East,840,E06000047,County Durham"
BARNSLEY = "Local authority,E92000001,England,E12000003,Yorkshire and The Humber,370,E08000016,Barnsley"
IOD = "imd_proportion_of_lso_as_in_most_deprived_10_percent_nationally"
CLS = "Percentage (%)|Lower Estimate percentage (%)|Upper Estimate percentage (%)|Number of respondents|Unweighted Base - number"
CLS = ",".join(f"2023/24 {name}" for name in CLS.split("|"))
CSV = {
    "dfe_ees": f"""{DFE},characteristic,t_pupils,pt_l2basics_95,avg_att8
202425,Academic year,{ENGLAND},Total,652400,45.2,46.1
202425,Academic year,{ENGLAND},FSM,152400,25.9,35
202425,Academic year,{DURHAM},Total,5200,z,44.2
202425,Academic year,{BARNSLEY},Total,2600,c,41.7
""",
    "dfe_ees, table tool": """location,location_code,geographic_level,time_period,characteristic,cohort,education
County Durham,E06000047,localAuthorityDistrict,201516,Total,4938,4143
Adur,E07000223,localAuthorityDistrict,201516,Total,480,~
Adur,E07000223,localAuthorityDistrict,201617,Total,501,430
""",
    "dfe_neet": f"""{DFE},Age,Cohort_DJFavg,NEET_percent,annualchange_NEET,avg_att8,NEET_quintile
2024,Calendar year,{ENGLAND},16-17,1000.7,3.4,0.3,46.1,z
2024,Calendar year,{DURHAM},16-17,200,6.2,z,44.2,5
2024,Calendar year,{BARNSLEY},16-17,190,c,0,43,3
""",
    "ons_els": """areacd,areanm,geography,indicator,period,measure,observation,unit,lci_95,uci_95,status,notes
E92000001,England,Country,Anxiety,2022-04-01/P1Y,Mean,3.13,Score out of 10,3.11,3.15,,
E08000016,Barnsley,Local Authority District,Anxiety,2022-04-01/P1Y,Mean,3.4,Score out of 10,3.1,3.7,u,
E08000038,Barnsley,Local Authority District,Anxiety,2022-04-01/P1Y,Mean,3.4,Score out of 10,3.1,3.7,u,
E06000053,Isles of Scilly,Unitary Authority,Anxiety,2022-04-01/P1Y,Mean,,Score out of 10,,,c,Suppressed
K02000001,United Kingdom,Country,Anxiety,2022-04-01/P1Y,Mean,3.1,Score out of 10,3.1,3.2,,
""",
    "ons_subnational": """Indicator:,Adults that smoke,,,,
Date: ,2020,,,,
Coverage:,Great Britain,,,,
Geography:,Unitary Authorities,,,,
,,,,,
Area Code,Area,Adults that smoke %,LCI,UCI,Notes
E06000001,Hartlepool,15.9,12.4,19.4,
E08000016,Barnsley,13.7,10.2,17.1,
E06000053,Isles of Scilly,na,na,na,
E10000006,Cumbria,x,x,x,Obsolete
""",
    "mhclg_iod": f"""ltla24_code,ltla24_name,imd_average_score,imd_rank_of_average_score,{IOD},imd25_extent
E06000001,Hartlepool,37.58,6.0,0.4211,0.5259
E07000008,Cambridge,13.1,200.0,0.0,0.01
E06000053,Isles of Scilly,[c],[x],[c],[z]
""",
    "nomis_aps": """DATE_NAME,GEOGRAPHY_NAME,GEOGRAPHY_CODE,VARIABLE_NAME,MEASURES_NAME,OBS_VALUE,OBS_STATUS,OBS_STATUS_NAME
Jan 2021-Dec 2021,Hartlepool,E06000001,% with NVQ4+ - aged 16-64,Variable,28.6,A,Normal Value
Jan 2021-Dec 2021,Hartlepool,E06000001,% with NVQ4+ - aged 16-64,Confidence,4.1,A,Normal Value
Jan 2021-Dec 2021,Barnsley,E08000016,% with NVQ4+ - aged 16-64,Variable,,Q,These figures are missing.
""",
    "ons_adverts": """geographic_level,area,Summary Profession Category,Detailed Profession Category,time_period,vacancies
Country,England,Administration,Administration (other),Oct 22,21500
LEP,Black Country,Administration,Administration (other),Oct 22,20
Local Authority,Barnsley,Administration,Administration (other),Oct 22,[x]
""",
    "skill_adjacency": 'skills,R,SQL,"Tax, VAT"\nR,90,20,2\nSQL,20,110,0\n"Tax, VAT",2,0,40\n',
    "skill_adjacency, salaries": "month,R,SQL,Excel\n201806,28876,41000,28876\n201807,30500,,29000.5\n",
    "skill_adjacency, job titles": "normalised_job_title,R,SQL\nEmbalmer,0,1\nData Analyst,21,90\n",
    "own_table": """place,period,indicator,value,breakdown,unit,base,lower_95,upper_95,note
Leeds,2023/24,Feel safe,61.5,Women,percent,400,56.7,66.3,by hand
E08000016,2025 week 30,Requests,412,,count,,,,
Isles of Scilly,2025-04,Requests,[c],,count,,,,
Oz,2025,Requests,3,,count,,,,
""",
    "dcms_cls": f"""Table A1,,,,,,,,
Question,Response Breakdown ,{CLS},LAD23 Code,ITL2 Name
Lonely,All,7.1,6.8,7.4,12000,170255,,
Lonely,Hartlepool,9.25,5.5,13.0,52,561,E06000001,Tees Valley and Durham
Lonely,Isles of Scilly,[c],[c],[c],[c],[low],E06000053,Cornwall
""",
}
NAMES = {"skill_adjacency": "adjacency_201709_201808.csv", "skill_adjacency, job titles": "titles_201709_201808.csv"}
BOOKS = {
    "nomis_aps": [
        ["annual population survey"],
        ["ONS Crown Copyright Reserved"],
        [],
        ["date", "Jan 2021-Dec 2021"],
        [],
        ["Area", "T19:1 (Total - All people aged 16-64 : NVQ4+ )", "", ""],
        ["", "number", "flags", "conf"],
        ["ladu:Hartlepool", 15300, "", 2100],
        ["ladu:Barnsley", "!", "", "!"],
        ["country:England", 12000500, "", "*"],
    ],
    "ons_adverts": [
        ["Total job adverts by Region"],
        ["This worksheet contains one table"],
        [],
        ["Region", "2017", "2018"],
        ["North East", 181.1, 190.5],
        ["Yorkshire And The Humber", 700.2, "[x]"],
    ],
    "mhclg_iod": list(csv.reader(io.StringIO(CSV["mhclg_iod"]))),
    "dcms_cls": list(csv.reader(io.StringIO(CSV["dcms_cls"]))),
}
LONG = {
    "Short Desc": ["Att8", "Att8", "Roads"],
    "Data item": ["Attainment 8", None, "Killed or injured"],
    "Years": ["2025", "2025", "2014-16"],
    "LA and Regions": ["England", "Durham", "Barnsley"],
    "Values": ["46", "44.2", "-"],
    "LA Number": [970.0, 840.0, 370.0],
    "Region": ["NA", "North East", "Yorkshire and The Humber"],
}
ODD = ["", " ", "?", "c", "[x]", "-", "*", "~", "1e400", "nan", "inf", "1,2,3", "12%", "-5", "99999999999999999999", "0x1F", "١٢"]
ODD += [
    "=1+1",
    "=cmd|'/C calc'!A1",
    "+1",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "E06000001",
    "E99999999",
    "2025",
    "202499",
    "999999",
    "31/02/2024",
]
ODD += ["\n", '"', "a,b", "\ufeff", "\u2028", "ŵ" * 50, "x" * 5000, "National", "Total", "\\", "|", "%", "£"]
odd = st.sampled_from(ODD) | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12)


def named(kind):
    return NAMES.get(kind, "file.csv")


def cells_of(kind):
    return list(csv.reader(io.StringIO(CSV[kind])))


def as_csv(rows, end="\n"):
    file = io.StringIO()
    csv.writer(file, lineterminator=end).writerows(rows)
    return file.getvalue().encode()


def as_xlsx(rows, formulas=True):
    book = openpyxl.Workbook()
    for row, cells in enumerate(rows, 1):
        for column, text in enumerate(cells, 1):
            if text != "":
                cell = book.active.cell(row, column)
                cell.value = re.sub(r"[\x00-\x08\x0b-\x1f\ud800-\udfff\ufffe\uffff]", "", text) if isinstance(text, str) else text
                if not formulas:
                    cell.data_type = "s" if isinstance(text, str) else cell.data_type
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def as_parquet(columns):
    file = io.BytesIO()
    pq.write_table(pa.Table.from_arrays([pa.array(values) for _, values in columns], names=[name for name, _ in columns]), file)
    return file.getvalue()


@cache
def valid():
    """A small valid file of every layout and shape: {(kind, file name): bytes}."""
    files = {(kind, named(kind)): text.encode() for kind, text in CSV.items()}
    files |= {(f"{kind}, workbook", "book.xlsx"): as_xlsx(rows) for kind, rows in BOOKS.items()}
    return files | {("dfe_lait", "long.parquet"): as_parquet(list(LONG.items()))}


EVERY = pytest.mark.parametrize("kind", list(valid()), ids=lambda kind: kind[0])
EVERY_CSV = pytest.mark.parametrize("kind", list(CSV))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("fuzz")


def read(folder, name, data):
    """The table of a file, once it is balanced and valid, or None where the file was refused in one line that names it."""
    path = folder / name
    path.write_bytes(data)
    try:
        table = datajam.read(path)
    except datajam.DataJamError as error:
        message = str(error)
        assert name in message and len(message.splitlines()) == 1, message
        assert message.isprintable() and len(message) < 1000, message
        return None
    report = datajam.load_report(datajam.check(table))
    assert report.balanced() and report.rows_out == len(table) == sum(report.statuses.values())
    assert str(report)
    return table


def no_number_of_its_own(table, rows):
    """Every value stands in the file, as it is or as a proportion."""
    if table is None:
        return
    there = {value for row in rows for text in row if (value := number(str(text))) is not None}
    values = {round(value, 9) for value in table["value"].dropna()}
    assert values <= {round(value * scale, 9) for value in there for scale in (1, 100)}


@cache
def undamaged(folder, kind):
    return read(folder, named(kind), as_csv(cells_of(kind)))


def told(table):
    """What a table says, whatever the order of its rows and of the parts of its breakdowns."""
    columns = ["source_area_code", "indicator", "breakdown", "period_label", "value", "status"]
    rows = [[str(text) for text in row] for row in table[columns].itertuples(index=False)]
    return sorted([" / ".join(sorted(text.split(" / "))) for text in row] for row in rows)


@EVERY
def test_the_undamaged_files_are_read_as_what_they_are(folder, kind):
    table = read(folder, kind[1], valid()[kind])
    assert table is not None and set(table["source"]) == {kind[0].split(",")[0]}
    assert table["value"].notna().any()


def test_there_is_a_file_of_every_layout():
    assert {kind.split(",")[0] for kind, _ in valid()} == {layout.name for layout in layouts()}


@EVERY
@SHORT
@given(data=st.data())
def test_random_bytes_in_the_file_give_a_table_or_one_line(folder, kind, data):
    content = bytearray(valid()[kind])
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(content)))
        content[at : at + data.draw(st.integers(0, 8))] = data.draw(st.binary(max_size=8))
    read(folder, kind[1], bytes(content))


@EVERY
@SHORT
@given(share=st.floats(0, 1))
def test_a_file_cut_short_anywhere_gives_a_table_or_one_line(folder, kind, share):
    content = valid()[kind]
    read(folder, kind[1], content[: int(share * len(content))])


@EVERY
@SHORT
@given(content=st.binary(max_size=300), head=st.sampled_from([b"", b"PK\x03\x04", b"PAR1", b"\xff\xfe", b"\xef\xbb\xbf", b"%PDF"]))
def test_mere_noise_is_refused_whatever_it_begins_with(folder, kind, content, head):
    assert read(folder, kind[1], head + content) is None


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_columns_moved_with_their_headings_change_nothing_or_are_refused(folder, kind, data):
    rows = cells_of(kind)
    width = len(rows[-1])
    order = data.draw(st.permutations(range(width)))
    moved = read(folder, named(kind), as_csv([[row[i] for i in order] if len(row) == width else row for row in rows]))
    if moved is not None:
        assert told(moved) == told(undamaged(folder, kind))


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_swapped_duplicated_and_missing_columns_invent_no_number(folder, kind, data):
    rows = cells_of(kind)
    header = max(range(len(rows)), key=lambda index: (len([text for text in rows[index] if text and not number(text)]), -index))
    one, other = data.draw(st.tuples(*[st.integers(0, len(rows[header]) - 1)] * 2))
    damage = data.draw(st.sampled_from(["headings swapped", "cells swapped", "given twice", "left out", "a row's cell left out"]))
    for index, row in enumerate(rows):
        if len(row) != len(rows[header]):
            continue
        if (damage, index == header) in (("headings swapped", True), ("cells swapped", False)):
            row[one], row[other] = row[other], row[one]
        elif damage == "given twice":
            row.insert(other, row[one])
        elif damage == "left out" or (damage == "a row's cell left out" and index == len(rows) - 1):
            del row[one]
    no_number_of_its_own(read(folder, named(kind), as_csv(rows)), rows)


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_unknown_markers_and_odd_cells_invent_no_number(folder, kind, data):
    rows = cells_of(kind)
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.integers(0, len(rows) - 1))
        rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = data.draw(odd)
    no_number_of_its_own(read(folder, named(kind), as_csv(rows, data.draw(st.sampled_from(["\n", "\r\n"])))), rows)


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_rows_given_twice_left_out_or_blank_invent_no_number(folder, kind, data):
    rows = cells_of(kind)
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(rows) - 1))
        damage = data.draw(st.sampled_from([[], [rows[at]] * 2, [[""] * len(rows[at]), rows[at]], [[], rows[at]]]))
        rows[at : at + 1] = damage
        if not rows:
            return
    no_number_of_its_own(read(folder, named(kind), as_csv(rows)), rows)


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_other_encodings_and_mixed_line_ends_give_the_same_table_or_one_line(folder, kind, data):
    text = CSV[kind].replace("Barnsley", "Barnsléy").replace("SQL", "SQLé")
    encoding = data.draw(st.sampled_from(["utf-8-sig", "cp1252", "latin-1", "utf-16", "utf-16-le", "utf-32", "cp500"]))
    ends = data.draw(st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1, max_size=5))
    lines = text.splitlines()
    mixed = "".join(line + ends[index % len(ends)] for index, line in enumerate(lines))
    table = read(folder, named(kind), mixed.encode(encoding))
    expected = read(folder, named(kind), text.encode())
    if table is not None:
        assert encoding in ("utf-8-sig", "cp1252", "latin-1")
        assert table["value"].equals(expected["value"])
        assert table["source_area_name"].tolist() == expected["source_area_name"].tolist()


@EVERY_CSV
@pytest.mark.parametrize("at", [0, 20, 0.5, -1], ids=["first", "in the header", "in the middle", "last"])
def test_a_nul_byte_is_refused_wherever_it_stands(folder, kind, at):
    content = CSV[kind].encode()
    place = int(at * len(content)) if at == 0.5 else at % len(content)
    assert read(folder, named(kind), content[:place] + b"\0" + content[place:]) is None
    long = content + content[content.rstrip().rindex(b"\n") + 1 :] * 2000
    assert read(folder, named(kind), long + b"\0\n") is None


@EVERY_CSV
@pytest.mark.parametrize("heading", ["", "x", "number {}", "notes"])
def test_three_hundred_columns_more_give_a_table_or_one_line(folder, kind, heading):
    rows = [[*row, *(heading.format(i) if index == 0 else str(i) for i in range(300))] for index, row in enumerate(cells_of(kind))]
    no_number_of_its_own(read(folder, named(kind), as_csv(rows)), rows)


@pytest.mark.parametrize("kind", list(BOOKS))
@SHORT
@given(data=st.data())
def test_odd_cells_and_formulas_in_a_workbook_invent_no_number(folder, kind, data):
    rows = [list(row) for row in BOOKS[kind]]
    for _ in range(data.draw(st.integers(1, 3))):
        row = data.draw(st.sampled_from([index for index, row in enumerate(rows) if row]))
        value = data.draw(odd | st.sampled_from([True, 1e308, -1, "=A1+1", '=HYPERLINK("http://x")', "#DIV/0!"]))
        rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = value
    no_number_of_its_own(read(folder, "book.xlsx", as_xlsx(rows)), rows)


@pytest.mark.parametrize("kind", list(BOOKS))
def test_a_formula_without_a_saved_result_is_never_a_number(folder, kind):
    rows = [list(row) for row in BOOKS[kind]]
    at = next(i for i, row in enumerate(rows) if len(row) > 2 and number(str(row[2] or row[1])) is not None)
    column = 2 if rows[at][2] else 1
    before = read(folder, "book.xlsx", as_xlsx(rows))["value"].notna().sum()
    rows[at][column] = "=1+1"
    table = read(folder, "book.xlsx", as_xlsx(rows))
    assert table is None or table["value"].notna().sum() == before - 1


@SHORT
@given(data=st.data())
def test_odd_columns_in_a_parquet_file_give_a_table_or_one_line(folder, data):
    columns = [[name, list(values)] for name, values in LONG.items()]
    one, other = data.draw(st.tuples(*[st.integers(0, len(columns) - 1)] * 2))
    kinds = [
        None,
        7,
        1.5,
        float("nan"),
        float("inf"),
        True,
        b"\xff\xfe",
        [1, 2],
        {"a": 1},
        np.datetime64("2025-01-01", "s"),
        10**15,
    ]
    damage = data.draw(st.sampled_from(["swapped", "given twice", "left out", "another type", "an odd cell", "cells swapped"]))
    if damage == "swapped":
        columns[one][0], columns[other][0] = columns[other][0], columns[one][0]
    elif damage == "given twice":
        columns.append(columns[one])
    elif damage == "left out":
        del columns[one]
    elif damage == "another type":
        columns[one][1] = [data.draw(st.sampled_from(kinds))] * 3
    elif damage == "an odd cell" and columns[one][0] != "LA Number":
        columns[one][1][data.draw(st.integers(0, 2))] = data.draw(odd)
    elif damage == "cells swapped":
        columns[one][1], columns[other][1] = columns[other][1], columns[one][1]
    no_number_of_its_own(read(folder, "long.parquet", as_parquet(columns)), [values for _, values in columns])


def test_a_base_too_large_to_be_people_is_refused_not_wrapped_round(folder):
    text = CSV["dfe_ees"]
    assert read(folder, "file.csv", text.encode())["base"].max() == 652400
    assert read(folder, "file.csv", text.replace("652400", "9" * 20).encode()) is None


def test_a_message_carries_no_line_end_and_no_control_of_the_screen_from_the_file():
    assert str(datajam.DataJamError("file.csv: \x1b[2J\r\n\u2028")).isprintable()


FORMULAS = ["=cmd|'/C calc'!A1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=1", '=HYPERLINK("x")', "\n=1", " =1"]
starts = st.sampled_from(FORMULAS) | st.builds("{}{}".format, st.sampled_from("=+-@\t\r"), st.text("abc=|!'\"\n\r\t1,", max_size=6))


@EVERY_CSV
@SHORT
@given(data=st.data())
def test_no_cell_written_as_csv_is_run_as_a_formula(folder, kind, data):
    rows = cells_of(kind)
    for _ in range(data.draw(st.integers(1, 6))):
        row = data.draw(st.integers(0, len(rows) - 1))
        rows[row][data.draw(st.integers(0, len(rows[row]) - 1))] = data.draw(starts)
    table = read(folder, named(kind), as_csv(rows))
    if table is None:
        return
    write(table, folder / "out.csv")
    with open(folder / "out.csv", encoding="utf-8", newline="") as file:
        header, *lines = csv.reader(file)
    assert len(lines) == len(table)
    for line in lines:
        for name, text in zip(header, line, strict=True):
            harmless = text[:1] not in tuple("=+-@\t\r") or number(text) is not None or text == "-"
            assert harmless, (name, text)


def zipped(parts, level=9):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
        for name, content in parts.items():
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in content:
                    part.write(piece)
    return file.getvalue()


def repacked(change):
    """A valid workbook with its first sheet's XML changed."""
    with zipfile.ZipFile(io.BytesIO(as_xlsx(BOOKS["nomis_aps"]))) as archive:
        parts = {part.filename: archive.read(part) for part in archive.infolist()}
    sheet = "xl/worksheets/sheet1.xml"
    return zipped({name: change(content) if name == sheet else [content] for name, content in parts.items()})


def lying(data):
    """An archive whose directory says that each part unpacks to a thousand bytes."""
    data = bytearray(data)
    for signature, offset in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        at = data.find(signature)
        while at >= 0:
            data[at + offset : at + offset + 4] = struct.pack("<I", 1000)
            at = data.find(signature, at + 4)
    return bytes(data)


def far_cell(reference):
    row = re.sub("[A-Z]", "", reference)
    cell = f'<row r="{row}"><c r="{reference}" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'.encode()
    return repacked(lambda content: [content.replace(b"</sheetData>", cell)])


MEGABYTE = b" " * (1 << 20)
BOMBS = {
    "one line of 10 MB.csv": lambda: CSV["dfe_ees"].encode() + b"x" * 10_000_000,
    "a header of 10 MB.csv": lambda: b"time_period," + b"x" * 10_000_000 + b"\n1,2\n",
    "five million columns.csv": lambda: b"time_period," + b"a," * 5_000_000 + b"\n1\n",
    "an open quotation mark.csv": lambda: CSV["ons_els"].encode() + b'"' + b"a\n" * 5_000_000,
    "ten million blank lines.csv": lambda: CSV["ons_els"].encode() + b"\n" * 10_000_000,
    "a bomb.xlsx": lambda: repacked(lambda content: [content[:-20], *[MEGABYTE] * 200, content[-20:]]),
    "a bomb that lies.xlsx": lambda: lying(repacked(lambda content: [content[:-20], *[MEGABYTE] * 200, content[-20:]])),
    "a cell far below.xlsx": lambda: far_cell("A1048576"),
    "a cell far off.xlsx": lambda: far_cell("XFD1048576"),
    "a zip archive of zeros.xlsx": lambda: zipped({"zeros": [b"\0" * (1 << 20)] * 100}),
    "entities.xlsx": lambda: repacked(
        lambda content: [
            b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">',
            *(b'<!ENTITY %c "%s">' % (98 + i, b"&%c;" % (97 + i) * 10) for i in range(9)),
            b"]>",
            re.sub(rb"<\?xml.*?\?>", b"", content).replace(b"</sheetData>", b"<row><c><v>&j;</v></c></row></sheetData>"),
        ]
    ),
}
HARMLESS = ("ten million blank lines.csv", "entities.xlsx")
LIMITED = """
import json, resource, sys
resource.setrlimit(resource.RLIMIT_AS, (3 << 30, 3 << 30))
from datajam.cli import main
code = main(["read", sys.argv[1]])
# Not ru_maxrss, which a child starts with at its parent's height.
peak = next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps([code, int(peak) // 1024]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="the memory of a process can be limited and measured on Linux only")
@pytest.mark.parametrize("name", BOMBS)
def test_a_file_made_to_fill_memory_is_refused_or_read_in_bounded_memory_and_time(folder, name):
    path = folder / name
    path.write_bytes(BOMBS[name]())
    words = [sys.executable, "-c", LIMITED, str(path)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "shared"), "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", timeout=30, env=environment)
    assert done.returncode == 0, done.stderr[-300:]
    code, megabytes = json.loads(done.stdout.splitlines()[-1])
    assert megabytes < 600
    assert code == 2 or name in HARMLESS
    assert code == 0 or (name in done.stderr and len(done.stderr.splitlines()) == 1), done.stderr[-300:]
    path.unlink()
