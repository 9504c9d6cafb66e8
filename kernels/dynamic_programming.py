"""Bellman backups on a world of N states and 4 actions, of which each has 3 outcomes.

An action goes where it should (outcome 0) with the chance 1 - slip, and to its right or its left (1, 2) with half of
`slip` each. `following[s,a,k]` is the state behind an outcome, N if the episode has ended there; `kinds[s,a,k]` says
which of the K rewards comes with it. Sutton and Barto, "Reinforcement Learning", second edition, chapter 4.
"""

from __future__ import annotations

from kernels.language import FAST, device, kernel, one, real, zero
from kernels.threads import max_over_threads

TIE = 1e-9
"""Actions whose values differ by less are equally good."""


@device(inlined=True)
def chance_of_outcome(outcome, slip):
    """The chance of outcome 0, 1 or 2."""
    return one - slip if outcome == 0 else real(0.5) * slip


@kernel(
    "values[N] following[N,4,3] kinds[N,4,3] rewards[K] slip[1] gamma[1] -> q[N,4]",
    operations=lambda N: 60 * N,
    indices={"following": "N+1", "kinds": "K"},
)
def action_values(values, following, kinds, rewards, slip, gamma, q, thread, threads):
    """q[s,a] = the expectation over the outcomes of reward + gamma times the value of the state behind; that of the end
    is 0."""
    N = values.size
    for i in range(thread, 4 * N, threads):
        s = i // 4
        a = i - 4 * s
        total = zero
        for k in range(3):
            there = int(following[s, a, k])
            worth = values[there] if there < N else zero
            reward = rewards[int(kinds[s, a, k])]
            total += chance_of_outcome(k, slip[0]) * (reward + gamma[0] * worth)
        q[s, a] = total


@kernel("q[N,4] policy[N,4] -> values[N]", operations=lambda N: 8 * N)
def expected_value(q, policy, values, thread, threads):
    """values[s] = Σ_a policy[s,a] q[s,a]: what a state is worth to whom follows the policy."""
    for s in range(thread, values.size, threads):
        total = zero
        for a in range(4):
            total += policy[s, a] * q[s, a]
        values[s] = total


@kernel("q[N,4] -> values[N]", operations=lambda N: 4 * N)
def greedy_value(q, values, thread, threads):
    """values[s] = max_a q[s,a]."""
    for s in range(thread, values.size, threads):
        best = q[s, 0]
        for a in range(1, 4):
            best = max(best, q[s, a])
        values[s] = best


@kernel("q[N,4] -> policy[N,4]! every", operations=lambda N: 12 * N, typical={"every": 1})
def improve_policy(q, policy, every, thread, threads, step):
    """In each step whose number is a multiple of `every`: the policy takes the best actions, equally good ones with
    equal chances."""
    if step % every == 0:
        for s in range(thread, policy.shape[0], threads):
            best = max(max(q[s, 0], q[s, 1]), max(q[s, 2], q[s, 3])) - real(TIE)
            count = zero
            for a in range(4):
                count += one if q[s, a] >= best else zero
            for a in range(4):
                policy[s, a] = one / count if q[s, a] >= best else zero


@kernel("values[N] before[N] -> changes[2]!", fastmath=FAST - {"nnan"}, operations=lambda N: 2 * N)
def note_change(values, before, changes, thread, threads):
    """changes = (the largest absolute difference between both, what this was the last time)."""
    largest = zero
    for s in range(thread, values.size, threads):
        largest = max(largest, abs(values[s] - before[s]))
    largest = max_over_threads(largest)
    if thread == 0:
        changes[1] = changes[0]
        changes[0] = largest
