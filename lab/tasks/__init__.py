"""The kinds of experiment: a folder for those that share something, a file for each task."""

from lab.tasks.scenario_check import DIVERGED, check, check_tries, judges_time, meanings
from lab.tasks.task import TASKS, Experiment, Task, load_tasks, task, task_of

__all__ = [
    "DIVERGED",
    "TASKS",
    "Experiment",
    "Task",
    "check",
    "check_tries",
    "judges_time",
    "load_tasks",
    "meanings",
    "task",
    "task_of",
]
