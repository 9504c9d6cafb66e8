"""t-SNE, step by step, PCA's directions, and who is a point's nearest neighbour.

van der Maaten and Hinton, "Visualizing data using t-SNE", 2008. All pairs of points are computed.
"""

from __future__ import annotations

from kernels.elementary import exp_to_zero, log, square_root
from kernels.language import kernel, one, real, zero
from kernels.metrics import EXACT

BISECTIONS = 60
LEAST_GAIN = 0.01


@kernel("points[n,D] -> squares[n,n]", operations=lambda n, D: 3 * n * n * D, typical={"n": 256, "D": 16})
def squared_distances(points, squares, thread, threads):
    """squares[i,j] = the square of the Euclidean distance of points[i] and points[j]."""
    n, D = points.shape
    for i in range(thread, n, threads):
        for j in range(n):
            total = zero
            for k in range(D):
                apart = points[i, k] - points[j, k]
                total += apart * apart
            squares[i, j] = total


@kernel("squares[n,n] perplexity[1] -> chances[n,n]", operations=lambda n: 60 * 6 * n * n, typical={"n": 64})
def neighbour_chances(squares, perplexity, chances, thread, threads):
    """chances[i,j] is proportional to exp(-b squares[i,j]), 0 for i = j, each row summing to 1; b is such that 2 to the
    power of the row's entropy in bits is the perplexity, found by halving an interval."""
    n = squares.shape[0]
    wanted = log(perplexity[0])
    for i in range(thread, n, threads):
        least = squares[i, 1 if i == 0 else 0]
        mean = zero
        for j in range(n):
            if j != i:
                mean += squares[i, j]
                if squares[i, j] < least:
                    least = squares[i, j]
        mean = mean / real(n - 1) - least
        scale = one / mean if mean > zero else one
        low, high, b = zero, zero, scale
        for _ in range(BISECTIONS):
            total, weighted = zero, zero
            for j in range(n):
                if j != i:
                    far = squares[i, j] - least
                    share = exp_to_zero(-b * far)
                    total += share
                    weighted += share * far
            if log(total) + b * weighted / total > wanted:
                low = b
                b = (b + high) * real(0.5) if high > zero else b * real(2)
            else:
                high = b
                b = (b + low) * real(0.5)
        total = zero
        for j in range(n):
            share = exp_to_zero(-b * (squares[i, j] - least)) if j != i else zero
            chances[i, j] = share
            total += share
        for j in range(n):
            chances[i, j] /= total


@kernel("chances[n,n] -> joint[n,n]", typical={"n": 256})
def joint_chances(chances, joint, thread, threads):
    """joint = (chances + its transpose) / 2n: the chance of each pair, which sum to 1."""
    n = chances.shape[0]
    share = one / real(2 * n)
    for i in range(thread, n, threads):
        for j in range(n):
            joint[i, j] = (chances[i, j] + chances[j, i]) * share


@kernel("points[n,2] -> sums[n]", operations=lambda n: 7 * n * n, typical={"n": 512})
def student_sums(points, sums, thread, threads):
    """sums[i] = the sum of 1 / (1 + d²) over all other points, where d is their distance to points[i]."""
    n = points.shape[0]
    for i in range(thread, n, threads):
        x, y = points[i, 0], points[i, 1]
        total = zero
        for j in range(n):
            right, up = x - points[j, 0], y - points[j, 1]
            total += one / (one + right * right + up * up)
        sums[i] = total - one


@kernel(
    "joint[n,n] points[n,2] whole[1] exaggeration[1] -> gradient[n,2]",
    operations=lambda n: 13 * n * n,
    typical={"n": 512},
)
def tsne_gradient(joint, points, whole, exaggeration, gradient, thread, threads):
    """gradient[i] = 4 times the sum over j of (exaggeration joint[i,j] - w / whole) w (points[i] - points[j]), where
    w = 1 / (1 + d²) for their distance d: that of the divergence of both distributions, if nothing is exaggerated."""
    n = points.shape[0]
    share, stretch = one / whole[0], exaggeration[0]
    for i in range(thread, n, threads):
        x, y = points[i, 0], points[i, 1]
        to_right, to_top = zero, zero
        for j in range(n):
            right, up = x - points[j, 0], y - points[j, 1]
            w = one / (one + right * right + up * up)
            force = (stretch * joint[i, j] - w * share) * w
            to_right += force * right
            to_top += force * up
        gradient[i, 0] = real(4) * to_right
        gradient[i, 1] = real(4) * to_top


@kernel("joint[n,n] points[n,2] whole[1] -> rows[n]", operations=lambda n: 20 * n * n, typical={"n": 256})
def tsne_divergence(joint, points, whole, rows, thread, threads):
    """rows[i] = the sum over j of p log(p / q), where p is joint[i,j] and q = 1 / (1 + d²) / whole: all together the
    Kullback-Leibler divergence, in nats."""
    n = points.shape[0]
    for i in range(thread, n, threads):
        total = zero
        for j in range(n):
            p = joint[i, j]
            if p > zero and i != j:
                right, up = points[i, 0] - points[j, 0], points[i, 1] - points[j, 1]
                total += p * log(p * whole[0] * (one + right * right + up * up))
        rows[i] = total


@kernel("gradient[n] rate[1] momentum[1] -> points[n]! velocity[n]! gains[n]!", operations=lambda n: 8 * n)
def delta_bar_delta(gradient, rate, momentum, points, velocity, gains, thread, threads):
    """A step with momentum, in which each number has a gain of its own: 0.2 more where it goes on in the direction it
    came from, 0.8 times as much where it turns, at least 0.01 (Jacobs 1988, as t-SNE uses it)."""
    for i in range(thread, points.size, threads):
        turns = velocity[i] * gradient[i] >= zero
        gain = gains[i] * real(0.8) if turns else gains[i] + real(0.2)
        if gain < real(LEAST_GAIN):
            gain = real(LEAST_GAIN)
        gains[i] = gain
        v = momentum[0] * velocity[i] - rate[0] * gain * gradient[i]
        velocity[i] = v
        points[i] += v


@kernel("early[1] late[1] count[1] -> value[1]")
def early_or_late(early, late, count, value, thread, threads, step):
    """value = early in the first `count` steps, then late."""
    if thread == 0:
        value[0] = early[0] if step <= int(count[0]) else late[0]


@kernel("a[D,K] -> q[D,K]", operations=lambda D, K: 2 * D * K * K, typical={"D": 64, "K": 2})
def orthonormal(a, q, thread, threads):
    """q = the columns of a made orthogonal to those before them and of length 1, one after the other (Gram and
    Schmidt); a column of which nothing is left becomes 0."""
    D, K = a.shape
    if thread == 0:
        for k in range(K):
            for d in range(D):
                q[d, k] = a[d, k]
            for _ in range(2):  # once more, since rounding leaves something
                for other in range(k):
                    along = zero
                    for d in range(D):
                        along += q[d, k] * q[d, other]
                    for d in range(D):
                        q[d, k] -= along * q[d, other]
            length = zero
            for d in range(D):
                length += q[d, k] * q[d, k]
            length = square_root(length)
            for d in range(D):
                q[d, k] = q[d, k] / length if length > zero else zero


@kernel(
    "points[n,D] labels[n] -> right[n]",
    fastmath=EXACT,
    operations=lambda n, D: 3 * n * n * D,
    typical={"n": 256, "D": 2},
)
def neighbour_agrees(points, labels, right, thread, threads):
    """right[i] = 1 if the point that is nearest to points[i], the first one of equals, has its label, else 0."""
    n, D = points.shape
    for i in range(thread, n, threads):
        found, least = -1, zero
        for j in range(n):
            total = zero
            for k in range(D):
                apart = points[i, k] - points[j, k]
                total += apart * apart
            if j != i and (found < 0 or total < least):
                found, least = j, total
        right[i] = one if labels[found] == labels[i] else zero
