"""A composite index built in the open: z-scores with a stated direction and weight, and three checks on it.

The index is the weighted mean of z-scores: in standard deviations, 0 the average place. A place that lacks any indicator is
not in it, and is named. The checks say whether the indicators hang together (Cronbach's alpha), whether one thing lies behind
them (first principal component), and how much a rank owes to the weights and to each indicator (`sensitivity`).

Source: OECD and European Commission Joint Research Centre, "Handbook on Constructing Composite Indicators" (2008).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.analyse.estimates import ALIKE, Estimate, choose, period, spoken_period
from datajam.errors import DataJamError
from datajam.vocabulary import places

FEWEST = 5


def wide(
    observations: pd.DataFrame,
    indicators: Sequence[str] | None = None,
    label: str | Mapping[str, str] = "latest",
    breakdown: str = "all",
) -> pd.DataFrame:
    """The value of each indicator in each of the 153 authorities: a row each by GSS code, a column each indicator.

    Without a list, every indicator of the table. `label` is the period of all indicators, or of each: {indicator: period}. Where
    there is no number the cell is missing; `missing` gives the reasons, `unreliable` the numbers that the publisher doubts.
    Raises `DataJamError` for an indicator, period or breakdown that the table lacks, or an indicator named twice.
    """
    indicators = list(observations["indicator"].cat.categories) if indicators is None else indicators
    names = [choose(observations, "indicator", name, "indicator") for name in indicators]
    if len(set(names)) != len(names) or not names:
        raise DataJamError(f"Name each indicator once, and at least one: {', '.join(map(repr, indicators)) or 'none given'}.")
    group = choose(observations, "breakdown", breakdown, "group")
    wanted = dict(zip(names, indicators, strict=True))
    codes = [place.code for place in places.authorities()]
    values, statuses, periods = {}, {}, {}
    for name in names:
        own = observations[(observations["indicator"] == name) & (observations["breakdown"] == group)]
        if not len(own):
            raise DataJamError(f"Indicator {name!r} has no figures for group {group!r} in this file.")
        asked = label if isinstance(label, str) else label.get(wanted[name], label.get(name, "latest"))
        periods[name] = period(own, asked)
        held = own[(own["period_label"] == periods[name]) & own["area_code"].isin(codes)].set_index("area_code")
        values[name] = held["value"].reindex(codes).to_numpy()
        statuses[name] = held["status"].astype("object").reindex(codes).fillna("absent").to_numpy()
    table = pd.DataFrame(values, index=pd.Index(codes, name="area_code"))
    statuses = pd.DataFrame(statuses, index=table.index)
    odd = statuses.where((statuses != "ok") | table.isna()).stack().dropna()
    table.attrs = {"periods": periods, "statuses": [(*key, str(status)) for key, status in odd.items()]}
    return table


def missing(table: pd.DataFrame) -> pd.DataFrame:
    """The cells without a number: area_code, place, indicator, status, and the reason in words.

    >>> table = pd.DataFrame({"trust": [61.0, None]}, index=["E08000035", "E06000053"])
    >>> missing(table)[["place", "indicator", "reason"]].values.tolist()
    [['Isles of Scilly', 'trust', 'not available in the file']]
    """
    known = {(code, name): status for code, name, status in table.attrs.get("statuses", [])}
    rows = []
    for code, name in table.isna().stack().loc[lambda cells: cells].index:
        status = known.get((code, name), "not_available")
        reason = Estimate("", "", "", None, None, status, status).reason
        rows.append([code, place_name(code), name, status, reason])
    return pd.DataFrame(rows, columns=["area_code", "place", "indicator", "status", "reason"])


def unreliable(table: pd.DataFrame) -> pd.DataFrame:
    """The cells that hold a number which the publisher calls unreliable: area_code, place, indicator. They are used."""
    known = table.attrs.get("statuses", [])
    rows = [(code, place_name(code), name) for code, name, status in known if status == "unreliable"]
    rows = [row for row in rows if row[0] in table.index and row[2] in table and pd.notna(table.loc[row[0], row[2]])]
    return pd.DataFrame(rows, columns=["area_code", "place", "indicator"])


def place_name(code: str) -> str:
    """The name of a place, or what it is called in the table where that is no GSS code.

    >>> place_name("E08000035"), place_name("Ward 7")
    ('Leeds', 'Ward 7')
    """
    place = places.by_code().get(code)
    return place.name if place else str(code)


def reasons(cells: pd.DataFrame) -> str:
    """Why the cells of one place have no number (rows of `missing`), in words.

    >>> reasons(pd.DataFrame({"indicator": ["trust", "belonging"], "reason": ["not in the file"] * 2}))
    'trust, belonging: not in the file'
    """
    grouped = cells.groupby("reason", sort=False)["indicator"].agg(lambda names: ", ".join(names))
    return "; ".join(f"{names}: {reason}" for reason, names in grouped.items())


@dataclass(frozen=True)
class Index:
    """A composite index: `z` is each place's z-scores turned so that more is better, `weights` add up to 1.

    `scores` and `ranks` (1 the highest; ties share the better rank) are by area code. `left_out` has a row for each cell for
    want of which a place is not in the index.
    """

    z: pd.DataFrame
    directions: dict[str, int]
    weights: dict[str, float]
    left_out: pd.DataFrame

    @property
    def scores(self) -> pd.Series:
        return (self.z * pd.Series(self.weights)).sum(axis="columns").rename("score")

    @property
    def ranks(self) -> pd.Series:
        return self.scores.round(12).rank(ascending=False, method="min").astype(int).rename("rank")

    @property
    def contributions(self) -> pd.DataFrame:
        """What each indicator adds to the score: the columns add up to it."""
        return self.z * pd.Series(self.weights)

    def coverage(self) -> str:
        """Which places are not in the index and for want of what, in a sentence."""
        lacking = self.left_out.groupby("place", sort=False)
        count = len(self.z) + len(lacking)
        if not len(lacking):
            return f"All {count} places are in the index."
        named = [f"{place} ({reasons(cells)})" for place, cells in lacking]
        verb = "is" if len(lacking) == 1 else "are"
        return f"{len(lacking)} of {count} places {verb} not in the index: {', '.join(named)}."

    def headline(self, place: str) -> str:
        """Where a place stands, as a chart's headline of ten words or fewer."""
        where = places.find(place)
        if where.code not in self.ranks.index:
            return f"{where.opening}: not in the index"
        return f"{where.opening}: rank {self.ranks[where.code]} of {len(self.ranks)}"

    def around(self, place: str, alike: Sequence[str] = ()) -> list[Estimate]:
        """The score of a place, and the average score of the places most like it (codes), of its region's and all authorities.

        For a region or England, the average of their authorities. None of them has an interval: what chance does to the
        indicators is in no score.
        """
        where = places.find(place)
        groups = {ALIKE: list(alike)} if alike else {}
        groups |= {each.name: [one.code for one in places.authorities(each.region_code)] for each in where.comparators}
        here = [where.code] if where.level == "la" else [one.code for one in places.authorities(where.region_code)]
        return [self._average(name, codes) for name, codes in {where.name: here, **groups}.items()]

    def _average(self, name: str, codes: list[str]) -> Estimate:
        known = self.scores.reindex(codes).dropna()
        if not len(known):
            return Estimate(name, "all", "", None, None, "left_out", "not in the index", indicator="index", unit="index")
        value = float(known.mean())
        return Estimate(name, "all", "", value, len(known), "ok", f"average of {len(known)}", indicator="index", unit="index")

    def against(self, around: Sequence[Estimate]) -> list[str]:
        """The first of `around` beside each of the others, a sentence each."""
        here, said = around[0], []
        for other in around[1:]:
            start = f"{places.spoken(here.place)[:1].upper()}{places.spoken(here.place)[1:]}"
            if here.value is None or other.value is None:
                said.append(f"{start} cannot be compared with {places.spoken(other.place)}: {here.reason or other.reason}.")
                continue
            apart = here.value - other.value
            side = "above" if apart >= 0 else "below"
            said.append(
                f"{start} is {abs(apart):.2f} standard deviations {side} the average of {places.spoken(other.place)} "
                f"({other.base} authorities)."
            )
        return said

    def about(self, place: str) -> str:
        """Where a place stands, in a sentence; why it does not, where it is left out."""
        where = places.find(place)
        if where.code in self.z.index:
            rank, score = self.ranks[where.code], round(self.scores[where.code], 2) + 0.0
            side = "at" if score == 0 else "above" if score > 0 else "below"
            size = "" if score == 0 else f"{abs(score):.2f} standard deviations "
            return f"{where.opening} is {size}{side} the average, {rank} of {len(self.z)} (1 is the highest)."
        own = self.left_out[self.left_out["area_code"] == where.code]
        return f"{where.opening} is not in the index: {reasons(own) or 'the index is of authorities'}."


def index(table: pd.DataFrame, directions: Mapping[str, int], weights: Mapping[str, float] | None = None) -> Index:
    """Build the index from a table such as `wide` gives, with a direction and a weight for every column.

    `directions` says what more of an indicator means: +1 better, -1 worse. `weights` are positive and need not add up to 1;
    equal where none are given. Mean and standard deviation (ddof 0) are those of the places in the index. Raises `DataJamError`
    where a direction or weight is missing or wrong, an indicator does not vary, or fewer than five places are complete.

    >>> table = pd.DataFrame({"trust": [1.0, 2, 3, 4, 5], "lonely": [9.0, 7, 8, 6, 5]}, index=list("abcde"))
    >>> index(table, {"trust": 1, "lonely": -1}).ranks.to_dict()
    {'a': 5, 'b': 3, 'c': 3, 'd': 2, 'e': 1}
    """
    directions, weights = _stated(table, directions, weights)
    complete = table[table.notna().all(axis="columns")].astype("float64")
    if len(complete) < FEWEST:
        raise DataJamError(f"Only {len(complete)} places have every indicator: an index needs {FEWEST}. Leave an indicator out.")
    z = standardised(complete) * pd.Series(directions)
    return Index(z, directions, weights, missing(table))


def _stated(table: pd.DataFrame, directions, weights) -> tuple[dict[str, int], dict[str, float]]:
    weights = dict.fromkeys(table.columns, 1.0) if weights is None else weights
    for what, given in (("direction", directions), ("weight", weights)):
        wrong = set(table.columns) ^ set(given)
        if wrong:
            names = ", ".join(sorted(map(str, wrong)))
            raise DataJamError(f"Every indicator needs one {what}, and nothing else does. Look at: {names}.")
    bad = [name for name in table.columns if directions[name] not in (1, -1)]
    if bad:
        raise DataJamError(
            f"The direction of {bad[0]!r} is {directions[bad[0]]!r}: write 1 (more is better) or -1 (more is worse)."
        )
    bad = [name for name in table.columns if not (np.isfinite(weights[name]) and weights[name] > 0)]
    if bad:
        raise DataJamError(f"The weight of {bad[0]!r} is {weights[bad[0]]!r}: write a number above 0, or leave the indicator out.")
    total = sum(weights[name] for name in table.columns)
    return (
        {name: int(directions[name]) for name in table.columns},
        {name: float(weights[name] / total) for name in table.columns},
    )


def standardised(table: pd.DataFrame) -> pd.DataFrame:
    """Each column as z-scores: mean 0, standard deviation 1 (ddof 0). Raises `DataJamError` for a column that does not vary."""
    spread = table.std(ddof=0)
    flat = [name for name in table.columns if not spread[name] > 1e-9 * max(1.0, table[name].abs().max())]
    if flat:
        raise DataJamError(f"Indicator {flat[0]!r} is the same in every place: it cannot tell them apart. Leave it out.")
    return (table - table.mean()) / spread


def _complete(table: pd.DataFrame, least: int = 2) -> None:
    if table.isna().any(axis=None):
        raise DataJamError(f"{int(table.isna().sum().sum())} cells have no number: pass the z of an index, which is complete.")
    if table.shape[1] < least:
        raise DataJamError(f"This check needs {least} indicators or more; there is {table.shape[1]}.")


def cronbach_alpha(table: pd.DataFrame) -> float:
    """How well indicators that point the same way hang together: at most 1; 0.7 is often asked for, below 0 they pull apart.

    Pass the `z` of an index. Raises `DataJamError` for missing cells or a single indicator. Source: Cronbach (1951).

    >>> round(cronbach_alpha(pd.DataFrame({"a": [1.0, 2, 3, 4], "b": [2.0, 1, 4, 3]})), 3)
    0.75
    """
    _complete(table)
    count, whole = table.shape[1], table.sum(axis="columns").var(ddof=1)
    if not whole > 0:
        raise DataJamError("The indicators cancel out in every place: is a direction wrong?")
    return float(count / (count - 1) * (1 - table.var(ddof=1).sum() / whole))


@dataclass(frozen=True)
class Component:
    """The first principal component: its loadings (correlations with each indicator), the share of all variance it holds,
    each place's score, and the rank correlation (Spearman) of those with the index."""

    loadings: pd.Series
    share: float
    scores: pd.Series
    rank_correlation: float


def first_component(table: pd.DataFrame, scores: pd.Series | None = None) -> Component:
    """The first principal component of the indicators' correlations, as a check on an index: does one thing lie behind them?

    Pass the `z` and `scores` of an index; without scores, it is compared with the plain mean of z-scores. The sign is chosen
    so that the loadings add up to more than 0. Raises `DataJamError` for missing cells. Source: Hotelling (1933).
    """
    from sklearn.decomposition import PCA

    _complete(table)
    z = standardised(table)
    fit = PCA(n_components=1, svd_solver="full").fit(z.to_numpy())
    direction = fit.components_[0] * (1.0 if fit.components_[0].sum() >= 0 else -1.0)
    found = pd.Series(z.to_numpy() @ direction, z.index, name="component")
    compared = z.mean(axis="columns") if scores is None else scores
    # PCA's variance has n - 1 below the line, the z-scores n.
    loadings = pd.Series(direction * np.sqrt(fit.explained_variance_[0] * (len(z) - 1) / len(z)), z.columns, name="loading")
    agreement = found.corr(compared.reindex(z.index), method="spearman")
    return Component(loadings, float(fit.explained_variance_ratio_[0]), found, float(agreement))


def sensitivity(
    table: pd.DataFrame,
    directions: Mapping[str, int],
    weights: Mapping[str, float] | None = None,
    *,
    draws: int = 1000,
    seed: int = 2018,
) -> pd.DataFrame:
    """Each place's rank, the range of ranks over random weights, and the ranks with one indicator left out.

    Weights are drawn from a Dirichlet distribution whose mean is the stated weights; where these are equal, every weighting is
    as likely as any other. `weights_best` to `weights_worst` holds the rank in 95% of the draws, `left_out_best` to
    `left_out_worst` all the ranks of the columns `without_…`. The places and z-scores stay those of the index. What chance does
    to the indicators themselves is not in these ranges. Source: Saisana, Saltelli and Tarantola (2005).
    """
    built = index(table, directions, weights)
    _complete(built.z)
    names, z = list(built.z.columns), built.z.to_numpy()
    stated = np.array([built.weights[name] for name in names])
    drawn = np.random.default_rng(seed).dirichlet(stated * len(stated), size=draws)
    ranks = _ranks(z @ drawn.T)
    low, high = (np.quantile(ranks, end, axis=1, method="inverted_cdf").astype(int) for end in (0.025, 0.975))
    without = {}
    for number, name in enumerate(names):
        rest = np.where(np.arange(len(names)) == number, 0, stated)
        without[f"without_{name}"] = _ranks((z @ (rest / rest.sum()))[:, None])[:, 0]
    every = np.column_stack(list(without.values()))
    front = {"place": [place_name(code) for code in built.z.index], "score": built.scores, "rank": built.ranks}
    ends = {"left_out_best": every.min(axis=1), "left_out_worst": every.max(axis=1)}
    found = pd.DataFrame({**front, "weights_best": low, "weights_worst": high, **ends, **without}, index=built.z.index)
    return found.sort_values(["rank", "place"])


def _ranks(scores: np.ndarray) -> np.ndarray:
    """Ranks down each column, 1 the highest, ties sharing the better rank."""
    from scipy.stats import rankdata

    return rankdata(-scores.round(12), method="min", axis=0).astype(int)


def spoken_periods(table: pd.DataFrame) -> str:
    """The periods the columns of a table from `wide` are for: one, or each with its indicator."""
    said = {name: spoken_period(label) for name, label in table.attrs.get("periods", {}).items()}
    return next(iter(said.values())) if len(set(said.values())) == 1 else ", ".join(f"{n} {p}" for n, p in said.items())


def robustness(ranks: pd.DataFrame, place: str) -> str:
    """What a place's rank owes to the weights and to each indicator, in a sentence, from `sensitivity`.

    >>> known = pd.DataFrame({"score": range(5), "trust": [1.0, 2, 3, 4, 5], "lonely": [9.0, 7, 8, 6, 5]})
    >>> known.index = ["E08000035", "E08000021", "E06000047", "E06000001", "E06000002"]
    >>> print(robustness(sensitivity(known[["trust", "lonely"]], {"trust": 1, "lonely": -1}, draws=50), "Leeds"))
    Leeds is 5 of 5; over other weights 5 to 5, and 5 to 5 when one indicator is left out.
    """
    where = places.find(place)
    if where.code not in ranks.index:
        return f"{where.opening} has no rank: the index is of authorities that have every indicator."
    row = ranks.loc[where.code]
    return (
        f"{where.opening} is {row['rank']} of {len(ranks)}; over other weights {row['weights_best']} to "
        f"{row['weights_worst']}, and {row['left_out_best']} to {row['left_out_worst']} when one indicator is left out."
    )
