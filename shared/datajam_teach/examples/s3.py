"""S3, what is a skill worth: salaries in adverts, where seniority raises both the pay and the chance that the skill is named."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018
FILLED_IN = 28876.0
LEVELS = ("junior", "middle", "senior")
REGIONS = ("North East", "North West", "London")


@dataclass(frozen=True)
class Truth:
    """The planted parameters: adverts, the premium of skill, seniority and London (logarithms), and how many are filled in."""

    adverts: int = 2400
    premium: float = 0.08
    a_level: float = 0.285
    london: float = 0.2
    spread: float = 0.2
    filled_in: float = 0.35


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row an advert: seniority, region, whether it names Python (1 or 0), its salary, and whether that was filled in.

    >>> make()["filled_in"].mean().round(1)
    np.float64(0.4)
    """
    rng = np.random.default_rng(seed)
    level = rng.choice(3, truth.adverts, p=[0.4, 0.4, 0.2])
    region = rng.choice(3, truth.adverts)
    python = rng.random(truth.adverts) < np.array([0.15, 0.35, 0.60])[level]
    pay = 10.1 + truth.premium * python + truth.a_level * level + truth.london * (region == 2)
    salary = np.exp(pay + rng.normal(0, truth.spread, truth.adverts)).round(-2)
    filled = rng.random(truth.adverts) < truth.filled_in
    columns = {"seniority": np.array(LEVELS)[level], "region": np.array(REGIONS)[region], "python": python.astype(int)}
    return pd.DataFrame({**columns, "salary": np.where(filled, FILLED_IN, salary), "filled_in": filled})


def commonest(table: pd.DataFrame) -> tuple[float, int]:
    """The salary that stands in most adverts, and in how many."""
    counts = table["salary"].value_counts()
    return float(counts.index[0]), int(counts.iloc[0])


def premium(table: pd.DataFrame, alike: str = ""):
    """The regression of the logarithm of salary on the skill, among adverts alike in the terms of `alike`."""
    import statsmodels.formula.api as smf

    return smf.ols(f"np.log(salary) ~ python {alike}", table).fit(cov_type="HC1")


def in_words(fit) -> str:
    """A premium in percent with its 95% interval."""
    low, high = 100 * np.expm1(fit.conf_int().loc["python"])
    return f"{100 * np.expm1(fit.params['python']):+.1f}% (95% interval {low:+.1f}% to {high:+.1f}%)"


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The premium as counted, and among adverts alike in seniority and region."""
    fits = {"as counted": premium(table), "alike in seniority and region": premium(table, "+ C(seniority) + C(region)")}
    rows = pd.DataFrame(
        [(name, *(100 * np.expm1([fit.params["python"], *fit.conf_int().loc["python"]]))) for name, fit in fits.items()],
        columns=["what", "percent", "lower", "upper"],
    )
    title = f"Python is worth {rows['percent'].iloc[1]:.0f}%, not {rows['percent'].iloc[0]:.0f}%"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"How much more adverts that name Python pay, {place}. Lines: 95% interval", source, 2.0)
    bars = [rows["percent"] - rows["lower"], rows["upper"] - rows["percent"]]
    axes.errorbar(rows["percent"], rows.index, xerr=bars, fmt="D", color=charts.BLUE, ms=8, lw=2)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(1.5, -0.5)
    axes.set_xlim(0, rows["upper"].max() + 4)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Dot chart of how much more adverts that name Python pay: {rows['percent'].iloc[0]:.1f}% as counted, "
    alt += f"{in_words(fits['alike in seniority and region'])} among adverts alike in seniority and region."
    return charts.Chart(figure, name="premium", title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the premium as counted and among like adverts, in percent, and whether its interval holds the planted one."""
    table = make(seed)
    measured = table[~table["filled_in"]]
    fit = premium(measured, "+ C(seniority) + C(region)")
    low, high = fit.conf_int().loc["python"]
    diluted = premium(table, "+ C(seniority) + C(region)")
    return {
        "premium as counted, percent": float(100 * np.expm1(premium(measured).params["python"])),
        "premium among like adverts, percent": float(100 * np.expm1(fit.params["python"])),
        "the same with filled-in salaries, percent": float(100 * np.expm1(diluted.params["python"])),
        "interval holds": float(low <= TRUTH.premium <= high),
    }


EXPECTED = {
    "premium as counted, percent": (28.0, 1.5),
    "premium among like adverts, percent": (8.4, 0.4),
    "interval holds": (0.96, 0.03),
}
TOLERANCE = {"premium among like adverts, percent": (8.33, 4.0)}
