"""The three skill layouts of 2018, made here as described: no such file is public."""

import csv

import numpy as np
import pandas as pd
import pytest

from datajam.observe.cells import tidy
from datajam.observe.observations import BadSource, LoadReport, check
from datajam.sources.files import preview
from datajam.sources.skill_adjacency import LAYOUT, matrix

SKILLS = ["C", "C#", ".Net", "R", "Tax, VAT", "Communication"]
COUNTS = [
    [50, 20, 10, 5, 0, 12],
    [20, 80, 40, 3, 0, 9],
    [10, 40, 60, 1, 0, 7],
    [5, 3, 1, 30, 2, 8],
    [0, 0, 0, 2, 25, 6],
    [12, 9, 7, 8, 6, 400],
]
SALARIES = [["201806", 28876, 28876, 41000, 28876.0, "", 28876], ["201807", 30500, 38000, 41500, 45000, 33000, 26880.5]]
TITLES = [["Embalmer", 0, 0, 0, 0, 1, 0], ["Data Analyst", 2, 3, 1, 21, 4, 90]]
ADJACENCY = "adjacency_201709_201808.csv"


@pytest.fixture
def made(tmp_path):
    def write(header, rows, name=ADJACENCY, encoding="utf-8"):
        path = tmp_path / name
        with open(path, "w", newline="", encoding=encoding) as file:
            csv.writer(file).writerows([header, *rows])
        return path

    return write


@pytest.fixture
def adjacency(made):
    return made(["skills", *SKILLS], [[skill, *row] for skill, row in zip(SKILLS, COUNTS, strict=True)])


def load(path):
    look = preview(path)
    assert LAYOUT.differences(look) == []
    report = LoadReport(LAYOUT.name, path.name)
    table = check(tidy(LAYOUT.parse(look, report), profile=LAYOUT.profile, report=report))
    assert report.balanced()
    return table, report


def refused(path, *words):
    """The file is refused by the loader and by `matrix`, with the same words."""
    for read in (load, matrix):
        with pytest.raises(BadSource) as error:
            read(path)
        message = str(error.value)
        assert path.name in message and "\n" not in message
        assert all(word in message for word in words), message


def test_an_adjacency_is_a_row_for_each_cell_and_its_diagonal_an_indicator_of_its_own(adjacency):
    table, report = load(adjacency)
    assert len(table) == report.cells_in == 36 and report.statuses == {"ok": 36}
    own = table[table["indicator"] == "adverts_with_skill"].set_index("breakdown")["value"]
    assert own.to_dict() == dict(zip(SKILLS, [50, 80, 60, 30, 25, 400], strict=True))
    both = table[table["indicator"] == "adverts_with_both_skills"].set_index("breakdown")["value"]
    assert (both["C / C#"], both["C# / .Net"], both["Tax, VAT / R"], both["Communication / C"]) == (20, 40, 2, 12)
    assert set(table["unit"]) == {"count"}
    assert {str(table[name].iloc[0])[:10] for name in ("period_start", "period_end")} == {"2017-09-01", "2018-08-31"}


def test_every_row_is_put_under_england_and_the_report_says_why(adjacency):
    table, report = load(adjacency)
    assert set(table["area_code"]) == {"E92000001"} and set(table["area_level"]) == {"country"}
    assert "the file names no place: put under England" in report.warnings


def test_salaries_are_pounds_a_year_by_month_missing_where_blank(made):
    path = made(["", *SKILLS], SALARIES, "salary.csv")
    table, report = load(path)
    assert len(table) == 12 and report.statuses == {"ok": 11, "not_available": 1}
    found = table.set_index(["period_label", "breakdown"])["value"]
    assert found["201807", "Communication"] == 26880.5 and found["201806", ".Net"] == 41000
    assert np.isnan(found["201806", "Tax, VAT"])
    assert set(table["unit"]) == {"gbp_year"} and set(table["indicator"]) == {"median_salary"}
    assert [str(day)[:10] for day in table["period_end"].unique()] == ["2018-06-30", "2018-07-31"]


def test_a_month_in_which_most_skills_have_one_salary_is_reported(made):
    _, report = load(made(["month", *SKILLS], SALARIES, "salary.csv"))
    imputed = [text for text in report.warnings if "imputed" in text]
    assert len(imputed) == 1 and "201806: 4 of 5 skills have the median 28,876" in imputed[0] and "201807" not in imputed[0]


def test_a_month_is_never_read_as_an_academic_year(made):
    table, _ = load(made(["yyyymm", "R", "C"], [["200910", 1, 2], ["201112", 3, 4]], "salary.csv"))
    assert [str(day)[:10] for day in table["period_start"]] == ["2009-10-01", "2011-12-01"] * 2


def test_job_titles_are_counts_by_title_and_skill(made):
    table, report = load(made(["normalised_job_title", *SKILLS], TITLES, "jobs_201704_201803.csv"))
    found = table.set_index("breakdown")["value"]
    assert (found["Data Analyst / R"], found["Embalmer / Tax, VAT"], found["Embalmer / C"]) == (21, 1, 0)
    assert set(table["indicator"]) == {"adverts_with_title_and_skill"} and report.periods == ["April 2017-March 2018"]


def test_counts_without_months_in_the_file_name_are_refused_as_observations_only(made):
    rows = [[skill, *row] for skill, row in zip(SKILLS, COUNTS, strict=True)]
    for name in ("adjacency.csv", "adjacency_201808_201709.csv", "adjacency_201713_201808.csv"):
        path = made(["skills", *SKILLS], rows, name)
        with pytest.raises(BadSource, match="first and last month in the file's name"):
            load(path)
        assert matrix(path).shape == (6, 6)


def test_matrix_gives_whole_counts_square_and_symmetric(adjacency):
    counts = matrix(adjacency)
    assert counts.index.tolist() == counts.columns.tolist() == SKILLS and counts.index.name == "skills"
    assert (counts.dtypes == "int64").all() and counts.to_numpy().tolist() == COUNTS
    assert np.diag(counts).tolist() == [50, 80, 60, 30, 25, 400]


def test_matrix_puts_the_columns_in_the_order_of_the_rows(made):
    order = [3, 0, 5, 1, 4, 2]
    rows = [[SKILLS[row], *[COUNTS[row][column] for column in order]] for row in range(6)]
    path = made(["skills", *[SKILLS[column] for column in order]], rows)
    assert matrix(path).to_numpy().tolist() == COUNTS
    assert load(path)[0].set_index("breakdown")["value"]["C# / .Net"] == 40


def test_matrix_gives_salaries_and_job_titles(made):
    salaries = matrix(made(["", *SKILLS], SALARIES, "salary.csv"))
    assert salaries.index.tolist() == ["201806", "201807"] and salaries.index.name == "month"
    assert (salaries.dtypes == "float64").all() and salaries.isna().sum().sum() == 1
    jobs = matrix(made(["normalised_job_title", *SKILLS], TITLES, "jobs.csv"))
    assert jobs.loc["Data Analyst", "Communication"] == 90 and (jobs.dtypes == "int64").all()


def test_matrix_agrees_with_pandas(adjacency):
    expected = pd.read_csv(adjacency, index_col="skills", keep_default_na=False)
    assert matrix(adjacency).to_numpy().tolist() == expected.to_numpy().tolist()


def test_skills_called_na_or_null_are_skills(made):
    path = made(["skills", "NA", "null"], [["NA", 5, 1], ["null", 1, 4]])
    assert matrix(path).loc["NA", "null"] == 1
    assert set(load(path)[0]["breakdown"]) == {"NA", "null", "NA / null", "null / NA"}


def test_a_byte_order_mark_and_the_word_synthetic_are_understood(made):
    header = ["skills (synthetic: not real adverts)", "R", "C"]
    path = made(header, [["R", 5, 1], ["C", 1, 4]], encoding="utf-8-sig")
    assert load(path)[1].synthetic and matrix(path).index.name == "skills"


def square(made, change, header=None):
    rows = [[skill, *row] for skill, row in zip(SKILLS, COUNTS, strict=True)]
    change(rows)
    return made(header or ["skills", *SKILLS], rows)


def test_halves_that_differ_are_refused(made):
    refused(square(made, lambda rows: rows[1].__setitem__(4, 4)), "not symmetric", "'C#' and 'R'", "4", "3")


def test_swapped_columns_are_refused(made):
    header = ["skills", SKILLS[1], SKILLS[0], *SKILLS[2:]]
    refused(square(made, lambda rows: None, header), "not symmetric")


def test_a_diagonal_below_what_is_shared_is_refused(made):
    refused(square(made, lambda rows: rows[1].__setitem__(2, 0)), "'C#' is named in 0 adverts", "20 it shares", "'C'")


def test_a_square_with_rows_cut_off_or_renamed_is_refused(made):
    refused(square(made, lambda rows: rows.pop()), "not square", "'Communication' has a column but no row")
    refused(square(made, lambda rows: rows[0].__setitem__(0, "D")), "not square")


@pytest.mark.parametrize("cell", ["", "x", "[x]", "-3", "1.5", "nan", "inf", "1e300", "=1+1"])
def test_a_cell_that_is_no_count_is_refused_with_its_place(made, cell):
    refused(square(made, lambda rows: rows[3].__setitem__(2, cell)), "row 'R', column 'C#'", "not a whole count")


@pytest.mark.parametrize("cell", ["x", "-3", "0", "inf"])
def test_a_cell_that_is_no_salary_is_refused(made, cell):
    refused(made(["", "R", "C"], [["201806", cell, 3]], "salary.csv"), "row '201806', column 'R'", "not a salary")


def test_labels_that_are_missing_repeated_or_no_month_are_refused(made):
    refused(square(made, lambda rows: rows[2].__setitem__(0, " ")), "data row 3 has no label")
    refused(square(made, lambda rows: rows[2].__setitem__(0, "C")), "row 'C' is there twice")
    refused(square(made, lambda rows: None, ["skills", "C", "C", *SKILLS[2:]]), "'C' is there twice")
    refused(square(made, lambda rows: None, ["skills", "", *SKILLS[1:]]), "column 2 has no name")
    months = [[f"2018{month:02d}", 1, 2] for month in range(1, 13)] * 2
    late = [[f"{2000 + index}{row[0][4:]}", 1, 2] for index, row in enumerate(months)]
    refused(made(["", "R", "C"], [*late, ["soon", 1, 2]], "salary.csv"), "row 'soon' is not a month")


def test_a_cut_off_file_is_refused(adjacency):
    data = adjacency.read_bytes()
    adjacency.write_bytes(data[:-12])
    refused(adjacency, "line 7")
    adjacency.write_bytes(data.splitlines(keepends=True)[0])
    refused(adjacency)


def test_more_cells_than_a_table_should_hold_are_a_matrix_only(made, monkeypatch):
    monkeypatch.setattr("datajam.sources.skill_adjacency._MOST_CELLS", 35)
    path = square(made, lambda rows: None)
    with pytest.raises(BadSource, match="36 cells"):
        load(path)
    assert matrix(path).shape == (6, 6)


@pytest.mark.parametrize("header", ["area,value", "month,area", "skills", "time_period,R"])
def test_other_files_are_not_taken_for_it(tmp_path, header):
    path = tmp_path / "other.csv"
    path.write_text(f"{header}\nLeeds,1\n")
    assert LAYOUT.differences(preview(path))
    with pytest.raises(BadSource, match="not a matrix of skills"):
        matrix(path)


def test_published_files_are_not_taken_for_it(real):
    for name in ("skills/els_apprenticeships.csv", "skills/dfe_ons_textkernel_profession_oct22.csv"):
        assert LAYOUT.differences(preview(real(name)))
