#!/usr/bin/env python3
"""Memory and time of the checkpointing policies (nwm::checkpointing), by the number of steps.

    python3 benchmarks/memory.py [--threads 1] [--rounds 3] [--seconds 1]

Each policy and number of steps runs in its own process; figures are medians over rounds.
"""
import argparse
import statistics
import sys

from measuring import PROJECT, describe, machine, names, run_benchmarks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(PROJECT / "build" / "benchmark" / "bin" / "nwm_benchmark"))
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    options = parser.parse_args()
    wanted = names(options.binary, "^memory/")
    if not wanted:
        raise SystemExit("memory.py: nwm_benchmark has no memory/*")
    here = machine()
    rates, peak, space = {n: [] for n in wanted}, dict.fromkeys(wanted, 0), {}
    for r in range(options.rounds):
        print(f"round {r + 1} of {options.rounds}", file=sys.stderr, flush=True)
        for name in wanted:
            counters, _, _ = run_benchmarks(options.binary, [name], options.threads, options.seconds)
            rates[name].append(counters[name]["items_per_second"])
            peak[name] = max(peak[name], counters[name]["peak_bytes"])
            space[name] = counters[name]["workspace_bytes"]
    print(f"{describe(here)}; {options.threads} threads\n")
    print("| policy | steps | work space of a thread | peak resident | images/s | image-steps/s |\n|---|---|---|---|---|---|")
    for name in wanted:
        _, policy, steps = name.split("/")
        rate = statistics.median(rates[name])
        print(f"| {policy} | {steps} | {space[name] / 1e6:.1f} MB | {peak[name] / 1e6:.1f} MB | {rate:.4g} | {rate * int(steps):.4g} |")
    return 0


if __name__ == "__main__":
    sys.exit(main())
