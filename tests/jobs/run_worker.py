"""A worker process that also knows the tasks of the tests."""

import sys

import django

django.setup()

import tests.jobs.sample_tasks  # noqa: E402, F401
from localex.jobs.worker import main  # noqa: E402

sys.exit(main())
