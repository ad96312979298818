"""`python -m datajam` is the `datajam` command."""

import sys

from datajam.cli import main

sys.exit(main())
