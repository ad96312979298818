"""What only teaching needs: the samples' and examples' generators with their known truth, and what exercises are checked by.

from datajam_teach import check, truth, show
"""

from datajam_teach.exercises import check, show, truth

__all__ = ["check", "show", "truth"]
