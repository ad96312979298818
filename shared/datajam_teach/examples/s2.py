"""S2, can we code job titles: adverts that are posted again and again, and a code that half of them carry by chance."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from datajam.say import charts

SEED = 2019
CODES = ("care", "trades", "office", "technical")


@dataclass(frozen=True)
class Truth:
    """The planted parameters: adverts, how often one is posted, who is coded at random, and the words of a text.

    Half of the adverts carry a code drawn at random from four, so that the words tell the code of five in eight at best.
    """

    adverts: int = 120
    postings: int = 8
    at_random: float = 0.5
    words_of_code: int = 40
    own_words: int = 5
    common_words: int = 12
    changed: float = 0.1

    @property
    def ceiling(self) -> float:
        """The share of new adverts that anybody could code right."""
        return 1 - self.at_random + self.at_random / len(CODES)


TRUTH = Truth()


def make(seed: int = SEED, truth: Truth = TRUTH) -> pd.DataFrame:
    """One row a posting: which advert it is of, its text, and its code.

    >>> make()["advert"].nunique()
    120
    """
    rng, rows = np.random.default_rng(seed), []
    vocabulary = np.array([f"{code}{number}" for code in CODES for number in range(truth.words_of_code)]).reshape(len(CODES), -1)
    common = np.array([f"word{number}" for number in range(300)])
    for advert in range(truth.adverts):
        meant = int(rng.integers(len(CODES)))
        code = CODES[int(rng.integers(len(CODES)))] if rng.random() < truth.at_random else CODES[meant]
        words = [*rng.choice(vocabulary[meant], truth.own_words), *rng.choice(common, truth.common_words), f"employer{advert}"]
        for _ in range(rng.integers(1, truth.postings + 1)):
            again = [rng.choice(common) if rng.random() < truth.changed else word for word in words]
            rows.append((advert, " ".join(again), code))
    return pd.DataFrame(rows, columns=["advert", "text", "code"])


def coder():
    """Words weighed by how telling they are, then logistic regression: the usual first text classifier."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    return make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=500))


def shuffled(postings: pd.DataFrame, parts: int = 5) -> float:
    """The share coded right when postings are shuffled into parts: the same advert is learnt from and asked about."""
    from sklearn.model_selection import StratifiedKFold, cross_val_score

    split = StratifiedKFold(parts, shuffle=True, random_state=0)
    return float(cross_val_score(coder(), postings["text"], postings["code"], cv=split).mean())


def grouped(postings: pd.DataFrame, parts: int = 5) -> float:
    """The share coded right when all postings of an advert stay together: every advert asked about is new."""
    from sklearn.model_selection import GroupKFold, cross_val_score

    split = GroupKFold(parts)
    return float(cross_val_score(coder(), postings["text"], postings["code"], cv=split, groups=postings["advert"]).mean())


def error(share: float, adverts: int) -> float:
    """The standard error of a share over so many adverts, the postings of one being no new evidence."""
    return float(np.sqrt(share * (1 - share) / adverts))


def picture(leaked: float, honest: float, adverts: int, place: str) -> charts.Chart:
    """Both scores beside the ceiling and the share that guessing gives."""
    rows = pd.DataFrame([("postings shuffled", 100 * leaked), ("adverts kept together", 100 * honest)], columns=["split", "right"])
    title = f"New adverts: {honest:.0%} right, not {leaked:.0%}"
    source = "SYNTHETIC DATA, made for this example"
    words = f"Adverts coded right, {place}, {adverts} adverts. Solid line: most that is possible; dotted: guessing. Whiskers: 95%"
    figure, axes = charts.canvas(title, words, source, 2.2)
    half = [196 * error(share, adverts) for share in (leaked, honest)]
    axes.barh(rows.index, rows["right"], xerr=half, color=[charts.ORANGE, charts.BLUE], height=0.55)
    axes.axvline(100 * TRUTH.ceiling, color="#333333", lw=1.5)
    axes.axvline(100 / len(CODES), color="#333333", lw=1.5, ls=":")
    axes.set_yticks(rows.index, rows["split"])
    axes.invert_yaxis()
    axes.set_xlim(0, 105)
    axes.xaxis.set_major_formatter(lambda value, _: f"{value:g}%")
    alt = f"Bar chart of adverts coded right: {leaked:.1%} with postings shuffled, {honest:.1%} with the {adverts} adverts kept "
    alt += f"together; at most {TRUTH.ceiling:.1%} is possible and guessing gives {1 / len(CODES):.0%}."
    return charts.Chart(figure, name="coded_right", title=title, alt=alt, data=rows.assign(half_width=half).round(2), source=source)


def simulate(seed: int) -> dict[str, float]:
    """For one seed: the share coded right with postings shuffled and with adverts kept together."""
    postings = make(seed)
    return {"postings shuffled": shuffled(postings), "adverts kept together": grouped(postings)}


EXPECTED = {"postings shuffled": (0.975, 0.01), "adverts kept together": (0.448, 0.015)}
TOLERANCE = {"adverts kept together": (0.45, 0.25)}
