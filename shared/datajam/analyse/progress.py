"""Is a gap at 16 a gap in attainment, or in progression? How much of it was there at 11, and how much opened since.

A pupil's Attainment 8 score is what pupils with the same results at 11 reach on average, plus ten times the pupil's Progress 8
score (which is per subject, over ten subjects). So the gap between two groups is the gap that was there already plus ten times
the gap between their Progress 8 scores. Nationally the two parts are uncorrelated by construction: the chance in the whole is
the sum of the chance in both.

`SPREAD` is the standard deviation of pupils' Progress 8 scores within a group, estimated from DfE's 2017/18 key stage 4 file
with `gaps.estimate_spread` as the one of Attainment 8 was: 1.15, standard error 0.04. A published interval is used instead
where there is one. Source of the definition: DfE, "Secondary accountability measures" (2024).
"""

from dataclasses import dataclass
from math import sqrt

import pandas as pd

from datajam.analyse import gaps
from datajam.analyse.estimates import Estimate, Z, difference, labels, spoken_period, taken
from datajam.analyse.gaps import Gap, Measure
from datajam.vocabulary import places

SPREAD = 1.15
SUBJECTS = 10
PROGRESS = Measure("avg_p8score", "t_p8score", "t_inp8calc", SPREAD)
BEFORE, SINCE, WHOLE = "already there at 11", "opened from 11 to 16", "the gap at 16"


@dataclass(frozen=True)
class Split:
    """A gap in points of Attainment 8, taken apart: what was there at 11, what opened since, and their sum.

    >>> low = Estimate("Leeds", "fsm_eligible", "2023/24", 35.0, 900, "ok", "published", error=0.6)
    >>> high = Estimate("Leeds", "not_fsm", "2023/24", 50.0, 3600, "ok", "published", error=0.3)
    >>> slow = Estimate("Leeds", "fsm_eligible", "2023/24", -0.4, 850, "ok", "published", error=0.04)
    >>> fast = Estimate("Leeds", "not_fsm", "2023/24", 0.1, 3400, "ok", "published", error=0.02)
    >>> split = Split(Gap(low, high), Gap(slow, fast))
    >>> split.before.value, split.since.value, round(split.share, 2)
    (10.0, 5.0, 0.67)
    """

    whole: Gap
    progress: Gap

    @property
    def since(self) -> Estimate:
        """What opened between 11 and 16: ten times the gap in Progress 8."""
        error = None if self.progress.error is None else SUBJECTS * self.progress.error
        value = None if self.progress.value is None else SUBJECTS * self.progress.value
        return self._part(SINCE, value, error, self.progress)

    @property
    def before(self) -> Estimate:
        """What was there at 11: the whole less what opened since."""
        between = difference(self.whole, self.since)
        parts = (self.whole.error, self.since.error)
        known = None not in parts and parts[0] > parts[1] and between.value is not None
        error = sqrt(parts[0] ** 2 - parts[1] ** 2) if known else None
        return self._part(BEFORE, between.value, error, self.whole if self.whole.value is None else self.progress)

    def _part(self, name: str, value: float | None, error: float | None, of: Gap) -> Estimate:
        status, how = ("ok", "computed") if value is not None else (of.status, of.reason)
        return Estimate(self.whole.place, name, self.whole.period, value, of.base, status, how, error, indicator=name)

    @property
    def parts(self) -> list[Estimate]:
        """The two parts and the whole, for a chart."""
        whole = self.whole
        rest = (whole.base, whole.status, whole.reason or "published", whole.error)
        return [self.before, self.since, Estimate(whole.place, WHOLE, whole.period, whole.value, *rest, indicator=WHOLE)]

    @property
    def clear(self) -> bool:
        """Whether the gap at 16 is wide enough to be shared out: its interval leaves out zero, and both parts are known."""
        known = self.before.interval is not None and self.since.interval is not None
        return known and self.whole.value > 0 and self.whole.interval[0] > 0

    @property
    def share(self) -> float | None:
        """The part of the gap that was there at 11, from 0 to 1 (outside it where one part runs the other way)."""
        return self.before.value / self.whole.value if self.clear else None

    @property
    def share_interval(self) -> tuple[float, float] | None:
        """The 95% interval of the share, after Fieller (1954): it allows for the chance in the whole as well."""
        if not self.clear:
            return None
        b, g, vb, vg = self.before.value, self.whole.value, self.before.error**2, self.whole.error**2
        # The whole holds the part, so that their covariance is the part's own variance.
        square = Z**2
        a = g**2 - square * vg
        middle, rest = (b * g - square * vb) / a, (b**2 - square * vb) / a
        half = sqrt(max(middle**2 - rest, 0.0))
        return middle - half, middle + half

    @property
    def share_estimate(self) -> Estimate:
        """The share that was there at 11 as an estimate in percent."""
        name, period, base = self.whole.place, self.whole.period, self.whole.base
        if not self.clear:
            reason = self.whole.reason or self.since.reason or "no clear gap at 16 to share out"
            status = next((each.status for each in (self.whole, self.since) if each.value is None), "not_clear")
            return Estimate(name, BEFORE, period, None, None, status, reason, indicator="share_before", unit="percent")
        low, high = (100 * end for end in self.share_interval)
        error = (high - low) / (2 * Z)
        return Estimate(
            name, BEFORE, period, 100 * self.share, base, "ok", "computed", error, (low, high), "share_before", "percent"
        )

    def title(self) -> str:
        """The finding as a chart's headline."""
        where = places.spoken(self.whole.place)
        where = where[:1].upper() + where[1:]
        if not self.clear:
            return f"{where}: no gap to share out"
        low, high = self.share_interval
        if low > 0.5:
            return f"{where}: gap mostly there at 11"
        return f"{where}: gap mostly opened after 11" if high < 0.5 else f"{where}: gap from before and after"

    def verdict(self) -> str:
        """Attainment or progression, in a sentence with its uncertainty, or why it cannot be said."""
        where = places.spoken(self.whole.place)
        if self.whole.value is None or self.since.value is None:
            reason = self.whole.reason or self.since.reason
            return f"In {where} in {self.whole.period} the gap cannot be shared out: {reason}."
        if not self.clear:
            return f"In {where} in {self.whole.period} there is no clear gap at 16, so there is nothing to share out."
        low, high = (round(100 * end) for end in self.share_interval)
        start = f"Of the {self.whole.value:.1f}-point gap at 16 in {where} in {self.whole.period}"
        parts = f"{self.before.value:.1f} points were there at 11 and {self.since.value:.1f} opened since"
        sure = f"{round(100 * self.share)}% was there at 11 (95% interval {low}% to {high}%)"
        return f"{start}, {parts}: {sure}; {self.whole.base:,} pupils." if self.whole.base else f"{start}, {parts}: {sure}."


def split(observations: pd.DataFrame, place: str, group: str, other: str, label: str, attainment: Measure = Measure()) -> Split:
    """The gap between two groups of pupils in one place and period, taken apart. `group` and `other` as in `gaps.gap`."""
    whole = gaps.gap(observations, place, group, other, label, attainment)
    return Split(whole, gaps.gap(observations, place, group, other, label, PROGRESS))


def compared(
    observations: pd.DataFrame, place: str, group: str, other: str, label: str, attainment=Measure(), alike=()
) -> list[Split]:
    """The gap taken apart in a place, in the places most like it (codes), in its region and in England."""
    both = (gaps.compared(observations, place, group, other, label, measure, alike=alike) for measure in (attainment, PROGRESS))
    return [Split(whole, slow) for whole, slow in zip(*both, strict=True)]


def every(observations: pd.DataFrame, group: str, other: str, label: str, attainment: Measure = Measure()) -> list[Estimate]:
    """The share of the gap that was there at 11 in each of the 153 authorities, in percent, lowest first."""
    columns = taken(observations)
    found = [split(columns, each.code, group, other, label, attainment).share_estimate for each in places.authorities()]
    return sorted(found, key=lambda each: (each.value is not None, each.value or 0))


def latest(observations: pd.DataFrame, group: str, other: str, wanted: str) -> str:
    """The published label of the period to take apart: the wanted one where it has progress scores, else the latest that has.

    Progress 8 is missing for years whose pupils sat no tests at 11. Where no period has any, the wanted one.
    """
    known = observations[observations["indicator"].isin([PROGRESS.average, PROGRESS.total]) & observations["value"].notna()]
    with_progress = set(known[known["breakdown"].isin([group, other])]["period_label"].astype(str))
    if wanted in with_progress or not with_progress:
        return wanted
    return [label for label in labels(observations) if label in with_progress][-1]


def about_period(chosen: str, wanted: str) -> str:
    """Which year the progress scores are of, in a sentence."""
    if chosen == wanted:
        return f"Progress from 11 to 16 is of {spoken_period(chosen)}, as the rest."
    return (
        f"There are no progress scores for {spoken_period(wanted)}: what follows is {spoken_period(chosen)}, the latest with them."
    )
