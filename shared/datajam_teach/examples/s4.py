"""S4, is demand rising: adverts that name a skill, on a board that grows every month, with months that scatter more than chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2018


@dataclass(frozen=True)
class Truth:
    """The planted parameters: monthly growth of the board and of the skill's share, and how many times chance months scatter."""

    months: int = 36
    adverts: float = 4000.0
    board: float = 0.03
    share: float = 0.05
    slope: float = -0.01
    scatter: float = 13.0


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a month: month (0 first), all adverts on the board, and those that name the skill.

    >>> list(make().columns), len(make())
    (['month', 'adverts', 'naming'], 36)
    """
    rng = np.random.default_rng(seed)
    month = np.arange(truth.months)
    adverts = rng.poisson(truth.adverts * np.exp(truth.board * month))
    mean = adverts * truth.share * np.exp(truth.slope * month)
    # A gamma mixture of Poisson counts: variance is scatter times the mean.
    naming = rng.poisson(rng.gamma(mean / (truth.scatter - 1), truth.scatter - 1))
    return pd.DataFrame({"month": month, "adverts": adverts, "naming": naming})


def growth(table: pd.DataFrame, of_share: bool = True, scale=None):
    """The fitted growth a month by Poisson regression, of the share of the board or of the count.

    `scale="X2"` lets months scatter more than chance (Wedderburn, 1974).
    """
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    offset = np.log(table["adverts"]) if of_share else None
    return smf.glm("naming ~ month", table, family=sm.families.Poisson(), offset=offset).fit(scale=scale)


def in_words(fit) -> str:
    """A fitted growth with its 95% interval, in percent a month."""
    low, high = 100 * np.expm1(fit.conf_int().loc["month"])
    return f"{100 * np.expm1(fit.params['month']):+.1f}% a month (95% interval {low:+.1f}% to {high:+.1f}%)"


def picture(table: pd.DataFrame, place: str) -> charts.Chart:
    """The skill's share of the board by month, with the fitted line."""
    fit = growth(table, scale="X2")
    share = 100 * table["naming"] / table["adverts"]
    line = 100 * fit.fittedvalues / table["adverts"]
    clear = fit.conf_int().loc["month"].max() < 0
    title = "The count rises, the share of adverts falls" if clear else "The count rises, the share may not"
    source = "SYNTHETIC DATA, made for this example"
    figure, axes = charts.canvas(title, f"Share of adverts that name the skill, by month, {place}. Line: fitted share", source)
    axes.scatter(table["month"], share, s=22, color=charts.GREY)
    axes.plot(table["month"], line, color=charts.BLUE, lw=2)
    axes.set_ylim(0, 1.2 * share.max())
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    axes.set_xlabel("Month")
    alt = f"Dots of the share of adverts naming a skill over {len(table)} months, from {line.iloc[0]:.1f}% to {line.iloc[-1]:.1f}% "
    alt += f"on the fitted line: {in_words(fit)}."
    data = table.assign(share=share.round(2), fitted=line.round(2))
    return charts.Chart(figure, name="share_of_board", title=title, alt=alt, data=data, source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: growth of count and share in percent a month, and whether each interval holds the planted slope."""
    table = make(seed)
    plain, wide = growth(table), growth(table, scale="X2")

    def holds(fit) -> float:
        low, high = fit.conf_int().loc["month"]
        return float(low <= TRUTH.slope <= high)

    return {
        "growth of the count, percent": float(100 * growth(table, of_share=False).params["month"]),
        "growth of the share, percent": float(100 * wide.params["month"]),
        "scatter of months, times chance": float(wide.scale),
        "interval holds, months may scatter": holds(wide),
        "interval holds, plain Poisson": holds(plain),
    }


EXPECTED = {
    "growth of the count, percent": (2.0, 0.1),
    "growth of the share, percent": (-1.0, 0.1),
    "interval holds, months may scatter": (0.93, 0.04),
    "interval holds, plain Poisson": (0.41, 0.08),
}
TOLERANCE = {"growth of the share, percent": (-1.0, 1.4), "scatter of months, times chance": (TRUTH.scatter, 10.5)}
