"""Commands: what is asked of replicas, waits in their queues, and is carried out by whoever runs them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab.session.replica import Replica


class Command:
    """What somebody asked of a replica.

    act:     carries it out, in the thread that has the replica
    give_up: is called instead if it will never be carried out
    begun:   whether it is being carried out
    """

    def __init__(self, act: Callable[[Replica], None], give_up: Callable[[], None] | None) -> None:
        self.act, self.give_up, self.begun = act, give_up, False


def drop_commands(replicas: Sequence[Replica]) -> list[Command]:
    """Take what was asked of replicas from their queues; what of it is not being carried out."""
    dropped = [each for replica in replicas for each in replica.commands if not each.begun]
    for replica in replicas:
        replica.commands.clear()
    return dropped


def give_up_all(commands: Iterable[Command]) -> None:
    """Tell who asked for these that nothing comes of them; not under a lock, since others' code may follow."""
    for each in commands:
        if each.give_up is not None:
            each.give_up()
