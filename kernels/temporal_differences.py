"""Learning from experience in the worlds of `kernels.dynamic_programming`: a step is an episode.

Everything is drawn from (seed, stream, episode, time), so that an episode can be had again. One thread lives through
it: what an action leads to is known only when the one before has been taken.
"""

from __future__ import annotations

import numpy as np

from kernels.dynamic_programming import TIE
from kernels.elementary import exp, log
from kernels.language import device, kernel, one, real, zero
from kernels.random import DROP, ONE_24TH, normal, philox

Q_LEARNING, SARSA, EXPECTED_SARSA, DOUBLE_Q_LEARNING = 0, 1, 2, 3


@device(inlined=True)
def share(word):
    """A 32-bit word as a number in [0, 1)."""
    return real(np.int64(word >> DROP)) * real(ONE_24TH)


@device
def outcome_of(level, slip):
    """Which outcome of an action a number in [0, 1) stands for."""
    if level < one - slip:
        return 0
    return 1 if level < one - real(0.5) * slip else 2


@device
def action_value(tables, s, a):
    """What is acted on: the sum of both tables, of which most methods leave the second at 0."""
    return tables[0, s, a] + tables[1, s, a]


@device
def best_value(tables, s):
    """The value of the best action."""
    best = action_value(tables, s, 0)
    for a in range(1, 4):
        best = max(best, action_value(tables, s, a))
    return best


@device
def epsilon_greedy(tables, s, epsilon, explore, choice):
    """Choose an action: any with the chance epsilon, else the best; among equally good ones by chance.

    explore, choice: two numbers in [0, 1)
    """
    if explore < epsilon:
        return int(choice * real(4.0))
    best = best_value(tables, s) - real(TIE)
    count = 0
    for a in range(4):
        count += 1 if action_value(tables, s, a) >= best else 0
    wanted = int(choice * real(count))
    found = 0
    for a in range(4):
        if action_value(tables, s, a) >= best:
            if wanted == 0:
                found = a
            wanted -= 1
    return found


@device
def chance_to_explore(visits, s, epsilon, decay):
    """epsilon / n^decay where this is the n-th visit to a state, at most 1; epsilon itself without a decay."""
    if decay == zero:
        return epsilon
    count = one
    for a in range(4):
        count += visits[0, s, a] + visits[1, s, a]
    return min(one, epsilon * exp(-decay * log(count)))


@device
def worth_of_next(tables, s, a, epsilon, rule, updated):
    """What the next state is worth, which is all in which the methods differ.

    Sarsa: the value of the action that will be taken there. Expected Sarsa: the mean over what may be taken.
    Q-learning: the value of the best one. Double Q-learning: the best one by the table that is updated, as the other
    table values it.
    """
    if rule == SARSA:
        return tables[0, s, a]
    if rule == EXPECTED_SARSA:
        best = best_value(tables, s) - real(TIE)
        count = zero
        total = zero
        good = zero
        for b in range(4):
            value = action_value(tables, s, b)
            total += value
            good += value if value >= best else zero
            count += one if value >= best else zero
        return epsilon * real(0.25) * total + (one - epsilon) * good / count
    chosen = 0
    for b in range(1, 4):
        if tables[updated, s, b] > tables[updated, s, chosen]:
            chosen = b
    return tables[1 - updated if rule == DOUBLE_Q_LEARNING else updated, s, chosen]


@kernel(
    "following[N,4,3] kinds[N,4,3] rewards[K] starts[M] slip[1] noise[1] gamma[1] learning_rate[1] decay[1] epsilon[1] "
    "epsilon_decay[1] -> tables[2,N,4]! visits[2,N,4]! path[T] record[W,3]! rule bootstrap stream",
    operations=lambda T: 40 * T,
    typical={"N": 64, "K": 2, "M": 1, "T": 64, "W": 100, "rule": 0, "bootstrap": 1, "stream": 0},
    indices={"following": "N+1", "kinds": "K", "starts": "N"},
)
def control_episode(
    following, kinds, rewards, starts, slip, noise, gamma, learning_rate, decay, epsilon, epsilon_decay,
    tables, visits, path, record, rule, bootstrap, stream, thread, threads, step, seed,
):  # fmt: skip
    """Live through one episode of at most T - 1 steps, epsilon-greedily, and learn after each of them.

    tables[i,s,a] += rate (reward + gamma worth - tables[i,s,a]), where `worth` is that of the next state by the `rule`,
    0 behind the end, and the rate is learning_rate / n^decay at the n-th visit; the chance to explore falls likewise
    with the visits to the state. An episode that is cut off by the time limit has not ended: its last state is worth
    what it is; with `bootstrap` 0 it is taken for an end. Standard normal numbers times `noise` are added to the
    rewards.

    path: the states in order, N for the end, -1 behind the last
    record: row (episode - 1) % W becomes the sum of the rewards, the number of steps, and whether it ended by itself
    Watkins and Dayan, "Q-learning", 1992; van Hasselt, "Double Q-learning", 2010; Sutton and Barto, chapter 6.
    """
    if thread == 0:
        N = following.shape[0]
        limit = path.size - 1
        first, second, third, _ = philox(seed, stream, step, 0)
        s = int(starts[int(share(third) * real(starts.size))])
        exploring = chance_to_explore(visits, s, epsilon[0], epsilon_decay[0])
        a = epsilon_greedy(tables, s, exploring, share(first), share(second))
        total = zero
        length = 0
        alive = True
        for t in range(limit):
            path[t] = real(s) if alive else -one
            if alive:
                drawn, coin, _, _ = philox(seed, stream, step, 2 * t + 1)
                k = outcome_of(share(drawn), slip[0])
                there = int(following[s, a, k])
                reward = rewards[int(kinds[s, a, k])]
                if noise[0] > zero:
                    reward += noise[0] * normal(seed, stream + 1, step, t)
                total += reward
                length = t + 1
                updated = int(share(coin) * real(2.0)) if rule == DOUBLE_Q_LEARNING else 0
                explore, choice, _, _ = philox(seed, stream, step, 2 * t + 2)
                action = 0
                if there < N:
                    exploring = chance_to_explore(visits, there, epsilon[0], epsilon_decay[0])
                if there < N and rule == SARSA:
                    action = epsilon_greedy(tables, there, exploring, share(explore), share(choice))
                worth = zero
                if there < N and (t + 1 < limit or bootstrap == 1):
                    worth = worth_of_next(tables, there, action, exploring, rule, updated)
                visits[updated, s, a] += one
                rate = learning_rate[0]
                if decay[0] > zero:
                    rate *= exp(-decay[0] * log(visits[updated, s, a]))
                tables[updated, s, a] += rate * (reward + gamma[0] * worth - tables[updated, s, a])
                if there < N and rule != SARSA:
                    action = epsilon_greedy(tables, there, exploring, share(explore), share(choice))
                alive = there < N
                s = there
                a = action
        path[limit] = -one
        path[length] = real(s)
        row = (step - 1) % record.shape[0]
        record[row, 0] = total
        record[row, 1] = real(length)
        record[row, 2] = zero if alive else one


@kernel(
    "following[N,4,3] kinds[N,4,3] rewards[K] starts[M] slip[1] noise[1] gamma[1] policy[N,4] "
    "-> values[N]! squares[N]! counts[N]! first[N]! gains[T] path[T] record[W,3]! stream",
    operations=lambda T: 20 * T,
    typical={"N": 64, "K": 2, "M": 1, "T": 64, "W": 100, "stream": 0},
    indices={"following": "N+1", "kinds": "K", "starts": "N"},
)
def evaluation_episode(
    following, kinds, rewards, starts, slip, noise, gamma, policy,
    values, squares, counts, first, gains, path, record, stream, thread, threads, step, seed,
):  # fmt: skip
    """Live through one episode by a policy, and average the returns behind the first visit to each state.

    values[s] becomes the mean of the returns that were seen from s, counts[s] their number, and squares[s] the sum of
    their squared distances from the mean (Welford, 1962). `first` is 0 before and after. path and record are those of
    `control_episode`. Sutton and Barto, section 5.1.
    """
    if thread == 0:
        N = values.size
        limit = path.size - 1
        _, _, third, _ = philox(seed, stream, step, 0)
        s = int(starts[int(share(third) * real(starts.size))])
        total = zero
        length = 0
        alive = True
        for t in range(limit):
            path[t] = real(s) if alive else -one
            gains[t] = zero
            if alive:
                if first[s] == zero:
                    first[s] = real(t + 1)
                drawn, choice, _, _ = philox(seed, stream, step, t + 1)
                left = share(choice)
                a = 0
                for b in range(4):
                    if left >= zero and policy[s, b] > zero:
                        a = b
                    left -= policy[s, b]
                k = outcome_of(share(drawn), slip[0])
                there = int(following[s, a, k])
                reward = rewards[int(kinds[s, a, k])]
                if noise[0] > zero:
                    reward += noise[0] * normal(seed, stream + 1, step, t)
                gains[t] = reward
                total += reward
                length = t + 1
                alive = there < N
                s = there
        path[limit] = -one
        path[length] = real(s)
        gains[limit] = zero
        back = zero
        for backwards in range(length):
            t = length - 1 - backwards
            back = gains[t] + gamma[0] * back
            before = int(path[t])
            if first[before] == real(t + 1):
                first[before] = zero
                counts[before] += one
                away = back - values[before]
                values[before] += away / counts[before]
                squares[before] += away * (back - values[before])
        row = (step - 1) % record.shape[0]
        record[row, 0] = total
        record[row, 1] = real(length)
        record[row, 2] = zero if alive else one
