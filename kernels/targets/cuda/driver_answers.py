"""What the driver answers when something goes wrong, and the sentence for people that this becomes."""

from __future__ import annotations

from typing import Any


class DeviceProblem(Exception):
    """No device, or it failed: a sentence for people."""


HELP = {
    "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH": "; its library and its kernel module are of different versions: restart the "
    "machine",
    "CUDA_ERROR_SYSTEM_NOT_READY": "; it is still starting, or the machine's fabric manager is not running",
    "CUDA_ERROR_UNKNOWN": "; its devices may be missing or forbidden: see whether nvidia-smi works",
}
"""By the name of the driver's error: what may help where it does not start."""

TELLING = {
    "CUDA_ERROR_OUT_OF_MEMORY": "The GPU's memory is full: fewer replicas at once, or smaller batches, need less.",
    "CUDA_ERROR_DEVICE_UNAVAILABLE": "The GPU cannot be had: another process has it for itself, or it is broken.",
    "CUDA_ERROR_ECC_UNCORRECTABLE": "The GPU reported an uncorrectable memory error.",
    "CUDA_ERROR_ILLEGAL_ADDRESS": "The GPU stopped at a forbidden address; this is an error of the lab.",
    "CUDA_ERROR_LAUNCH_FAILED": "The GPU stopped in the middle of a launch and was lost to this process.",
    "CUDA_ERROR_LAUNCH_TIMEOUT": "The GPU's watchdog ended a launch that took too long; a screen hangs on this GPU.",
    "CUDA_ERROR_UNSUPPORTED_PTX_VERSION": "The driver is older than the compiler: update the driver, or install an "
    "older numba-cuda (backprop-lab[cuda12]).",
    "CUDA_ERROR_NO_BINARY_FOR_GPU": "The compiler makes no code for this GPU.",
}


def checked(answer: tuple[Any, ...], doing: str) -> Any:
    """What a function of the driver answered, without its status. Raises DeviceProblem if it failed while `doing`."""
    status, *values = answer
    if int(status) != 0:
        told = TELLING.get(status.name)
        raise DeviceProblem(told if told else f"The GPU failed while {doing}: {status.name}.")
    return values[0] if len(values) == 1 else values
