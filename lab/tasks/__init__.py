"""The kinds of experiment, one file each."""

from lab.tasks.checking import DIVERGED, check
from lab.tasks.task import TASKS, Experiment, Task, load_tasks, task, task_of

__all__ = ["DIVERGED", "TASKS", "Experiment", "Task", "check", "load_tasks", "task", "task_of"]
