"""Imported once, by the server that processes are forked from: imports what notebooks will, and does what they do first.

Nothing here may change what a notebook would find in a fresh kernel: settings are put back, no shell is left, and a
module that cannot be imported is left for the notebook to complain about.
"""

import contextlib
import gc
import importlib
import io
import os
import sys
import warnings

from datajam.engine import warm


def _import(names: list[str]) -> None:
    for name in names:
        try:
            importlib.import_module(name)
        except BaseException:
            continue


def _do() -> None:
    """A table, a chart and a cell: what is looked up, parsed and cached on first use need not be looked up in each child."""
    import nbformat

    from datajam.engine.shell import Shell

    with Shell() as shell:
        shell.run("2 + 2")
    for minor in (4, 5):
        nbformat.validate(nbformat.v4.new_notebook(nbformat_minor=minor))
    if "pandas" in sys.modules:
        import pandas

        table = pandas.read_csv(io.StringIO("a,b\n1,x\n2,y\n4,y\n"), dtype=str, encoding="utf-8-sig")
        table = table[table["b"] != ""].assign(a=lambda rows: pandas.to_numeric(rows["a"], errors="coerce")).dropna(subset="a")
        table.groupby("b").mean()._repr_html_()
        if "statsmodels.formula.api" in sys.modules:
            sys.modules["statsmodels.formula.api"].ols("a ~ b", table).fit()
    if "matplotlib" in sys.modules:
        import matplotlib
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with matplotlib.rc_context():
            figure = Figure()
            FigureCanvasAgg(figure)
            axes = figure.subplots()
            axes.plot([1, 2], label="one")
            axes.set_title("two")
            axes.legend()
            figure.savefig(io.BytesIO(), format="png", bbox_inches="tight")


_ours = os.environ.pop("DATAJAM_PYTHONPATH", "")
os.environ.pop("PYTHONPATH", None)
if _ours:
    os.environ["PYTHONPATH"] = _ours
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
_import([name for name in os.environ.get("DATAJAM_PRELOAD", "").split(",") if name])
del os.environ["PYDEVD_DISABLE_FILE_VALIDATION"]
with contextlib.suppress(Exception), warnings.catch_warnings(action="ignore"):
    warm.kernel_path()
    _do()
gc.collect()
gc.freeze()
