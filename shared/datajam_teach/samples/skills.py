"""Three skill samples in the layouts of DataJam 2018, from the same simulated adverts: skills with skills, salaries, job titles.

Synthetic: invented adverts. An advert has a job title of one occupational cluster and names skills of it, hub skills that any
occupation asks for, and now and then a skill of another cluster. The adjacency is therefore a true co-occurrence matrix, and
each skill's column of job titles adds up to its diagonal. Known truth: the cluster of each skill (`clusters`), and how far each
cluster's pay stands above or below the middle (`premiums`).

Most skills have too few adverts a month that state a salary: they get one imputed value, as most did in 2018.

    python -m datajam_teach.samples.skills adjacency > adjacency_201709_201808_synthetic.csv
"""

import sys
from dataclasses import dataclass
from functools import cache

import numpy as np

from datajam_teach.samples import published


@dataclass(frozen=True)
class Cluster:
    """One planted occupation: its share of adverts, its pay above the middle (0.2 is 20%), its titles, its skills, commonest
    first, both divided by bars."""

    name: str
    share: float
    premium: float
    titles: str
    skills: str


_CLUSTERS = (
    Cluster("nursing", 0.10, 0.12, "Staff Nurse|Mental Health Nurse|Ward Manager|Midwife",
        "Nursing|Patient Care|Clinical Assessment|Medication|Infection Control|Triage|Palliative Care|Wound Care|Phlebotomy|"
        "Care Pathways|Clinical Governance|Mental Health Act|Resuscitation|Cannulation|Paediatrics|Midwifery|Dialysis|"
        "Health Promotion|Immunisation|Patient Records|Tissue Viability|Sharps"),
    Cluster("digital", 0.10, 0.45, "Software Developer|Web Developer|Systems Administrator|Security Analyst",
        "JavaScript|Agile|Java|C#|Linux|.Net|HTML|Cloud Computing|C++|PHP|DevOps|C|Networking|Git|Cyber Security|Firewalls|"
        "Go|Unit Testing|APIs|Virtualisation|F#|Penetration Testing"),
    Cluster("finance", 0.09, 0.30, "Accountant|Payroll Clerk|Finance Manager|Auditor",
        "Accounting|Budgeting|Invoicing|Payroll|Bookkeeping|Reconciliation|Credit Control|Tax, VAT|Forecasting|Auditing|"
        "Management Accounts|Ledgers|Financial Modelling|Purchase Orders|Cash Flow|Risk Analysis|Pensions|Treasury|Insurance|"
        "Underwriting|Expenses|Insolvency"),
    Cluster("retail", 0.09, -0.25, "Sales Assistant|Store Manager|Sales Executive",
        "Sales|Merchandising|Stock Control|Telesales|Cash Handling|Upselling|Account Management|Visual Displays|Lead Generation|"
        "Point of Sale|Returns|Shrinkage|Product Knowledge|Retail Banking|Store Opening|Complaints|Loyalty Schemes|Cold Calling|"
        "Fitting|Wholesale|Buying|Field Sales"),
    Cluster("engineering", 0.08, 0.25, "Mechanical Engineer|Maintenance Technician|Electrical Engineer|Welder",
        "Mechanical Engineering|Preventive Maintenance|AutoCAD|Electrical Systems|Hydraulics|Welding|Pneumatics|CNC|"
        "Technical Drawing|PLC|Lean Manufacturing|Fault Finding|Turbines|Six Sigma|Calibration|Milling|Machining|Soldering|"
        "Heating, Ventilation and Air Conditioning|SolidWorks|Robotics|Metrology"),
    Cluster("care", 0.08, -0.30, "Care Assistant|Support Worker|Social Worker",
        "Personal Care|Safeguarding|Learning Disabilities|Care Plans|Dementia Care|Moving, Lifting and Handling|Social Work|"
        "Autism|Domiciliary Care|Child Protection|Advocacy|Fostering|Home Visits|Mobility Aids|Respite Care|Challenging Behaviour|"
        "Supported Living|Bereavement|Companionship|Sign Language|Addiction|Night Shifts"),
    Cluster("teaching", 0.075, 0.05, "Primary Teacher|Teaching Assistant|Lecturer|Nursery Nurse",
        "Teaching|Lesson Planning|Classroom Management|Curriculum|Special Educational Needs|Phonics|Early Years|Marking|Pastoral|"
        "Tutoring|Literacy|Numeracy|Behaviour Policy|Assessment for Learning|Safeguarding in Schools|Play|School Trips|"
        "Examinations|Adult Learning|Apprentices|Homework|Libraries"),
    Cluster("hospitality", 0.07, -0.35, "Chef|Waiter|Hotel Receptionist",
        "Food Preparation|Food Hygiene|Cooking|Waiting Tables|Menus|Bar Work|Housekeeping|Catering|Baking|Allergens|Reservations|"
        "Event Hosting|Cocktails|Barista|Portion Control|Kitchen Cleaning|Concierge|Wine|Pastry|Banqueting|Room Service|Butchery"),
    Cluster("logistics", 0.06, -0.15, "Warehouse Operative|Delivery Driver|Transport Planner",
        "Warehousing|Driving|Forklift|Picking|Supply Chain|Route Planning|HGV|Stock Taking|Dispatch|Tachograph|Loading|Customs|"
        "Packing|Freight|Couriers|Fleet Management|Imports|Vehicle Checks|Cold Storage|Barcode Scanners|Incoterms|Rail Freight"),
    Cluster("construction", 0.055, 0.10, "Site Manager|Quantity Surveyor|Bricklayer",
        "Site Management|Carpentry|Quantity Surveying|Plumbing|Bricklaying|Plastering|Scaffolding|Groundworks|Roofing|Estimating|"
        "Building Regulations|Civil Engineering|Demolition|Tiling|Joinery|Surveying|Drainage|Site Safety, CSCS|Glazing|Concrete|"
        "Damp Proofing|Thatching"),
    Cluster("marketing", 0.06, 0.15, "Marketing Officer|Content Editor|Graphic Designer",
        "Social Media|Marketing|Copywriting|Branding|Photoshop|Campaigns|Public Relations|Search Engines|Illustrator|Email Lists|"
        "Market Research|Content Strategy|Video Editing|Photography|Advertising|Newsletters|InDesign|Press Releases|Typography|"
        "Influencers|Sponsorship|Media Buying"),
    Cluster("people", 0.05, 0.20, "Recruitment Consultant|Solicitor|Personnel Officer",
        "Recruitment|Employment Law|Contracts|Inductions|Litigation|Mediation|Conveyancing|Legal Research|Appraisals|"
        "Employee Relations|Job Evaluation|Grievances|Case Files|Trade Unions|Compliance|Staff Surveys|Probate|Redundancy|"
        "Data Protection|Paralegal|Succession Plans|Patents"),
    Cluster("data", 0.045, 0.55, "Data Analyst|Data Scientist|Research Officer",
        "SQL|Statistics|Data Analysis|Python|R|Dashboards|Machine Learning|Data Quality|Tableau|Databases|Regression|SPSS|"
        "Data Warehouses|Survey Design|Time Series|Mapping|SAS|Open Data|Sampling|Stata|Metadata|Bayesian Methods"),
    Cluster("science", 0.045, 0.35, "Laboratory Technician|Chemist|Environmental Scientist",
        "Laboratory Work|Chemistry|Biology|Microscopy|Good Laboratory Practice|Chromatography|Field Sampling|Toxicology|Ecology|"
        "Spectroscopy|Genetics|Clinical Trials|Cell Culture|Water Testing|Hydrology|Microbiology|Radiation|Soil Science|"
        "Titration|Geology|PCR|Taxonomy"),
)  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """The planted parameters.

    Skills' adverts fall with their rank by Zipf's law with this exponent, the commonest being in `top_share` of adverts;
    `elsewhere` is the share of a skill's adverts that are of another cluster. A month's salary of a skill is the median of its
    adverts that state one, `imputed` where fewer than `fewest_stated` do, blank where no advert names the skill. One rare
    title names a skill that no other does: too few adverts to say anything of.
    """

    seed: int = 20180922
    adverts: int = 36_000
    months: tuple[str, ...] = tuple(f"2017{month:02}" for month in range(9, 13)) + tuple(f"2018{month:02}" for month in range(1, 9))
    clusters: tuple[Cluster, ...] = _CLUSTERS
    hubs: tuple[str, ...] = (
        "Communication",
        "Management",
        "Customer Service",
        "Word, Excel and PowerPoint",
        "Team Work",
        "Organisation",
        "Health, Safety and Environment",
        "Problem Solving",
    )
    rare: tuple[str, str, str, int] = ("care", "Embalmer", "Embalming", 6)
    exponent: float = 0.85
    top_share: float = 0.5
    elsewhere: float = 0.10
    title_deviation: float = 0.4
    hub_deviation: float = 0.25
    pay: float = 27_000.0
    pay_deviation: float = 0.28
    stated_share: float = 0.4
    fewest_stated: int = 11
    imputed: int = 27_418


@dataclass
class Adverts:
    """The simulated adverts: which skills each names (adverts by skills), its title, month, salary, whether that is stated."""

    skills: list[str]
    titles: list[str]
    named: np.ndarray
    title: np.ndarray
    month: np.ndarray
    salary: np.ndarray
    stated: np.ndarray


TRUTH = Truth()


def clusters(truth: Truth = TRUTH) -> dict[str, str]:
    """The true cluster of each skill, `hub` for the skills of every occupation.

    >>> clusters()["C#"], clusters()["Tax, VAT"], clusters()["Communication"]
    ('digital', 'finance', 'hub')
    """
    found = dict.fromkeys(truth.hubs, "hub") | {truth.rare[2]: truth.rare[0]}
    return found | {skill: each.name for each in truth.clusters for skill in each.skills.split("|")}


def premiums(truth: Truth = TRUTH) -> dict[str, float]:
    """The true pay of each cluster's adverts above the middle: 0.45 is 45% above, -0.3 is 30% below."""
    return {each.name: each.premium for each in truth.clusters}


def _ranks(truth: Truth) -> dict[str, int]:
    """Each skill's rank: hubs first, then the first skill of each cluster, the second of each, and so on."""
    columns = zip(*(each.skills.split("|") for each in sorted(truth.clusters, key=lambda each: -each.share)), strict=True)
    ordered = [*truth.hubs, *(skill for column in columns for skill in column)]
    return {skill: rank for rank, skill in enumerate(ordered, 1)}


def _titles(truth: Truth) -> list[tuple[str, str, int]]:
    """Each job title with its cluster and number of adverts: the first of a cluster has most, halving down the list."""
    found = []
    for each in truth.clusters:
        names = each.titles.split("|")
        weights = 0.5 ** np.arange(len(names))
        counts = (truth.adverts * each.share * weights / weights.sum()).round().astype(int)
        found += zip(names, [each.name] * len(names), counts.tolist(), strict=True)
    return [*found, (truth.rare[1], truth.rare[0], truth.rare[3])]


def _chances(truth: Truth, skills: list[str], titles: list[tuple[str, str, int]], rng: np.random.Generator) -> np.ndarray:
    """The chance that an advert of a title names a skill, titles by skills, averaging to the skill's share by Zipf's law."""
    known, ranks = clusters(truth), _ranks(truth)
    share = {each.name: each.share for each in truth.clusters}
    overall = np.array([truth.top_share * ranks[skill] ** -truth.exponent if skill in ranks else 0.0 for skill in skills])
    own = np.array([known[skill] for skill in skills])
    size = np.array([share.get(name, 0.5) for name in own])
    chances = np.empty((len(titles), len(skills)))
    for row, (_, cluster, _) in enumerate(titles):
        inside = overall * (1 - truth.elsewhere) / size
        outside = overall * truth.elsewhere / (1 - size)
        chances[row] = np.select([own == "hub", own == cluster], [overall, inside], outside)
    chances = np.minimum(chances * _preferences(truth, own, titles, rng), 0.95)
    chances[-1, skills.index(truth.rare[2])] = 1.0
    return chances


def _preferences(truth: Truth, own: np.ndarray, titles: list[tuple[str, str, int]], rng: np.random.Generator) -> np.ndarray:
    """How much more than its cluster a title asks for each skill; 1 on average over the cluster's adverts, or all for hubs."""
    found = np.ones((len(titles), len(own)))
    cluster, adverts = np.array([title[1] for title in titles]), np.array([title[2] for title in titles], dtype=float)
    for name in ("hub", *(each.name for each in truth.clusters)):
        rows = np.flatnonzero((cluster == name) | (name == "hub"))
        columns = np.flatnonzero(own == name)
        deviation = truth.hub_deviation if name == "hub" else truth.title_deviation
        drawn = np.exp(rng.normal(0, deviation, (len(rows), len(columns))))
        found[np.ix_(rows, columns)] = drawn / np.average(drawn, axis=0, weights=adverts[rows])
    return found


@cache
def simulate(truth: Truth = TRUTH) -> Adverts:
    """The adverts all three samples are counted from, the same each time."""
    rng = np.random.default_rng(truth.seed)
    skills, titles = sorted(clusters(truth), key=lambda skill: (skill.casefold(), skill)), _titles(truth)
    chances = _chances(truth, skills, titles, rng)
    named = np.concatenate([rng.random((title[2], len(skills))) < chance for title, chance in zip(titles, chances, strict=True)])
    title = np.repeat(np.arange(len(titles)), [count for _, _, count in titles])
    premium = np.array([premiums(truth)[cluster] for _, cluster, _ in titles])[title]
    pay = truth.pay * (1 + premium) * np.exp(rng.normal(0, truth.pay_deviation, len(title)))
    month = rng.integers(len(truth.months), size=len(title))
    stated = rng.random(len(title)) < truth.stated_share
    return Adverts(skills, [name for name, _, _ in titles], named, title, month, (pay / 100).round().astype(int) * 100, stated)


def adjacency(truth: Truth = TRUTH) -> np.ndarray:
    """Adverts that name both of two skills, skills by skills; the diagonal is the adverts that name the skill."""
    named = simulate(truth).named.astype("float32")
    return (named.T @ named).round().astype(int)


def job_titles(truth: Truth = TRUTH) -> np.ndarray:
    """Adverts of a job title that name a skill, titles by skills."""
    adverts = simulate(truth)
    return np.array([adverts.named[adverts.title == row].sum(axis=0) for row in range(len(adverts.titles))])


def _salary(named: np.ndarray, salary: np.ndarray, stated: np.ndarray, truth: Truth) -> str:
    if not named.any():
        return ""
    seen = salary[named & stated]
    return str(round(float(np.median(seen))) if len(seen) >= truth.fewest_stated else truth.imputed)


def salaries(truth: Truth = TRUTH) -> list[list[str]]:
    """Median salaries as published, months by skills, most of them imputed."""
    adverts, rows = simulate(truth), []
    for index in range(len(truth.months)):
        inside = adverts.month == index
        beside = adverts.salary[inside], adverts.stated[inside]
        rows.append([_salary(column, *beside, truth) for column in adverts.named[inside].T])
    return rows


_SAMPLES = {
    "adjacency": ("skills", lambda truth: (simulate(truth).skills, adjacency(truth).tolist())),
    "salaries": ("month", lambda truth: (truth.months, salaries(truth))),
    "job_titles": ("normalised_job_title", lambda truth: (simulate(truth).titles, job_titles(truth).tolist())),
}
SAMPLES = tuple(_SAMPLES)


def make(name: str, truth: Truth = TRUTH) -> bytes:
    """One of the sample files, adjacency, salaries or job_titles, byte for byte the same each time.

    >>> make("job_titles")[3:35]
    b'normalised_job_title (synthetic)'
    """
    first, count = _SAMPLES[name]
    labels, cells = count(truth)
    *skills, last = simulate(truth).skills
    rows = [[label, *values] for label, values in zip(labels, cells, strict=True)]
    return published.csv_bytes([f"{first} (synthetic)", *skills, f"{last} "], rows)


if __name__ == "__main__":
    sys.stdout.buffer.write(make(sys.argv[1]))
