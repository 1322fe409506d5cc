"""`python -m tbms.simulator`."""

import sys

from tbms.simulator.main import main

sys.exit(main())
