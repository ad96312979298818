"""C1, what share feel they belong: a survey that young people answer less often, and belong to less."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2020
AGES = ("16 to 34", "35 to 59", "60 and over")


@dataclass(frozen=True)
class Truth:
    """The planted parameters: adults, invited, and by age group their share, who feels they belong, and who answers."""

    adults: int = 120_000
    invited: int = 5_000
    shares: tuple[float, ...] = (0.30, 0.40, 0.30)
    belong: tuple[float, ...] = (0.48, 0.66, 0.7733)
    answers: tuple[float, ...] = (0.26, 0.43, 0.70)

    @property
    def percent(self) -> float:
        """The percentage of all adults who feel they belong."""
        return 100 * float(np.dot(self.shares, self.belong))


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row an answer: age group, whether the person feels they belong (0 or 100), and the weight: adults one answer stands for.

    >>> make()["weight"].sum().round(-4)
    np.float64(120000.0)
    """
    rng = np.random.default_rng(seed)
    age = rng.choice(3, truth.invited, p=truth.shares)
    age = age[rng.random(truth.invited) < np.array(truth.answers)[age]]
    belongs = 100 * (rng.random(len(age)) < np.array(truth.belong)[age])
    weight = truth.adults / truth.invited / np.array(truth.answers)[age]
    return pd.DataFrame({"age": np.array(AGES)[age], "belongs": belongs, "weight": weight})


def share(survey: pd.DataFrame, weights: str = "weight"):
    """The percentage who belong as a weighted mean, with errors that know each answer is one person (HC1, the sandwich).

    Without a name of weights every answer counts alike.
    """
    import statsmodels.api as sm

    given = survey[weights] if weights else np.ones(len(survey))
    return sm.WLS(survey["belongs"], np.ones(len(survey)), weights=given).fit(cov_type="HC1")


def as_counts(survey: pd.DataFrame) -> tuple[float, float]:
    """The 95% interval of software that takes a weight of 40 for forty people who answered."""
    from statsmodels.stats.weightstats import DescrStatsW

    stats = DescrStatsW(survey["belongs"], survey["weight"])
    return stats.mean - 1.96 * stats.std_mean, stats.mean + 1.96 * stats.std_mean


def by_age(survey: pd.DataFrame) -> pd.DataFrame:
    """Each age group: its part of the answers and of adults, in percent, who belongs, and how many answered."""
    groups = survey.groupby("age")
    table = pd.DataFrame({"of_answers": 100 * groups.size() / len(survey)})
    table["of_adults"] = 100 * groups["weight"].sum() / survey["weight"].sum()
    return table.assign(belongs=groups["belongs"].mean(), answered=groups.size())


def in_words(fit) -> str:
    """A percentage with its 95% interval and base."""
    low, high = fit.conf_int().iloc[0]
    return f"{fit.params.iloc[0]:.1f}% (95% interval {low:.1f}% to {high:.1f}%, {int(fit.nobs):,} answers)"


def picture(survey: pd.DataFrame, place: str) -> charts.Chart:
    """The percentage as answered, and weighted."""
    fits = {"as answered": share(survey, ""), "weighted to all adults": share(survey)}
    rows = pd.DataFrame(
        [(name, fit.params.iloc[0], *fit.conf_int().iloc[0], int(fit.nobs)) for name, fit in fits.items()],
        columns=["what", "percent", "lower", "upper", "answers"],
    )
    title = f"{rows['percent'].iloc[1]:.0f}% feel they belong, not {rows['percent'].iloc[0]:.0f}%"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Adults who feel they belong, {place}, {len(survey):,} answers. Lines: 95% interval"
    figure, axes = charts.canvas(title, words, source, 2.0)
    bars = [rows["percent"] - rows["lower"], rows["upper"] - rows["percent"]]
    axes.errorbar(rows["percent"], rows.index, xerr=bars, fmt="D", color=charts.BLUE, ms=8, lw=2)
    axes.set_yticks(rows.index, rows["what"])
    axes.set_ylim(1.5, -0.5)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Dot chart of adults who feel they belong: as answered {in_words(fits['as answered'])}, "
    alt += f"weighted to all adults {in_words(fits['weighted to all adults'])}."
    return charts.Chart(figure, name="belonging", title=title, alt=alt, data=rows.round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the percentage raw and weighted, and whether the sandwich's and the counts' interval hold the planted one."""
    survey = make(seed)
    fit = share(survey)
    (low, high), (least, most) = fit.conf_int().iloc[0], as_counts(survey)
    return {
        "as answered, percent": float(share(survey, "").params.iloc[0]),
        "weighted, percent": float(fit.params.iloc[0]),
        "interval holds": float(low <= TRUTH.percent <= high),
        "interval holds, weights as counts": float(least <= TRUTH.percent <= most),
    }


EXPECTED = {
    "as answered, percent": (68.1, 0.3),
    "weighted, percent": (64.0, 0.3),
    "interval holds": (0.94, 0.03),
    "interval holds, weights as counts": (0.195, 0.05),
}
TOLERANCE = {"weighted, percent": (TRUTH.percent, 3.3)}
