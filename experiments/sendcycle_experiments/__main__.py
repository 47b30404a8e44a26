"""`python -m sendcycle_experiments` is the command `sendcycle`."""

import sys

from sendcycle_experiments.terminal.command_line import main

sys.exit(main())
