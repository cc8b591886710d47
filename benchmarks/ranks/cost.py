#!/usr/bin/env python3
"""At which number of ranks a simulation and a training stop scaling: a model of cost, on paper.

    python3 benchmarks/ranks/cost.py

What a core does is measured (COMPUTE); of networks there are typical figures (NETWORKS): seconds of a short message,
one way, and bytes per second between two machines. The first line of the networks is nwm_ranks' own, of this machine.
A row says how many ranks there are where half of a step is no longer work that one process would do, and how many
times as fast as one rank they are.
"""

COMPUTE = {"site": 1 / 5.2e9, "image": 1 / 47}  # a linear wave's site and step; a gradient of the study's machine
NETWORKS = {
    "shared memory, measured": (0.4e-6, 2.0e9),
    "10 Gb Ethernet": (20e-6, 1.1e9),
    "100 Gb Ethernet (RoCE)": (3e-6, 11e9),
    "InfiniBand NDR": (1.5e-6, 45e9),
}


def simulation(side, ranks, latency, rate):
    """Seconds of a step of a square grid in passes of `deep` steps, as nwm::mpi::RowPasses takes them."""
    deep = max(1, min(8, side // ranks // 4))
    rows = side / ranks + (deep - 1)  # some are moved by two ranks
    fields = 2 if deep > 1 else 1
    exchange = latency + 2 * fields * deep * side * 4 / rate  # to both neighbours, over one link
    return COMPUTE["site"] * rows * side + (exchange / deep if ranks > 1 else 0)


def training(ranks, batch, parameters, latency, rate, exact):
    """Seconds of a step: the largest share of the batch, and the sum of the gradients."""
    work = -(-batch // ranks) * COMPUTE["image"]
    if ranks == 1:
        return work
    size, levels = 4 * parameters, (ranks - 1).bit_length()
    if exact:  # from rank to rank in pieces of 64 KiB, then to all
        piece = min(size, 65536)
        return work + (ranks - 2 + size / piece) * (latency + piece / rate) + levels * latency + 2 * size / rate
    return work + 2 * levels * latency + 2 * size / rate * (ranks - 1) / ranks


def last_with_half(seconds, most):
    """The largest power of two of ranks that are at least half as much faster than one as there are of them."""
    ranks = 1
    while 2 * ranks <= most and seconds(1) / seconds(2 * ranks) >= ranks:
        ranks *= 2
    return ranks, seconds(1) / seconds(ranks)


def main():
    print("simulation, a square grid in float: ranks (times as fast as one)")
    print(f"{'':26}" + "".join(f"{f'{side}^2':>18}" for side in (512, 4096, 32768)))
    for name, network in NETWORKS.items():
        cells = [last_with_half(lambda n: simulation(side, n, *network), side) for side in (512, 4096, 32768)]
        print(f"{name:26}" + "".join(f"{f'{n} ({gain:.0f})':>18}" for n, gain in cells))
    print("\ntraining, 176,124 parameters, batch 64, a core a rank: share of a step that is the sum, exact / fast")
    print(f"{'':26}" + "".join(f"{f'{n} ranks':>18}" for n in (4, 16, 64)))
    for name, network in NETWORKS.items():
        cells = []
        for n in (4, 16, 64):
            work = -(-64 // n) * COMPUTE["image"]
            cells.append(" / ".join(f"{100 * (1 - work / training(n, 64, 176124, *network, exact)):.1f} %"
                                    for exact in (True, False)))
        print(f"{name:26}" + "".join(f"{cell:>18}" for cell in cells))


if __name__ == "__main__":
    main()
