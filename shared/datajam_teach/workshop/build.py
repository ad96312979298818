"""The kit: participants' folder, trainer's pages and copies, hand-outs; made from the worked examples, the same bytes each time."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path

import datajam
import datajam_teach
from datajam.errors import DataJamError, did_you_mean
from datajam.folders import put_in_place, staging
from datajam_teach import contents
from datajam_teach.workshop import cohort, copies, guide
from datajam_teach.workshop.answers import Worked
from datajam_teach.workshop.programme import Programme

MANIFEST = "kit.json"
ROOT = Path(datajam_teach.__file__).parents[2]
_ROOM = resources.files("datajam_teach") / "workshop" / "room"


def worked_examples(theme: str = "") -> list[Path]:
    """The worked examples there are, in the order of the contents page; of one theme where it is given.

    Raises `DataJamError` for an unknown theme, and where DataJam's own folder is not at hand.
    """
    folder = ROOT / "notebooks"
    found = [path for name in contents.THEMES for path in sorted((folder / name).glob("*.ipynb"))]
    if not found:
        raise DataJamError(
            "A kit is built in a clone of DataJam, where the worked examples are: `python3 -m nox -s datajam --` there."
        )
    if theme and theme not in contents.THEMES:
        raise DataJamError(f"No theme is called {theme!r}. {did_you_mean(theme, contents.THEMES)}")
    return [path for path in found if not theme or path.parent.name == theme]


def kit(done: Mapping[Path, Worked], name: str = "", programme: Programme | None = None, again: str = "") -> dict[str, bytes]:
    """Every file of the kit by its path, from worked examples that ran for the cohort `name`; `again` is what was typed for it."""
    place = cohort.place(name) if name else ""
    files = {f"trainer/{page}": text for page, text in guide.pages(name, place, programme, done, again).items()}
    files["trainer/answers.json"] = _answers(done, name, place)
    for path, worked in done.items():
        where = f"{path.parent.name}/{path.stem}"
        files[f"participants/{where}.ipynb"] = copies.participant(worked.notebook, worked.answers)
        files[f"trainer/{where}.ipynb"] = copies.trainer(worked.notebook)
        files[f"handouts/{where}.html"] = copies.handout(worked.notebook)
    files["handouts/index.html"] = guide.index(place, programme, done)
    files["participants/README.md"] = _readme(done, place, programme)
    made = {address: text.encode() for address, text in files.items()} | dict(_carried())
    return made | {MANIFEST: _manifest(made, name)}


def _answers(done: Mapping[Path, Worked], name: str, place: str) -> str:
    examples = {
        cohort.name(path): {
            "notebook": f"{path.parent.name}/{path.name}",
            "question": contents.about(path)["question"],
            "answers": [answer.right for answer in worked.answers],
        }
        for path, worked in done.items()
    }
    return json.dumps({"cohort": name, "place": place, "examples": examples}, indent=1, ensure_ascii=False) + "\n"


def _readme(done: Mapping[Path, Worked], place: str, programme: Programme | None) -> str:
    about = f"The notebooks of this workshop, for {place}." if place else "The notebooks of this workshop."
    listed = "\n".join(f"- [{contents.about(path)['question']}]({path.parent.name}/{path.name})" for path in done)
    text = (_ROOM / "README.md").read_text(encoding="utf-8")
    title = programme.title if programme else "Worked examples"
    return text.replace("{title}", title).replace("{about}", about).replace("{notebooks}", listed)


def _carried() -> Iterator[tuple[str, bytes]]:
    """What participants' notebooks need beside them: the packages but for the workshop's own, the lock, and how to start."""
    for package in (datajam, datajam_teach):
        folder = Path(package.__file__).parent
        for path in sorted(folder.rglob("*")):
            inside = path.relative_to(folder)
            if path.is_file() and "__pycache__" not in inside.parts and "workshop" not in inside.parts:
                yield f"participants/shared/{folder.name}/{inside.as_posix()}", path.read_bytes()
    yield "participants/requirements.lock", (ROOT / "requirements.lock").read_bytes()
    yield "participants/noxfile.py", (_ROOM / "noxfile.py").read_bytes()


def _manifest(files: Mapping[str, bytes], name: str) -> bytes:
    hashes = {address: hashlib.sha256(content).hexdigest() for address, content in sorted(files.items())}
    return (json.dumps({"cohort": name, "files": hashes}, indent=1, ensure_ascii=False) + "\n").encode()


def write(files: Mapping[str, bytes], out: Path) -> None:
    """Put a kit into a folder, whole, for an older one there. Raises `DataJamError` where anything of somebody's would go."""
    refuse(out)
    beside = staging(out)
    for address, content in files.items():
        path = beside / address
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    put_in_place(beside, out)


def refuse(out: Path) -> None:
    """Raise `DataJamError` where a folder holds anything but a kit as it was built."""
    if out.is_file():
        raise DataJamError(f"{out} is a file: name a folder with --out.")
    there = {path.relative_to(out).as_posix(): path for path in out.rglob("*") if path.is_file()} if out.is_dir() else {}
    try:
        built = json.loads(there.pop(MANIFEST).read_text(encoding="utf-8"))["files"] if MANIFEST in there else {}
        foreign = [name for name, path in there.items() if built.get(name) != hashlib.sha256(path.read_bytes()).hexdigest()]
    except (ValueError, KeyError, TypeError, AttributeError):
        foreign = [MANIFEST]
    foreign = sorted(name for name in foreign if "__pycache__" not in name and ".ipynb_checkpoints" not in name)
    if foreign:
        more = f" and {len(foreign) - 1} more" if len(foreign) > 1 else ""
        raise DataJamError(f"{out} holds what no build put there as it is now: {foreign[0]}{more}. Name another folder with --out.")
