"""The `datajam` command: a function for each verb, errors in one line."""

import argparse
import sys
from importlib.util import find_spec
from pathlib import Path

from datajam import __version__
from datajam.errors import DataJamError, did_you_mean


class _Parser(argparse.ArgumentParser):
    def error(self, message: str):
        verbs = next((list(action.choices) for action in self._actions if isinstance(action.choices, dict)), [])
        if "invalid choice" in message and verbs:
            typed = message.split("'")[1]
            message = f"no command {typed!r}. {did_you_mean(typed, verbs)}"
        raise DataJamError(f"{self.prog}: {message.rstrip('.')}. `{self.prog} --help` shows what can be typed.")


def pairs(given: list[str]) -> list[tuple[str, str]]:
    """The parameters typed as NAME=VALUE. Raises `DataJamError` for any other form."""
    wrong = [text for text in given if "=" not in text or not text.split("=")[0].isidentifier()]
    if wrong:
        raise DataJamError(f"-p {wrong[0]!r}: type NAME=VALUE, such as -p period=2023/24.")
    return [tuple(text.split("=", 1)) for text in given]


def run(options: argparse.Namespace) -> None:
    """Run the project's notebooks for a place."""
    from datajam.project import open_project
    from datajam.run import runner
    from datajam.say.results import sentence

    given = dict(pairs(options.parameter))
    if options.place:
        given["place"] = options.place
    project = open_project(options.project, **given)
    done = runner.run(project, options.notebooks, progress=not options.quiet)
    print(f"\n{project.place.name}: {project.name}")
    mixed = done.synthetic and not all(entry["synthetic"] for entry in done.results)
    if done.synthetic:
        which = "Part of the data is synthetic: lines with * are" if mixed else "Synthetic data: these are"
        print(f"{which} not this place's results.")
    for entry in done.results:
        print(f"{' *' if mixed and entry['synthetic'] else '  '}{entry['label']}: {sentence(entry)}")
    print(f"\nReport: {done.report}")


def batch(options: argparse.Namespace) -> None:
    """Run the project for many places, and compare them: all, england, "region:North East", a list, or a file of names."""
    from datajam.run.batch_command import batch_command

    batch_command(options, pairs(options.parameter))


def places(options: argparse.Namespace) -> None:
    """Look up places by name, alias or code."""
    from datajam.vocabulary import places as known

    query = " ".join(options.query)
    try:
        known.find(query)
        problem = ""
    except known.UnknownPlace as error:
        problem = str(error)
    found = known.search(query)
    if not found:
        raise DataJamError(problem)
    if problem and known.retired().get(query.upper()):
        print(problem)
    for place in found:
        print(f"{place.code}  {place.name:38}  {place.kind:22}  {place.region_name}")


def add_source(options: argparse.Namespace) -> None:
    """Put a file into the data log of hack.toml."""
    from datajam.project import add_source as add
    from datajam.project import open_project

    project = open_project(options.project)
    described = {name: getattr(options, name) for name in ("title", "address", "licence", "sensitivity")}
    source = add(project, Path(options.file), options.id, **described)
    print(f"hack.toml: [sources.{source.id}] {source.path}, read as {source.layout}, SHA-256 {source.sha256[:12]}…")
    if Path(source.path).is_absolute():
        print("The file lies outside the project: copy it into data/raw/ and add it again, so that it travels with it.")
    print(f'To use it, set source = "{source.id}" under [parameters].')


def read(options: argparse.Namespace) -> None:
    """Read a published file and say what happened; write the tidy table where asked."""
    import datajam
    from datajam.sources.writing import write

    observations = datajam.read(options.file, options.layout, keep_postcodes=options.keep_postcodes)
    print(datajam.load_report(observations))
    if options.out:
        write(observations, Path(options.out))
        print(f"  written     {options.out}")


def fetch(options: argparse.Namespace) -> None:
    """Download a published file into data/raw/ and check it; without an ID, list the catalogue."""
    from datajam.keep.fetch import fetch_command

    fetch_command(options)


def codebook(options: argparse.Namespace) -> None:
    """Print the codebook of the project's data log, or of the files given."""
    from datajam.keep.codebook import codebook_command

    codebook_command(options)


def show(options: argparse.Namespace) -> None:
    """Make the slides and the one-page report of a place's finished run."""
    from datajam.say.show import show_command

    show_command(options)


def note(options: argparse.Namespace) -> None:
    """Add a decision, or an assumption, to docs/log.md with today's date."""
    from datajam.keep.notes import note as add
    from datajam.project import open_project

    kind = "assumption" if options.assumption else "decision"
    print(f"docs/log.md: {add(open_project(options.project), ' '.join(options.text), kind)}")


def status(options: argparse.Namespace) -> None:
    """Say what is still to fill in, how old the run is, what the data lacks, and when the sunset date is."""
    from datajam.keep.status_page import status_command

    status_command(options)


def review(options: argparse.Namespace) -> int:
    """Re-run a project somewhere clean, compare every output, and write review/; runs other people's code."""
    from datajam.review.reviewing import Asked, review_command

    names = ("source", "commit", "offline", "place", "out", "quick", "python", "seconds")
    return review_command(Asked(**{name: getattr(options, name) for name in names}))


def doctor(options: argparse.Namespace) -> None:
    """Say in ten seconds whether this machine is ready, and what to type where it is not."""
    from datajam.keep.doctor import doctor_command

    doctor_command(options)


def layouts(options: argparse.Namespace) -> None:
    """List the published layouts that can be read."""
    from datajam.sources import layouts as known

    for layout in known():
        print(f"{layout.name:16}  {layout.title} ({layout.publisher})")


def workshop(options: argparse.Namespace) -> None:
    """For trainers: make a workshop's kit, and look at what comes back."""


def _parser() -> _Parser:
    parser = _Parser(prog="datajam", description="Read UK public data, analyse a place, and keep the evidence.")
    parser.add_argument("--version", action="version", version=f"datajam {__version__}")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
    verbs = parser.add_subparsers(dest="verb", metavar="COMMAND", parser_class=_Parser)

    def verb(function, name: str) -> argparse.ArgumentParser:
        added = verbs.add_parser(name, help=function.__doc__, description=function.__doc__)
        added.set_defaults(function=function)
        added.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show the traceback")
        return added

    running = verb(run, "run")
    running.add_argument("--place", default="", help="region, upper-tier authority or England: name, alias or GSS code")
    running.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="a notebook's parameter")
    running.add_argument("--notebooks", default="", metavar="GLOB", help="only these, such as '02*'")
    running.add_argument("--quiet", action="store_true", help="no progress bar")
    many = verb(batch, "batch")
    many.add_argument("--places", required=True, help="all, england, 'region:North East', names with commas between, or a file")
    many.add_argument("-p", "--parameter", action="append", default=[], metavar="NAME=VALUE", help="twice for a grid of values")
    many.add_argument("--notebooks", default="", metavar="GLOB", help="only these, such as '02*'")
    many.add_argument("--workers", type=int, default=0, metavar="N", help="processes here; by default one for each core")
    many.add_argument("--out", default="", metavar="FOLDER", help="a folder, or object storage such as s3://bucket/hack")
    many.add_argument("--scheduler", default="", metavar="ADDRESS", help="a Dask scheduler, such as tcp://10.0.0.1:8786")
    many.add_argument("--quiet", action="store_true", help="no progress")
    looking = verb(places, "places")
    looking.add_argument("query", nargs="+")
    adding = verb(add_source, "add-source")
    adding.add_argument("file")
    adding.add_argument("--id", default="", help="the entry's name; by default made from the file's")
    for name in ("title", "address", "licence", "sensitivity"):
        adding.add_argument(f"--{name}", default="")
    fetching = verb(fetch, "fetch")
    fetching.add_argument("id", nargs="?", default="", help="a source of the catalogue or of hack.toml")
    fetching.add_argument("--address", default="", help="the file's address, where it changes with each release")
    coding = verb(codebook, "codebook")
    coding.add_argument("files", nargs="*", help="published files; by default the project's data log")
    showing = verb(show, "show")
    showing.add_argument("--place", default="", help="the place whose run is shown; by default the project's own")
    noting = verb(note, "note")
    noting.add_argument("text", nargs="+", help="what was decided, in quotation marks")
    noting.add_argument("--assumption", action="store_true", help="it is assumed, not decided")
    standing = verb(status, "status")
    standing.add_argument("--strict", action="store_true", help="exit with 1 where anything is outstanding")
    examining = verb(doctor, "doctor")
    for added in (running, many, adding, fetching, coding, showing, noting, standing, examining):
        added.add_argument("--project", default=None, metavar="FOLDER", help="the project's folder; by default this one")
    reading = verb(read, "read")
    reading.add_argument("file")
    reading.add_argument("--layout", default="", help="read as this layout instead of recognising it")
    reading.add_argument("--keep-postcodes", action="store_true", help="keep a column of full postcodes (personal data)")
    reading.add_argument("--out", default="", metavar="FILE", help="write the tidy table: .parquet or .csv")
    reviewing = verb(review, "review")
    reviewing.add_argument("source", nargs="?", default=".", metavar="PATH|GIT URL", help="by default this folder")
    reviewing.add_argument("--commit", default="", metavar="REF", help="a commit, branch or tag; by default the one checked out")
    reviewing.add_argument("--offline", action="store_true", help="install from the package cache alone")
    reviewing.add_argument("--place", default="", help="another place to run it for; by default one the authors did not choose")
    reviewing.add_argument("--out", default="", metavar="FOLDER", help="where the review goes; by default review/ in the project")
    reviewing.add_argument("--quick", action="store_true", help="without the second run, the other place, the moved parameters")
    reviewing.add_argument("--python", default="", metavar="FILE", help="use this interpreter instead of the project's own lock")
    reviewing.add_argument("--seconds", type=float, default=900, help="the time each notebook may take")
    verb(layouts, "layouts")
    if find_spec("datajam_teach") and find_spec("datajam_teach.workshop"):
        from datajam_teach.workshop import command

        command.add(verb(workshop, "workshop"))
    return parser


def main(arguments: list[str] | None = None) -> int:
    """Run one command. Exit codes: 0 done, 1 a run failed, 2 something typed or read was wrong."""
    arguments = sys.argv[1:] if arguments is None else arguments
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        parser = _parser()
        options = parser.parse_args(arguments)
        if options.verb is None:
            parser.print_help()
            return 0
        return options.function(options) or 0
    except DataJamError as error:
        if "--debug" in arguments:
            raise
        print(f"datajam: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:
        return 0
    except OSError as error:
        if "--debug" in arguments:
            raise
        where = error.filename or "the disk"
        print(f"datajam: {where}: {error.strerror or error}. Is it open elsewhere, or full?", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("datajam: stopped", file=sys.stderr)
        return 130
