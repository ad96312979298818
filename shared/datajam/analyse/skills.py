"""Which skills next, which jobs, at what pay: the engine of DataJam 2018 done right, on the matrices of job adverts.

Two skills are associated as far as adverts that name one name the other too: the adverts they share, squared, over the product
of each one's own adverts (the squared cosine, or squared Ochiai similarity: 1 when always together, 0 when never). So a skill
that most adverts name is not recommended for being popular alone. What 2018 got wrong, and how it is here:

* your own skills were cut off by position, and came back as recommendations: they are removed by name;
* a skill or a job title of a handful of adverts could top the list ("Embalmer"): an association or a share that rests on fewer
  than `support` adverts counts for nothing;
* most salaries were one imputed value, shown as if measured: each salary says whether it is;
* equal scores came in any order: they come in order of name, and scores are whole numbers (millionths), so that the page made
  by `skills_page` gives the same answers in any browser.

The matrices are those of `datajam.sources.skill_adjacency.matrix`. They count adverts, not people, vacancies or places, over the
whole period, so that demand over time cannot be had from them: growth here is of pay.
"""

import calendar
import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from datajam.errors import DataJamError, did_you_mean
from datajam.sources.skill_adjacency import matrix

SUPPORT = 20
SCALE = 1_000_000
_FEWEST_MONTHS = 6
_FEWEST_SHARING, _SMALLEST_SHARE = 3, 0.1
_TABLES = (("adjacency", "adjacency counts", "count"), ("salaries", "salaries", "salary"), ("jobs", "job titles", "count"))


def month_in_words(month: str) -> str:
    """A month of the salaries as it stands in a sentence.

    >>> month_in_words("201808")
    'August 2018'
    """
    return f"{calendar.month_name[int(month[4:])]} {month[:4]}"


@dataclass(frozen=True)
class Salary:
    """The median salary (pounds a year) of the adverts that name a skill, in the last month; None where the file has none.

    `imputed` where so many of the month's skills have this very value (`shared_by` of `skills`) that it was filled in rather
    than measured. `adverts` are those that name the skill, of the whole period: how many stated pay is not published.
    """

    skill: str
    month: str
    value: float | None
    imputed: bool
    shared_by: int
    skills: int
    adverts: int

    @property
    def words(self) -> str:
        """The salary in a sentence, an imputed one said to be so.

        >>> Salary("R", "201808", 28876.0, True, 6, 10, 40).words
        'Pay of £28,876 a year is imputed: filled in for 6 of 10 skills in August 2018, not measured.'
        """
        if self.value is None:
            return f"No pay figure for {month_in_words(self.month)}."
        if self.imputed:
            where = f"{self.shared_by} of {self.skills} skills in {month_in_words(self.month)}"
            return f"Pay of £{round(self.value):,} a year is imputed: filled in for {where}, not measured."
        return f"Median pay £{round(self.value):,} a year in {month_in_words(self.month)}."


@dataclass(frozen=True)
class Growth:
    """How a skill's median salary grew: a share a year (0.03 is 3%) with its 95% interval, over the measured `months`.

    None, with the reason, where too few months are measured. Growth of pay among the adverts that state it, not of demand.
    """

    skill: str
    a_year: float | None
    interval: tuple[float, float] | None
    months: tuple[str, ...]
    adverts: int
    reason: str = ""


def _labels(table: pd.DataFrame, called: str) -> None:
    """Refuse a matrix that is empty, or names a row or column twice."""
    for axis, names in (("row", table.index), ("column", table.columns)):
        if not len(names):
            raise DataJamError(f"The {called} are empty: no {axis}s. Read them with skill_adjacency.matrix(path).")
        if not names.is_unique:
            again = names[names.duplicated()][0]
            raise DataJamError(f"The {called} have {axis} {again!r} twice. Read them with skill_adjacency.matrix(path).")


def _cells(table: pd.DataFrame, called: str, kind: str) -> None:
    """Refuse a matrix whose cells are not all counts, or not all salaries (which may be missing)."""
    right = all(pd.api.types.is_numeric_dtype(column) for column in table.dtypes)
    if right:
        values = table.to_numpy(dtype=float)
        right = bool((np.isnan(values) | (values > 0) if kind == "salary" else np.isfinite(values) & (values >= 0)).all())
    if not right:
        raise DataJamError(f"The {called} hold a cell that is not a {kind}. Read them with skill_adjacency.matrix(path).")


def _by_name(names: Iterable[str]) -> list[str]:
    return sorted(names, key=lambda name: (name.casefold(), name))


def _same_skills(adjacency: pd.DataFrame, table: pd.DataFrame, called: str) -> None:
    odd = adjacency.index.symmetric_difference(table.columns)
    if len(odd):
        where = f"missing from the {called}" if odd[0] in adjacency.index else f"only in the {called}"
        raise DataJamError(f"{odd[0]!r} is {where} ({len(odd)} such skills). The three files must be of the same skills.")


def _agree(adjacency: pd.DataFrame, jobs: pd.DataFrame) -> None:
    """Refuse an adjacency that is no co-occurrence matrix, and job titles of more adverts than it has."""
    counts, own = adjacency.to_numpy(), np.diag(adjacency)
    if not np.array_equal(counts, counts.T) or (counts > own).any():
        raise DataJamError("The adjacency is not symmetric with the largest counts on its diagonal. Read it with matrix(path).")
    beyond = np.argwhere(jobs.to_numpy() > own)
    if len(beyond):
        title, skill = beyond[0]
        raise DataJamError(
            f"{jobs.index[title]!r} has {jobs.iloc[title, skill]:,} adverts that name {jobs.columns[skill]!r}, which has only "
            f"{own[skill]:,} in all. The adjacency and the job titles must be of the same adverts."
        )


@dataclass(frozen=True, eq=False)
class Engine:
    """The skills engine on three matrices: adjacency (skills by skills), salaries (yyyymm by skills), jobs (titles by skills).

    Skills may come in any order and are put in order of name. `support` is the fewest adverts that an association or a share
    may rest on. Raises `DataJamError` for matrices that are not of the same skills and adverts.

    >>> skills = ["Java", "SQL", "Nursing"]
    >>> adjacency = pd.DataFrame([[100, 60, 0], [60, 90, 5], [0, 5, 80]], skills, skills)
    >>> salaries = pd.DataFrame([[41000.0, 38000.0, 31000.0]], ["201808"], skills)
    >>> jobs = pd.DataFrame([[70, 50, 0], [2, 4, 75]], ["Developer", "Nurse"], skills)
    >>> engine = Engine(adjacency, salaries, jobs)
    >>> engine.recommend_skills(["java"])[["skill", "association", "shared"]].values.tolist()
    [['SQL', 0.4, 60]]
    >>> engine.jobs_for(["Java", "SQL"])[["job", "adverts"]].values.tolist()
    [['Developer', 70]]
    """

    adjacency: pd.DataFrame
    salaries: pd.DataFrame
    jobs: pd.DataFrame
    support: int = SUPPORT

    def __post_init__(self) -> None:
        if isinstance(self.support, bool) or not isinstance(self.support, int) or self.support < 1:
            raise DataJamError(f"support is {self.support!r}: it must be a whole number of adverts, 1 or more.")
        for name, called, kind in _TABLES:
            table = getattr(self, name).rename(index=str, columns=str)
            _labels(table, called)
            _cells(table, called, kind)
            object.__setattr__(self, name, table)
        _same_skills(self.adjacency, self.adjacency, "columns of the adjacency counts")
        _same_skills(self.adjacency, self.salaries, "salaries")
        _same_skills(self.adjacency, self.jobs, "job titles")
        strange = [month for month in self.salaries.index if not re.fullmatch(r"(19|20)\d{2}(0[1-9]|1[0-2])", month)]
        if strange:
            raise DataJamError(f"The salaries' row {strange[0]!r} is not a month such as 201807.")
        skills = _by_name(self.adjacency.index)
        object.__setattr__(self, "adjacency", self.adjacency.loc[skills, skills])
        object.__setattr__(self, "salaries", self.salaries.sort_index()[skills])
        object.__setattr__(self, "jobs", self.jobs.loc[_by_name(self.jobs.index), skills])
        _agree(self.adjacency, self.jobs)

    @property
    def skills(self) -> list[str]:
        """The skills, in order of name."""
        return list(self.adjacency.index)

    @cached_property
    def adverts(self) -> pd.Series:
        """The adverts that name each skill."""
        return pd.Series(np.diag(self.adjacency), self.adjacency.index)

    @cached_property
    def associations(self) -> pd.DataFrame:
        """The association of each two skills in millionths, whole; 0 where they share fewer adverts than the support."""
        shares = self.adjacency.to_numpy() / np.maximum(np.diag(self.adjacency), 1)[:, None]
        squared = np.where(self.adjacency >= self.support, shares * shares.T, 0.0)
        return pd.DataFrame(np.rint(squared * SCALE).astype("int64"), self.adjacency.index, self.adjacency.columns)

    @cached_property
    def shares(self) -> pd.DataFrame:
        """The share of each skill's adverts that carry each title in millionths, whole; 0 where fewer than the support do."""
        shares = np.where(self.jobs >= self.support, self.jobs / np.maximum(self.adverts, 1), 0.0)
        return pd.DataFrame(np.rint(shares * SCALE).astype("int64"), self.jobs.index, self.jobs.columns)

    def known(self, skills: Iterable[str] | str) -> list[str]:
        """Skills as the adverts spell them, each once, capitals not minded. Raises `DataJamError` naming the nearest."""
        folded: dict[str, list[str]] = {}
        for name in self.skills:
            folded.setdefault(name.casefold(), []).append(name)
        found = []
        for text in [skills] if isinstance(skills, str) else skills:
            asked = str(text).strip()
            same = [asked] if asked in self.adverts.index else folded.get(asked.casefold(), [])
            if len(same) != 1:
                raise DataJamError(f"No skill {asked[:60]!r} in the adverts. {did_you_mean(asked[:60], same or self.skills)}")
            found.append(same[0])
        if not found:
            raise DataJamError(f"Name at least one skill, such as {self.adverts.idxmax()!r}.")
        return list(dict.fromkeys(found))

    def too_rare(self, skills: Iterable[str] | str) -> dict[str, int]:
        """Those of the skills that fewer adverts than the support name, with how many do: nothing can be said of them."""
        adverts = self.adverts[self.known(skills)]
        return {name: int(count) for name, count in adverts.items() if count < self.support}

    def recommend_skills(self, my_skills: Iterable[str] | str, n: int = 5) -> pd.DataFrame:
        """The n skills most associated with mine together, best first, equals by name; fewer where too few adverts say so.

        A row has `skill`; `score` (sum of associations in millionths) and `association` (the same as a number); `adverts` that
        name the skill; `shared`, those that also name one of mine (the largest count with any one of them: at least so many);
        `salary` in pounds a year and whether it is `imputed`.
        """
        mine = self.known(my_skills)
        best = _best(self.associations[mine].sum(axis=1).drop(index=mine), n)
        salaries = [self.salary(name) for name in best.index]
        return pd.DataFrame(
            {
                "skill": pd.array(best.index, dtype="str"),
                "score": best.to_numpy(),
                "association": best.to_numpy() / SCALE,
                "adverts": self.adverts[best.index].to_numpy(),
                "shared": self.adjacency.loc[best.index, mine].max(axis=1).to_numpy(),
                "salary": np.array([salary.value for salary in salaries], dtype=float),
                "imputed": np.array([salary.imputed for salary in salaries], dtype=bool),
            }
        )

    def jobs_for(self, skills: Iterable[str] | str, n: int = 5) -> pd.DataFrame:
        """The n job titles that adverts naming these skills carry most, best first, equals by name.

        A row has `job`; `score` (the shares of each skill's adverts that carry the title, summed, in millionths) and `share`
        (their average over the skills that are not too rare, 0 to 1); `adverts` of the title (the largest count with any one
        skill: at least so many); `skills`, how many of these the title asks for in enough adverts to count.
        """
        mine = self.known(skills)
        best = _best(self.shares[mine].sum(axis=1), n)
        counted, common = self.shares.loc[best.index, mine] > 0, len(mine) - len(self.too_rare(mine))
        return pd.DataFrame(
            {
                "job": pd.array(best.index, dtype="str"),
                "score": best.to_numpy(),
                "share": best.to_numpy() / (SCALE * max(common, 1)),
                "adverts": self.jobs.loc[best.index, mine].max(axis=1).to_numpy(),
                "skills": counted.sum(axis=1).to_numpy(),
            }
        )

    @cached_property
    def heaped(self) -> dict[str, tuple[float, int, int]]:
        """Each month's imputed value, by month: (the value, how many skills have it, how many have any). Absent where none.

        A value is imputed where 3 or more skills, and a tenth or more of those with a figure, have it: measured medians differ.
        """
        found = {}
        for month, row in self.salaries.iterrows():
            counts = row.dropna().value_counts()
            if len(counts) and counts.iloc[0] >= max(_FEWEST_SHARING, _SMALLEST_SHARE * counts.sum()):
                found[str(month)] = (float(counts.index[0]), int(counts.iloc[0]), int(counts.sum()))
        return found

    def salary(self, skill: str) -> Salary:
        """The median salary of a skill in the last month, and whether it is imputed. Raises `DataJamError` if unknown."""
        name, month = self.known(skill)[0], str(self.salaries.index[-1])
        value, row = self.salaries.at[month, name], self.salaries.loc[month]
        with_figure = int(row.notna().sum())
        adverts = int(self.adverts[name])
        if pd.isna(value):
            return Salary(name, month, None, False, 0, with_figure, adverts)
        heap = self.heaped.get(month)
        imputed = heap is not None and bool(value == heap[0])
        return Salary(name, month, float(value), imputed, int((row == value).sum()), with_figure, adverts)

    def growth(self, skill: str) -> Growth:
        """How a skill's pay grew a year, over the months in which it was measured: Theil-Sen slope of its logarithm.

        None where fewer than 6 months are measured. Raises `DataJamError` for an unknown skill.
        """
        from scipy.stats import theilslopes

        name = self.known(skill)[0]
        pay = self.salaries[name].dropna()
        measured = pay[[month not in self.heaped or value != self.heaped[month][0] for month, value in pay.items()]]
        months, adverts = tuple(measured.index), int(self.adverts[name])
        if len(months) < _FEWEST_MONTHS:
            reason = f"pay was measured in {len(months)} of {len(self.salaries)} months, and {_FEWEST_MONTHS} are needed"
            return Growth(name, None, None, months, adverts, reason)
        years = np.array([int(month[:4]) + int(month[4:]) / 12 for month in months])
        slope, _, low, high = theilslopes(np.log(measured.to_numpy()), years)
        return Growth(name, float(np.expm1(slope)), (float(np.expm1(low)), float(np.expm1(high))), months, adverts)


def _best(scores: pd.Series, n: int) -> pd.Series:
    """The n largest scores above nothing, best first; equal ones stay in the order they came in, which is by name."""
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 1:
        raise DataJamError(f"n is {n!r}: it must be a whole number, 1 or more.")
    found = scores[scores > 0]
    return found.iloc[np.argsort(-found.to_numpy(), kind="stable")].iloc[:n]


def read(adjacency: str | Path, salaries: str | Path, jobs: str | Path, support: int = SUPPORT) -> Engine:
    """The engine of three files of the 2018 layouts. Raises `BadSource` for any other file, `DataJamError` where they disagree."""
    return Engine(matrix(adjacency), matrix(salaries), matrix(jobs), support)
