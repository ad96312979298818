"""Adding up lower-tier districts to the upper-tier authority they lie in, where that can be done without inventing a number.

Counts add up. Percentages, scores and rates are averaged by base (how many people each rests on). A median, a rank or an
average without its base cannot be had from its parts, and is refused. A total is only given where every district has a
number: one suppressed district hides the total, since a sum of the others would be wrong and would give the hidden one away.
"""

import re
from dataclasses import asdict, dataclass, field

import numpy as np
import pandas as pd

from datajam.analyse.estimates import Z
from datajam.errors import DataJamError, did_you_mean
from datajam.observe.observations import COLUMNS, Told, check, slug
from datajam.vocabulary import districts, markers, places

_SUMMED = ("count",)
_WEIGHTED = ("percent", "score", "rate_per_1k", "rate_per_10k", "rate_per_100k", "mean_0_10")
_NOT_ADDITIVE = {
    "a median": r"median",
    "a rank": r"(^|_)(rank|ranking)(_|$)",
    "a quantile": r"(decile|quintile|quartile|percentile)",
    "a ratio or gap": r"(^|_)(ratio|gap|difference)(_|$)",
    "an extreme": r"(^|_)(min|minimum|max|maximum|lowest|highest)(_|$)",
}
_AN_AVERAGE = r"(?:^|_)(?:mean|average|avg|typical)(?:_|$)"
_UNIQUE = ["source", "area_code", "period_start", "indicator", "breakdown"]
_KEY = ["source", "indicator", "breakdown", "period_start", "period_end", "authority"]


class CannotAggregate(DataJamError):
    """Figures that have no total, or none that can be had from the districts given."""


@dataclass
class AggregateReport:
    """What became of the district rows: added up, of other boundaries, or of unknown districts; and what has no total.

    >>> print(AggregateReport(rows_in=12, rows_added_up=12, rows_out=2, statuses={"ok": 1, "suppressed": 1}))
    12 district rows give 2 upper-tier rows
      added up    12 rows
      statuses    ok 1, suppressed 1
    """

    rows_in: int = 0
    rows_added_up: int = 0
    rows_of_other_boundaries: int = 0
    rows_unplaced: dict[str, int] = field(default_factory=dict)
    rows_out: int = 0
    statuses: dict[str, int] = field(default_factory=dict)
    incomplete: dict[str, list[str]] = field(default_factory=dict)

    def balanced(self) -> bool:
        """Whether every district row was added up, or is counted as not."""
        return self.rows_in == self.rows_added_up + self.rows_of_other_boundaries + sum(self.rows_unplaced.values())

    def __str__(self) -> str:
        lines = [
            f"{self.rows_in:,} district rows give {self.rows_out:,} upper-tier rows",
            f"  added up    {self.rows_added_up:,} rows",
            "  statuses    " + ", ".join(f"{name} {count:,}" for name, count in self.statuses.items()),
        ]
        if self.rows_of_other_boundaries:
            lines.append(f"  left out    {self.rows_of_other_boundaries:,} rows of districts with older or newer boundaries")
        lines += [f"  not placed  {name} ({count:,} rows)" for name, count in self.rows_unplaced.items()]
        lines += [f"  incomplete  {name}: no row for {', '.join(absent)}" for name, absent in self.incomplete.items()]
        return "\n".join(lines)


def to_upper_tier(observations: pd.DataFrame, indicators: list[str] | None = None) -> pd.DataFrame:
    """Add up the lower-tier rows of an observations table to the upper-tier authorities they lie in today.

    Returns an observations table of the totals alone, for all indicators or those named; what the publisher gives for the
    upper tier stays in the table given. A total has base, value and status, and in `source_area_name` the number of districts it
    was made from; an average whose districts all have an interval has theirs joined, as of independent samples. A suppressed
    district makes it missing with status suppressed, an absent one not available.
    `totals.attrs["aggregate_report"]` is the report as a plain dict, `aggregate_report(totals)` the same to print.

    Raises `CannotAggregate` naming the indicator for a median, a rank, an index, money, an average without its base, and
    for a district given twice. Weighting by a survey's sample size gives an estimate only as good as its sampling is even.
    """
    chosen = _chosen(observations, indicators)
    members, unplaced = _members(chosen)
    report = AggregateReport(rows_in=len(chosen), rows_unplaced=unplaced)
    labels = observations.attrs.get("load_report", {}).get("labels", {})
    for indicator in members["indicator"].unique():
        _check_additive(members[members["indicator"] == indicator], indicator, slug(labels.get(indicator, "")))
    _check_single(members)
    divided, choices = _divided(members)
    report.rows_added_up = len(divided)
    report.rows_of_other_boundaries = len(members) - len(divided)
    totals = _table(_totals(divided, choices), observations)
    _fill(report, totals, divided)
    totals.attrs = {**observations.attrs, "aggregate_report": Told(asdict(report))}
    return check(totals)


def upper_tier(observations: pd.DataFrame) -> pd.DataFrame:
    """The table at the upper tier: what is published for authorities, regions and England, and the totals of the districts.

    A table without lower-tier rows comes back as it is. Raises `CannotAggregate` as `to_upper_tier` does.
    """
    if not (observations["area_level"] == "lad").any():
        return observations
    totals = to_upper_tier(observations)
    own = observations[observations["area_level"] != "lad"]
    made = totals.set_index(_UNIQUE).index.difference(own.set_index(_UNIQUE).index)
    joined = pd.concat([own, totals[totals.set_index(_UNIQUE).index.isin(made)]], ignore_index=True)
    for name in observations.columns[observations.dtypes == "category"]:
        kept = observations[name].cat.categories
        joined[name] = (
            joined[name].astype("str").astype(pd.CategoricalDtype(kept.union(joined[name].dropna().unique(), sort=False)))
        )
    joined.attrs = totals.attrs
    return check(joined)


def aggregate_report(totals: pd.DataFrame) -> AggregateReport:
    """The report of the adding up that made this table.

    Raises `DataJamError` for a table that did not come from `to_upper_tier`.
    """
    try:
        return AggregateReport(**totals.attrs["aggregate_report"])
    except KeyError:
        raise DataJamError("This table has no aggregate report: make it with to_upper_tier(observations).") from None


def _chosen(observations: pd.DataFrame, indicators: list[str] | None) -> pd.DataFrame:
    """The rows to add up: lower-tier ones, and ended unitaries that were merged into one authority with districts."""
    missing = [name for name in COLUMNS if name not in observations.columns]
    if missing:
        raise CannotAggregate(f"to_upper_tier: not an observations table, column {missing[0]} is missing. Use datajam.read.")
    known = [str(name) for name in observations["indicator"].unique()]
    for name in indicators or []:
        if name not in known:
            raise CannotAggregate(f"to_upper_tier: no indicator is called {name!r}. {did_you_mean(str(name), known)}")
    merged = observations["area_code"].isna() & observations["source_area_code"].isin(set(districts.names()))
    rows = observations[(observations["area_level"] == "lad") | merged]
    if indicators is not None:
        rows = rows[rows["indicator"].isin(indicators)]
    if not (rows["area_level"] == "lad").any():
        raise CannotAggregate(
            "to_upper_tier: no lower-tier rows (area_level 'lad') to add up. Use the upper-tier figures as published."
        )
    return rows


def _members(rows: pd.DataFrame) -> tuple[pd.DataFrame, dict[str, int]]:
    """The rows whose district is known, with its authority; and the others, counted by name and code."""
    codes = rows["source_area_code"].astype("str").str.strip()
    authority = codes.map({code: districts.authority_of(code).code for code in districts.names()})
    lost = rows[authority.isna()]
    names = lost["source_area_name"].astype("str") + " " + lost["source_area_code"].astype("str")
    unplaced = {str(name).strip(): int(count) for name, count in names.value_counts(sort=False).items()}
    plain = {name: rows[name].astype("str") for name in ("source", "indicator", "breakdown", "unit", "status")}
    members = rows.assign(**plain, district=codes, authority=authority)
    return members[authority.notna()], unplaced


def _check_additive(rows: pd.DataFrame, indicator: str, label: str) -> None:
    """Refuse an indicator whose total cannot be had from its parts, by its name, label, unit and bases."""
    units = sorted(rows["unit"].unique())
    texts = (indicator, label)
    kind = next((kind for kind, pattern in _NOT_ADDITIVE.items() if any(re.search(pattern, text) for text in texts)), "")
    if kind:
        raise CannotAggregate(f"{indicator}: {kind} of an authority cannot be had from those of its districts. Leave it out.")
    if len(units) != 1:
        raise CannotAggregate(f"{indicator}: published in several units ({', '.join(units)}), which do not add up.")
    if units[0] not in _SUMMED + _WEIGHTED:
        raise CannotAggregate(f"{indicator}: {units[0]} is neither a count nor a share of a base, so districts do not add up.")
    average = units[0] in _WEIGHTED or re.search(_AN_AVERAGE, indicator)
    bare = rows[rows["value"].notna() & rows["base"].isna()]
    if average and len(bare):
        first = bare.iloc[0]
        where = f"{first['source_area_name']}, {first['period_label']}, {first['breakdown']}"
        raise CannotAggregate(
            f"{indicator}: {units[0] if units[0] in _WEIGHTED else 'an average'} without a base ({where}): districts differ in "
            "size, so their plain average is not the authority's. Add up the numbers it was made from, or use published totals."
        )


def _check_single(members: pd.DataFrame) -> None:
    repeated = members.duplicated([*_KEY, "district"])
    if repeated.any():
        first = members[repeated].iloc[0]
        raise CannotAggregate(
            f"{first['indicator']}: {first['source_area_name']} ({first['district']}), {first['period_label']}, "
            f"{first['breakdown']} is there twice. Keep one row of it."
        )


def _division_table(authorities) -> pd.DataFrame:
    """The districts of each division of each authority: authority, division, last_day, size, district."""
    rows = [
        (authority, number, division.last_day, len(division.codes), code)
        for authority in sorted(authorities)
        for number, division in enumerate(districts.divisions(authority))
        for code in division.codes
    ]
    table = pd.DataFrame(rows, columns=["authority", "division", "last_day", "size", "district"])
    return table.astype({"authority": "str", "last_day": "str", "district": "str"})


def _divided(members: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Choose one division for each total: (the rows in it, a row for each total with how many districts it should have).

    Boundaries changed in 2019, and publishers give a period on its own boundaries or on later ones: the division in force
    at the end of the period is taken where all its districts are there, else the newest that is complete.
    """
    table = _division_table(members["authority"].unique())
    candidates = members.merge(table, on=["authority", "district"], how="inner")
    choices = candidates.groupby([*_KEY, "division"], as_index=False).agg(
        found=("district", "size"), size=("size", "first"), last_day=("last_day", "first")
    )
    choices["complete"] = choices["found"] == choices["size"]
    choices["in_force"] = choices["last_day"] >= choices["period_end"].dt.strftime("%Y-%m-%d")
    first = choices["division"].where(choices["in_force"]).groupby([choices[name] for name in _KEY]).transform("min")
    choices["in_force"] = choices["division"] == first
    choices = choices.sort_values([*_KEY, "complete", "in_force", "division"], kind="stable")
    choices = choices.drop_duplicates(_KEY, keep="last").reset_index(drop=True)
    return candidates.merge(choices[[*_KEY, "division", "complete"]], on=[*_KEY, "division"], how="inner"), choices


def _status(group: pd.DataFrame) -> pd.Series:
    """The status of each total from how many of its districts have each: hidden by any that is, else unreliable, else ok."""
    absent = ~group["complete"]
    return pd.Series(
        np.select(
            [
                group["suppressed"] > 0,
                absent | (group["not_available"] > 0) | (group["low"] > 0),
                group["not_applicable"] == group["found"],
                group["not_applicable"] > 0,
                group["unreliable"] > 0,
            ],
            ["suppressed", "not_available", "not_applicable", "not_available", "unreliable"],
            "ok",
        ),
        index=group.index,
    )


def _totals(divided: pd.DataFrame, choices: pd.DataFrame) -> pd.DataFrame:
    """One row for each total: its key, label, unit, value, base, status and the markers behind it."""
    base = divided["base"].astype("float64")
    chance = (base * (divided["upper_ci"] - divided["lower_ci"]) / (2 * Z)) ** 2
    statuses = {status: divided["status"] == status for status in markers.STATUSES}
    rows = divided.assign(weighted=divided["value"] * base, base=base, chance=chance, **statuses)
    group = rows.groupby(_KEY, as_index=False).agg(
        period_label=("period_label", "first"),
        unit=("unit", "first"),
        total=("value", "sum"),
        weighted=("weighted", "sum"),
        base=("base", "sum"),
        bases=("base", "count"),
        chance=("chance", "sum"),
        intervals=("chance", "count"),
        **{status: (status, "sum") for status in markers.STATUSES},
    )
    group = group.merge(choices[[*_KEY, "found", "size", "complete"]], on=_KEY, validate="one_to_one")
    group["base"] = group["base"].where(group["bases"] == group["found"])
    averaged = group["unit"].isin(_WEIGHTED) | group["indicator"].str.contains(_AN_AVERAGE)
    group["value"] = group["total"].where(~averaged, group["weighted"] / group["base"].where(group["base"] > 0))
    group["status"] = _status(group)
    empty = group["value"].isna() & group["status"].isin(["ok", "unreliable"])
    group["status"] = group["status"].mask(empty, "not_applicable")
    hidden = ~group["status"].isin(["ok", "unreliable"])
    group["value"] = group["value"].mask(hidden)
    group["base"] = group["base"].mask(hidden)
    known = averaged & (group["intervals"] == group["found"]) & group["value"].notna()
    group["half"] = (Z * np.sqrt(group["chance"]) / group["base"]).where(known)
    return group.merge(_markers(rows), on=_KEY, how="left")


def _markers(rows: pd.DataFrame) -> pd.DataFrame:
    """The distinct published markers behind each total, joined by a space."""
    marked = rows[rows["status_raw"].notna() & (rows["status"] != "ok")]
    marked = marked.assign(status_raw=marked["status_raw"].astype("str"))[[*_KEY, "status_raw"]].drop_duplicates()
    return marked.sort_values([*_KEY, "status_raw"]).groupby(_KEY, as_index=False)["status_raw"].agg(" ".join)


def _table(group: pd.DataFrame, observations: pd.DataFrame) -> pd.DataFrame:
    """The totals laid out as observations."""
    known = {code: places.by_code()[code] for code in group["authority"].unique()}

    def of_place(attribute: str) -> pd.Series:
        return group["authority"].map({code: getattr(place, attribute) for code, place in known.items()})

    parts = (
        group["found"].astype("str").where(group["complete"], group["found"].astype("str") + " of " + group["size"].astype("str"))
    )
    frame = pd.DataFrame(
        {
            **{name: group[name] for name in ("source", "indicator", "breakdown", "unit", "status", "status_raw")},
            "area_level": "la",
            "area_code": group["authority"],
            "area_name": of_place("name"),
            "region_code": of_place("region_code"),
            "region_name": of_place("region_name"),
            "source_area_code": group["authority"],
            "source_area_name": of_place("name") + " (" + parts + " districts)",
            "period_label": group["period_label"].astype("str"),
        }
    )
    frame = frame.astype("str").astype("category")
    for name in ("period_start", "period_end"):
        frame[name] = group[name].astype("datetime64[s]")
    frame["value"] = group["value"].astype("float64")
    frame["base"] = group["base"].round().astype("Int64")
    ends = (group["value"] - group["half"], group["value"] + group["half"])
    share = group["unit"] == "percent"
    frame["lower_ci"], frame["upper_ci"] = (
        ends[0].where(~share, ends[0].clip(lower=0)),
        ends[1].where(~share, ends[1].clip(upper=100)),
    )
    for name in ("status", "unit"):
        frame[name] = frame[name].cat.set_categories(observations[name].cat.categories)
    return frame[COLUMNS]


def _fill(report: AggregateReport, totals: pd.DataFrame, divided: pd.DataFrame) -> None:
    report.rows_out = len(totals)
    counts = totals["status"].astype("str").value_counts()
    report.statuses = {name: int(counts[name]) for name in markers.STATUSES if name in counts}
    partial = divided[~divided["complete"]]
    for (authority, division), rows in partial.groupby(["authority", "division"]):
        always = set.intersection(*rows.groupby(_KEY)["district"].agg(set))
        absent = districts.divisions(authority)[division].codes - always
        known = report.incomplete.setdefault(places.by_code()[authority].name, [])
        known += sorted({districts.names()[code] for code in absent} - set(known))
