"""Threads that train have a stack of their own size, and others keep theirs."""

from __future__ import annotations

import subprocess
import sys
import threading

from lab.session import kernel_thread
from lab.session.kernel_thread import KernelThread

THIN = """
import threading

threading.stack_size(300_000)
import lab

text = '''
title: Wide convolutions
task: classify
data: {name: digits, examples: 40}
model:
  - {conv: 64, kernel_size: 3, padding: same}
  - {conv: 64, kernel_size: 3, padding: same}
  - global_average_pool
  - {dense: classes}
train: {batch: 20, steps: 2, measure: 1}
watch: [loss]
'''
with open("wide.yaml", "w") as file:
    file.write(text)
print(len(lab.run("wide.yaml").curve("base", "loss")[0]))
"""


def test_a_convolution_trains_where_threads_have_thin_stacks(tmp_path):
    """On Windows, and on Linux without a limit, they have 2 MB, which some convolutions nearly fill."""
    done = subprocess.run([sys.executable, "-c", THIN], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == "3"


def size_of_others():
    """The size that other threads get, while no thread of whatever session begins."""
    with kernel_thread._starting:
        return threading.stack_size()


def test_other_threads_keep_their_size():
    before = size_of_others()

    def begin():
        for _ in range(50):
            KernelThread(lambda: None, "x").start()

    starters = [threading.Thread(target=begin) for _ in range(4)]
    for each in starters:
        each.start()
    for each in starters:
        each.join()
    assert size_of_others() == before
