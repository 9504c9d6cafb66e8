"""The command `lab`: starts quickly, ends with the right exit code, and never shows a traceback to a reader.

Exit codes: 0 done and all claims held; 1 a claim fell short or a run diverged unasked; 2 bad input; 3 the device asked
for is not there; 70 a bug in the lab; 74 a run that was to be kept could not be saved; 130 interrupted; 141 whoever
read the output has gone.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

INTERRUPTED = 130
READER_GONE = 141  # what a shell reports for a program that SIGPIPE ended
BUG = 70
UNSAVED = 74  # as sysexits.h calls errors while writing


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """Runs one command line, the program's own if none is given, and exits with its code."""
    sys.exit(run(sys.argv[1:] if arguments is None else list(arguments)))


def run(arguments: list[str]) -> int:
    """Runs one command line and returns the exit code. Errors are one message on stderr."""
    # Nobody's plug-ins for pydantic are wanted here; to look for them takes longer than `lab --version`.
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")
    from lab.cli.app import UsageError, execute
    from lab.errors import LabError

    if sys.stdout is None:  # as after `>&-`
        return _complain("Nothing can be written: stdout is closed. Redirect it to a file, or to /dev/null.", 2)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")  # an ASCII terminal shows ? for what it lacks, instead of failing
    try:
        code = execute(arguments)
        sys.stdout.flush()
        return code
    except LabError as error:
        return _complain(str(error), error.exit_code)
    except UsageError as error:
        return _complain(error.sentence, 2)
    except KeyboardInterrupt:
        return _complain("Interrupted.", INTERRUPTED)
    except BrokenPipeError:
        # Python would flush stdout once more at exit and complain; nobody reads what is left.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return READER_GONE
    except Exception as error:  # the last stop: here everything else is a bug, and still ends in a sentence
        if os.environ.get("LAB_DEBUG") == "1":
            raise
        if isinstance(error, OSError) and error.errno == errno.ENOSPC:
            # What is left in stdout's buffer would be tried once more at exit.
            with contextlib.suppress(OSError, ValueError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return _complain("There is no space left where the output goes, or in the lab's folders.", 2)
        kind = type(error).__name__
        detail = " ".join(str(error).split())[:200]
        return _complain(
            f"This is a bug in the lab ({kind}{': ' + detail if detail else ''}). "
            "Please report it, with what LAB_DEBUG=1 shows.",
            BUG,
        )


def _complain(message: str, code: int) -> int:
    print(message, file=sys.stderr)
    return code
