"""`datajam workshop`: the words of the command, and what each does."""

import argparse
import shlex
import sys
from pathlib import Path

from datajam.errors import DataJamError


def build(options: argparse.Namespace) -> None:
    """Make the kit: copies for participants and trainer, hand-outs, guide, run-sheet and slides."""
    from datajam_teach.workshop import build as kits
    from datajam_teach.workshop import cohort, programme

    if options.theme and options.programme:
        raise DataJamError("workshop build: give --theme or --programme, not both.")
    out, examples = Path(options.out), kits.worked_examples()
    kits.refuse(out)
    day = programme.read(options.programme, examples) if options.programme else None
    chosen = day.notebooks if day else kits.worked_examples(options.theme)
    last = cohort.answers_of(Path(options.after)) if options.after else {}
    if last and not options.cohort:
        raise DataJamError("workshop build: --after goes with --cohort NAME, the name of the new cohort.")
    done = cohort.work(chosen, options.cohort, last)
    for slow in programme.too_slow(day, done) if day else []:
        raise DataJamError(f"{options.programme}: {slow}. Give it more minutes, or take it out.")
    kits.write(kits.kit(done, options.cohort, day, _again(options)), out)
    _say(options, done, out)


def _again(options: argparse.Namespace) -> str:
    """The words that make this kit again, but for the cohort and for folders of this machine."""
    given = {"--theme": options.theme, "--programme": options.programme, "--after": "LAST_KIT" if options.after else ""}
    return " ".join(f"{word} {shlex.quote(value)}" for word, value in given.items() if value)


def _say(options: argparse.Namespace, done: dict, out: Path) -> None:
    from datajam_teach.workshop import cohort

    slowest = max(done, key=lambda path: done[path].seconds)
    print(f"{out}: {len(done)} worked examples; the slowest runs in {done[slowest].seconds:.1f} s here ({cohort.name(slowest)})")
    if options.cohort:
        unlike = "the published ones and last cohort's" if options.after else "the published ones"
        print(f"  Cohort      {options.cohort}, for {cohort.place(options.cohort)}; every answer differs from {unlike}")
    print(f"  Participants  {out / 'participants'}: zip it and send it")
    print(f"  Trainer       {out / 'trainer' / 'guide.html'}, then run_sheet.html and slides.html beside it")
    print(f"  Hand-outs     {out / 'handouts' / 'index.html'}: with answers, for afterwards")


def progress(options: argparse.Namespace) -> None:
    """Read participants' saved notebooks: which exercises pass, where the room is stuck, the commonest wrong answers."""
    from datajam.folders import write_text
    from datajam_teach.workshop import progress as coming_back

    folder, kit = Path(options.folder), Path(options.kit)
    if options.run:
        room = _run_again(folder, kit)
        print(f"{options.folder}: {len(room.read)} notebooks run again, {len(room.stopped)} stopped, {len(room.problems)} not read")
    else:
        room = coming_back.read(folder, kit)
        print(f"{options.folder}: {len(room.read)} notebooks read, {len(room.problems)} not; nothing in them was run")
    write_text(Path(options.out), coming_back.page(room, kit))
    for row in room.rows:
        counts = ", ".join(f"{count} {state}" for state, count in row.counts.items() if count)
        print(f"  {row.example} {row.exercise}  {counts}{'  <- stuck' if row.stuck else ''}")
    for name, reason in (*room.problems, *room.stopped):
        print(f"  {name}: {reason}")
    print(f"Page: {options.out}")


def _run_again(folder: Path, kit: Path):
    """The room after everybody's notebooks have been run once more, behind the walls of a review."""
    from datajam_teach.workshop import progress as coming_back
    from datajam_teach.workshop.run_again import behind_walls

    again, held = behind_walls(kit)
    print(f"This executes other people's code on this computer: {held}.")
    return coming_back.read(folder, kit, again, held, lambda text: print(f"  {text}", flush=True))


def wheelhouse(options: argparse.Namespace) -> None:
    """Collect every wheel of the lock for rooms without a network."""
    from datajam_teach.workshop import wheelhouse as wheels

    out = Path(options.out)
    made = wheels.make(out, options.platform or list(wheels.PLATFORMS), options.python)
    print(f"{out}: {len(made)} wheels, {sum(path.stat().st_size for path in made) / 1e6:,.0f} MB")
    print(f"Put it into the folder participants beside its README. There, with Python {options.python} and without a network:")
    print("  python3 -m venv .venv")
    print("  .venv/bin/python -m pip install --no-index --find-links wheelhouse -r wheelhouse/requirements.txt")


def add(parser: argparse.ArgumentParser) -> None:
    """The verbs of `datajam workshop` on its parser."""
    verbs = parser.add_subparsers(dest="workshop", metavar="COMMAND", required=True, parser_class=type(parser))

    def verb(function) -> argparse.ArgumentParser:
        added = verbs.add_parser(function.__name__, help=function.__doc__, description=function.__doc__)
        added.set_defaults(function=function)
        return added

    building = verb(build)
    building.add_argument("--theme", default="", help="only the worked examples of one theme")
    building.add_argument("--programme", default="", help="half_a_day, one_day, two_days, or a file of your own")
    building.add_argument("--cohort", default="", metavar="NAME", help="a place and answers that are this cohort's own")
    building.add_argument(
        "--after", default="", metavar="KIT", help="the folder of last cohort's kit: no answer is like one of its"
    )
    building.add_argument("--out", default="workshop", metavar="FOLDER", help="where the kit goes; by default ./workshop")
    coming = verb(progress)
    coming.add_argument("folder", help="the folder that holds the notebooks as you collected them")
    coming.add_argument("--kit", default="workshop", metavar="KIT", help="the kit they came from; by default ./workshop")
    coming.add_argument("--run", action="store_true", help="run their code again, behind the walls of a review, before counting")
    coming.add_argument("--out", default="progress.html", metavar="FILE", help="the page; by default ./progress.html")
    wheeling = verb(wheelhouse)
    wheeling.add_argument(
        "--platform", action="append", metavar="NAME", help="linux, windows or mac; may be given again; by default all"
    )
    wheeling.add_argument(
        "--python", default=f"{sys.version_info[0]}.{sys.version_info[1]}", help="the laptops' Python, such as 3.12"
    )
    wheeling.add_argument("--out", default="wheelhouse", metavar="FOLDER", help="where the wheels go; by default ./wheelhouse")
