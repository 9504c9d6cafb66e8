"""Runs a piece of code as on a system without what only Linux, or only Unix, has: `python -m tests.elsewhere CODE`.

`termios`, `fcntl`, `resource`, `pwd` and `grp` cannot be imported, there is no `/proc`, and `os` and `signal` lack what
Windows or macOS lacks. The standard library's own modules for this system are imported before: elsewhere it has others.
"""

import asyncio  # noqa: F401 - imported before its parts for this system are gone
import builtins
import io
import os
import signal
import subprocess  # noqa: F401 - as above
import sys
from importlib.abc import MetaPathFinder

MODULES = ("termios", "fcntl", "resource", "pwd", "grp", "tty", "pty", "curses")
OF_OS = (
    "sched_getaffinity", "sched_setaffinity", "getloadavg", "getpgrp", "tcgetpgrp",
    "fork", "wait4", "nice", "statvfs", "killpg", "setsid", "O_NONBLOCK", "O_DIRECTORY",
)  # fmt: skip
OF_SIGNAL = (
    "SIGHUP", "SIGWINCH", "SIGUSR1", "SIGUSR2", "SIGCONT", "SIGTSTP", "SIGTTIN", "SIGTTOU", "SIGALRM", "SIGQUIT",
    "SIGPIPE", "setitimer", "pthread_kill", "pthread_sigmask",
)  # fmt: skip
LIBRARIES_NEED = ("uname", "sysconf", "getuid", "geteuid", "getgid")
"""What libraries made for this system call, as they would not elsewhere: only the lab and its kernels lack it."""
HIDDEN = "/proc"


class _Missing(MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in MODULES:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return None


def _hiding(function):
    def hidden(path, *arguments, **named):
        if isinstance(path, str | os.PathLike) and os.fspath(path).startswith(HIDDEN):
            raise FileNotFoundError(2, "No such file or directory", os.fspath(path))
        return function(path, *arguments, **named)

    return hidden


def _lacking_for_us(name):
    function = getattr(os, name)

    def lacking(*arguments):
        if sys._getframe(1).f_globals["__name__"].partition(".")[0] in ("lab", "kernels"):
            raise AttributeError(f"module 'os' has no attribute {name!r}")
        return function(*arguments)

    return lacking


def go_elsewhere() -> None:
    """Take from this process what only Linux or Unix has."""
    for name in MODULES:
        sys.modules.pop(name, None)
    sys.meta_path.insert(0, _Missing())
    for name in OF_OS:
        delattr(os, name)
    for name in LIBRARIES_NEED:
        setattr(os, name, _lacking_for_us(name))
    for name in OF_SIGNAL:
        delattr(signal, name)
    for name in ("open", "stat", "lstat", "readlink", "listdir", "scandir"):
        setattr(os, name, _hiding(getattr(os, name)))
    builtins.open = io.open = _hiding(io.open)


if __name__ == "__main__":
    go_elsewhere()
    exec(compile(sys.argv[1], "elsewhere", "exec"), {"__name__": "elsewhere"})
