"""What is not open leaves only after the small-number rule: at reading, in charts, in exports and in what is recorded."""

import pandas as pd
import pytest

import datajam
from datajam import project
from datajam.analyse import estimates
from datajam.analyse.estimates import Estimate
from datajam.errors import DataJamError
from datajam.leave import disclosure
from datajam.say import charts, charts_places


def sensitive(baked):
    """The project with its own small counts of a source that is not open."""
    path = baked / "data" / "raw" / "ours.csv"
    rows = [f"{place},2025,Helped,{count},count" for place, count in (("Leeds", 3), ("Hull", 48), ("York", 0), ("Bradford", 121))]
    path.write_text("\n".join(["place,period,indicator,value,unit", *rows]) + "\n", encoding="utf-8")
    project.add_source(project.open_project(baked), path, "ours", sensitivity="personal", agreement="Ms Day, 2026")
    return project.open_project(baked, source="ours")


def made(value: float) -> Estimate:
    return Estimate("Leeds", "all", "2025", value, 100, "ok", "made up", error=1.0, unit="percent")


def drawn(source: str) -> charts.Chart:
    return charts.dots([made(4.0), made(6.0)], name="a", title="Two numbers", label="made up", source=source)


def test_reading_a_source_that_is_not_open_suppresses_small_counts_and_rounds_the_rest(baked, capsys):
    table = sensitive(baked).read()
    assert table["value"].fillna(-1).tolist() == [-1, 50, 0, 120]
    assert table["status"].tolist() == ["suppressed", "ok", "ok", "ok"] and disclosure.is_cleared(table)
    assert "Passed automatic checks; awaiting an output checker." in capsys.readouterr().out


def test_an_open_source_is_read_as_published(baked, capsys):
    table = project.open_project(baked).read()
    assert "disclosure" not in table.attrs and "awaiting" not in capsys.readouterr().out


def test_charts_refuse_estimates_once_something_sensitive_was_read_without_the_rule(baked):
    hack = sensitive(baked)
    hack.read(cleared=False)
    with pytest.raises(DataJamError, match="ours was read without the small-number rule.*disclosure.clear"):
        drawn(hack.credit())


def test_a_chart_of_a_table_that_went_through_the_rule_is_drawn_and_one_changed_since_is_not(baked):
    hack = sensitive(baked)
    hack.read(cleared=False)
    places = ["Leeds", "Hull, City of", "York", "Bradford", "Wakefield"]
    counts = pd.DataFrame({"place": places, "events": [30, 20, 10, 40, 60], "base": [300, 310, 290, 280, 500]})
    cleared = disclosure.clear(counts, counts=["events", "base"])
    words = {"name": "f", "title": "A funnel", "label": "helped", "source": hack.credit()}
    assert charts_places.funnel(cleared, "Leeds", **words).cleared
    with pytest.raises(DataJamError, match="without the small-number rule"):
        charts_places.funnel(counts, "Leeds", **words)
    cleared.loc[0, "events"] = 31
    with pytest.raises(DataJamError, match="without the small-number rule"):
        charts_places.funnel(cleared, "Leeds", **words)


def test_a_file_opened_by_name_counts_as_read_without_the_rule(baked):
    hack = sensitive(baked)
    hack.file("ours")
    with pytest.raises(DataJamError, match="without the small-number rule"):
        drawn(hack.credit())


def test_an_svg_is_only_of_published_or_cleared_numbers_and_save_leaves_it_out_otherwise(baked, tmp_path):
    chart = drawn(project.open_project(baked).credit())
    assert chart.svg().startswith("<?xml") and chart.svg() == chart.svg()
    assert [path.suffix for path in chart.save(tmp_path / "open")] == [".png", ".csv", ".svg"]
    typed = drawn("typed by hand")
    assert [path.suffix for path in typed.save(tmp_path / "typed")] == [".png", ".csv"]
    with pytest.raises(DataJamError, match="no SVG"):
        typed.svg()


def test_an_export_takes_only_a_table_that_went_through_the_rule(baked, capsys):
    hack = sensitive(baked)
    raw = hack.read(cleared=False)
    with pytest.raises(DataJamError, match="export helped.csv: ours was read without"):
        hack.export(raw, "helped.csv", "people helped")
    hack.export(disclosure.clear_observations(raw), "helped.csv", "people helped")
    assert "helped.csv: people helped" in capsys.readouterr().out


def test_a_recorded_number_on_few_people_of_a_sensitive_source_stops_the_run(baked, datajam_command):
    import json

    sensitive(baked)
    lines = ["import datajam", "hack = datajam.open_project(source='ours')", "table = hack.read()"]
    record = "datajam.record('helped', 33.3, 'percent', label='Helped', base=9, base_of='people')"
    cells = [{"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None, "source": "\n".join([*lines, record])}]
    notebook = {"cells": cells, "metadata": {"kernelspec": {"name": "python3", "display_name": "Python 3"}}}
    path = baked / "notebooks" / "06_ours.ipynb"
    path.write_text(json.dumps({**notebook, "nbformat": 4, "nbformat_minor": 4}), encoding="utf-8")
    done = datajam_command("run", "--quiet", "--notebooks", "06*", cwd=baked)
    assert done.returncode == 2 and "'helped' rests on 9 people of ours, which is not open: 10 are needed" in done.stderr
    assert not (baked / "runs" / "north-east").exists()


def test_the_agreement_of_a_source_stays_when_its_file_is_logged_again(baked):
    hack = sensitive(baked)
    project.add_source(hack, baked / "data" / "raw" / "ours.csv", "ours")
    assert project.open_project(baked).sources["ours"].agreement == "Ms Day, 2026"


def test_a_cell_without_a_note_stays_empty_in_a_charts_data():
    table = estimates.as_table([made(4.0)])
    chart = drawn("by hand")
    assert table["note"].tolist() == [""] and "'" not in chart.csv()


def test_a_text_that_a_spreadsheet_would_run_is_made_harmless():
    one = Estimate("=cmd()", "all", "2025", None, None, "absent", "", unit="percent")
    assert "'=cmd()" in charts.dots([one], name="a", title="None", label="made up numbers", source="by hand").csv()


def test_the_loaders_table_alone_needs_no_gate(real):
    assert not disclosure.is_cleared(datajam.read(real("cohesion/els_claimant-count.csv")))
