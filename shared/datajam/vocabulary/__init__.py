"""The words everything is said in: places and their codes, periods, the markers of missing numbers, reference figures."""
