"""One step of k-means: each centre moves to the mean of the points for which it is the nearest one."""

from __future__ import annotations

from kernels.language import kernel, one, zero


@kernel(
    "points[n,D] chosen[n] -> centres[K,D]!",
    operations=lambda n, D, K: n * (D + K),
    typical={"n": 512, "D": 2, "K": 8},
    indices={"chosen": "K"},
)
def centre_on_chosen(points, chosen, centres, thread, threads):
    """centres[k] = the mean of the points with chosen[r] = k; where there are none it stays where it is."""
    for k in range(thread, centres.shape[0], threads):
        count = zero
        for r in range(points.shape[0]):
            if int(chosen[r]) == k:
                count += one
        if count > zero:
            for c in range(points.shape[1]):
                total = zero
                for r in range(points.shape[0]):
                    if int(chosen[r]) == k:
                        total += points[r, c]
                centres[k, c] = total / count
