"""Do the tests notice? Small faults are put into the code one at a time, and the tests that cover the line are run.

`python -m tests.mutation` measures which tests cover which lines, draws mutants with a seed, runs them, and writes what
survived. It needs `pip install coverage`, an hour or two, and is no part of the continuous integration.
"""
