"""DataJam: read UK public data as one tidy table, compare a place, and say what the figures allow.

    import datajam
    observations = datajam.read("data/raw/ks4.csv")
    print(datajam.load_report(observations))

Names are loaded when they are first used, so that importing costs next to nothing.
"""

from importlib import import_module

__version__ = "0.1.0"

_WHERE = {
    "DataJamError": "errors",
    "read": "sources",
    "load_report": "observe.observations",
    "check": "observe.observations",
    "place": "vocabulary.places:find",
    "open_project": "project",
    "record": "say.results",
    "slug": "observe.observations",
    "join": "observe.joins",
    "join_report": "observe.joins",
    "to_upper_tier": "analyse.aggregate",
    "code_and_drop": "vocabulary.postcodes",
}
__all__ = [*_WHERE, "__version__"]


def __getattr__(name: str):
    if name not in _WHERE:
        raise AttributeError(f"datajam has no {name!r}; it has {', '.join(_WHERE)}")
    module, _, attribute = _WHERE[name].partition(":")
    return getattr(import_module(f"datajam.{module}"), attribute or name)


def __dir__() -> list[str]:
    return __all__
