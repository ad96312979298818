"""C4, are minority residents less satisfied: residents of sixty areas, where the areas say one thing and the people another."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: areas, residents asked in each, the effect for a person, and that of an area's whole share."""

    areas: int = 60
    asked: int = 100
    person: float = 0.40
    area: float = -3.08
    spread: float = 1.6
    area_spread: float = 0.25


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a resident: area, whether they belong to a minority (1 or 0), and how satisfied they are.

    >>> make().groupby("area").size().unique().tolist()
    [100]
    """
    rng = np.random.default_rng(seed)
    share = rng.uniform(0.05, 0.6, truth.areas)
    area = np.repeat(np.arange(truth.areas), truth.asked)
    minority = (rng.random(len(area)) < share[area]).astype(int)
    level = 7.2 + truth.area * share + rng.normal(0, truth.area_spread, truth.areas)
    satisfaction = level[area] + truth.person * minority + rng.normal(0, truth.spread, len(area))
    return pd.DataFrame({"area": area, "minority": minority, "satisfaction": satisfaction})


def areas(table: pd.DataFrame) -> pd.DataFrame:
    """The averages of each area: the share who belong to a minority, and satisfaction."""
    return table.groupby("area", as_index=False)[["minority", "satisfaction"]].mean()


def centred(table: pd.DataFrame) -> pd.DataFrame:
    """The residents with their area's share, and by how much they differ from it."""
    share = table.groupby("area")["minority"].transform("mean")
    return table.assign(share=share, within=table["minority"] - share)


def area_slope(table: pd.DataFrame):
    """The regression of areas: satisfaction on the share, as statsmodels gives it."""
    import statsmodels.formula.api as smf

    return smf.ols("satisfaction ~ minority", areas(table)).fit()


def within_areas(table: pd.DataFrame):
    """The regression of residents, within and between areas apart, its errors clustered by area."""
    import statsmodels.formula.api as smf

    groups = {"groups": table["area"]}
    return smf.ols("satisfaction ~ within + share", centred(table)).fit(cov_type="cluster", cov_kwds=groups)


def in_words(fit, name: str) -> str:
    """A slope with its 95% interval."""
    low, high = fit.conf_int().loc[name]
    return f"{fit.params[name]:+.2f} (95% interval {low:+.2f} to {high:+.2f})"


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The areas as dots with their line, and within some areas the line of their residents."""
    dots, fit, person = areas(table), area_slope(table), within_areas(table).params["within"]
    title = "Areas fall, people rise: two different questions"
    source = "SYNTHETIC DATA, made for this example"
    words = (
        f"Satisfaction by share of minority residents, {place}. Grey: areas and their line. Blue: minority residents within an area"
    )
    figure, axes = charts.canvas(title, words, source, 3.8)
    axes.scatter(dots["minority"], dots["satisfaction"], s=22, color=charts.GREY)
    ends = np.array([dots["minority"].min(), dots["minority"].max()])
    axes.plot(ends, fit.params["Intercept"] + fit.params["minority"] * ends, color=charts.GREY, lw=2)
    for row in dots.iloc[::6].itertuples():
        heights = row.satisfaction + person * np.array([-0.5, 0.5])
        axes.plot([row.minority - 0.03, row.minority + 0.03], heights, color=charts.BLUE, lw=2.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    alt = f"Scatter of {len(dots)} areas: satisfaction by share of minority residents, slope {fit.params['minority']:.2f}; "
    alt += f"within areas minority residents are {person:+.2f} points from their neighbours."
    return charts.Chart(figure, name="areas_and_people", title=title, alt=alt, data=dots.round(3), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the slope of areas, the difference within areas, and whether its interval holds the planted one."""
    table = make(seed)
    fit = within_areas(table)
    low, high = fit.conf_int().loc["within"]
    return {
        "slope of areas": float(area_slope(table).params["minority"]),
        "difference within areas": float(fit.params["within"]),
        "interval holds": float(low <= TRUTH.person <= high),
    }


EXPECTED = {"slope of areas": (-2.46, 0.1), "difference within areas": (0.40, 0.02), "interval holds": (0.95, 0.04)}
TOLERANCE = {"difference within areas": (0.40, 0.16)}
