"""What only teaching needs: the samples' and examples' generators with their known truth, and what exercises are checked by.

    from datajam_teach import begin, check, show, truth

Names are loaded when they are first used, so that the `datajam` command is as quick with this package as without it.
"""

__all__ = ["begin", "check", "show", "truth"]


def __getattr__(name: str):
    if name not in __all__:
        raise AttributeError(f"datajam_teach has no {name!r}; it has {', '.join(__all__)}")
    from datajam_teach import exercises

    return getattr(exercises, name)
