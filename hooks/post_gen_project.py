"""Fill a new project: the theme's starter, the shared package, the lock. Prints ASCII only, for old Windows consoles."""

import shutil
from pathlib import Path

TEMPLATE = Path({{ template_folder() | tojson }})  # fmt: skip
THEME = {{ cookiecutter.theme | tojson }}  # fmt: skip
PLACE = {{ cookiecutter.__place_name | tojson }}  # fmt: skip
SPOKEN = {{ cookiecutter.__place_spoken | tojson }}  # fmt: skip
NAME = {{ cookiecutter.project_name | toml }}  # fmt: skip
PROJECT = Path.cwd()
LITTER = shutil.ignore_patterns("__pycache__", "*.pyc", ".ipynb_checkpoints")


def main():
    shutil.copytree(TEMPLATE / "starters" / THEME, PROJECT, dirs_exist_ok=True, ignore=LITTER)
    shutil.copytree(TEMPLATE / "shared" / "datajam", PROJECT / "shared" / "datajam", dirs_exist_ok=True, ignore=LITTER)
    for name in ("requirements.lock", "environment.yml"):
        shutil.copyfile(TEMPLATE / name, PROJECT / name)
    of_theme = PROJECT / "hack-theme.toml"
    with open(PROJECT / "hack.toml", "a", encoding="utf-8", newline="\n") as settings:
        settings.write(of_theme.read_text(encoding="utf-8"))
    of_theme.unlink()
    for page in (PROJECT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8").replace("[place]", SPOKEN).replace("[project]", NAME)
        page.write_text(text, encoding="utf-8", newline="\n")
    print(f"\nMade {PROJECT.name}: theme {THEME}, place {PLACE}.")
    print(f'Next:  cd {PROJECT.name}   then   python3 -m pip install "nox[uv]" && python3 -m nox')


main()
