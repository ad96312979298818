"""The command line: quick to start, plain to read, one line when something is wrong."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parents[1]
SAMPLE = ROOT / "starters" / "attainment" / "data" / "sample" / "attainment_by_fsm_synthetic.csv"


def test_places_lists_code_name_kind_and_region(datajam_command):
    done = datajam_command("places", "tyneside")
    assert done.returncode == 0 and "E08000022  North Tyneside" in done.stdout and "North East" in done.stdout


def test_places_says_what_became_of_an_area_that_was_split(datajam_command):
    done = datajam_command("places", "E10000006")
    assert "E06000063" in done.stdout + done.stderr and "E06000064" in done.stdout + done.stderr


def test_read_prints_the_load_report_and_writes_the_table(datajam_command, tmp_path):
    for name in ("out.parquet", "out.csv"):
        done = datajam_command("read", str(SAMPLE), "--out", str(tmp_path / name))
        assert done.returncode == 0 and "read as dfe_ees" in done.stdout and "under an ended code" in done.stdout
    table = pd.read_parquet(tmp_path / "out.parquet")
    assert len(table) == 12_375 and table["status"].value_counts()["suppressed"] == 408


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["raed", "x"], "no command 'raed'. Did you mean read?"),
        (["read", str(ROOT / "README.md")], "Nearest is"),
        (["read", str(SAMPLE), "--out", "x.docx"], "end it in .parquet or .csv"),
        (["read", str(SAMPLE), "--out", "nowhere/x.csv"], "does not exist"),
        (["read", str(SAMPLE), "--layout", "dfe_eex"], "No layout is called"),
        (["read"], "required"),
        (["places", "Atlantis"], "No place called 'Atlantis'"),
    ],
)
def test_a_wrong_word_is_told_in_one_line_with_exit_2(datajam_command, tmp_path, words, said):
    done = datajam_command(*words, cwd=tmp_path)
    assert done.returncode == 2 and said in done.stderr and len(done.stderr.strip().splitlines()) == 1
    assert not list(tmp_path.iterdir())


def test_without_a_command_it_says_what_there_is(datajam_command):
    done = datajam_command()
    assert done.returncode == 0 and all(verb in done.stdout for verb in ("run", "places", "add-source", "read"))


def test_importing_loads_nothing_heavy():
    code = "import sys, datajam, datajam.cli; print(sorted({'pandas', 'numpy', 'matplotlib', 'IPython'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT / "shared", check=True)
    assert done.stdout.strip() == "[]"


def test_a_console_that_cannot_show_a_letter_does_not_stop_it(datajam_command):
    done = datajam_command("places", "Llŷn", PYTHONIOENCODING="cp1252", PYTHONUTF8="0")
    assert done.returncode == 2 and "No place called" in done.stderr


def test_no_public_name_is_hidden_by_a_module_once_that_is_imported():
    import datajam

    modules = {path.stem for path in (ROOT / "shared" / "datajam").iterdir() if path.suffix in ("", ".py")}
    assert not modules & set(datajam.__all__)
    assert all(callable(getattr(datajam, name)) for name in datajam.__all__ if name != "__version__")


def test_what_to_type_next_is_what_works_where_it_is_read(datajam_command):
    done = datajam_command("places", "Atlantis", DATAJAM_COMMAND="python3 -m nox -s datajam --")
    assert "`python3 -m nox -s datajam -- places Atlantis`" in done.stderr
