"""``python -m drivelabel`` is the drivelabel command."""

import sys

from drivelabel.cli.main import main

sys.exit(main())
