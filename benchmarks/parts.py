#!/usr/bin/env python3
"""The parts of a model compared with their limits: the GEMM peak and the copying speed, measured in the same run.

    python3 benchmarks/parts.py [--threads N] [--filter part/couple]

Every round measures the limits and all parts once; the table shows medians.
"""
import argparse
import os
import statistics
import sys

from measuring import PROJECT, describe, machine, names, run_benchmarks

GEMM = ["part/gemm_peak/eigen", "part/gemm_peak/nwm"]
LIMITS = GEMM + ["part/fma_peak", "part/copy_peak"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(PROJECT / "build" / "benchmark" / "bin" / "nwm_benchmark"))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--filter", default="^part/")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.3, help="of each measurement")
    options = parser.parse_args()
    wanted = [n for n in names(options.binary, options.filter) if n.startswith("part/") and n not in LIMITS]
    if not wanted:
        raise SystemExit(f"parts.py: --filter: expected parts of nwm_benchmark, found none for {options.filter}")
    here = machine()
    rounds = []
    for r in range(options.rounds):
        print(f"round {r + 1} of {options.rounds}", file=sys.stderr, flush=True)
        rounds.append(run_benchmarks(options.binary, LIMITS + wanted, options.threads, options.seconds)[0])

    def median(name, counter):
        return statistics.median(r[name].get(counter, 0) for r in rounds)

    def most(name, counter):
        return max(r[name][counter] for r in rounds)

    gemm, fma, copy = max(most(n, "GFLOP/s") for n in GEMM), most(LIMITS[-2], "GFLOP/s"), most(LIMITS[-1], "GB/s")
    print(f"{describe(here)}\n{options.threads} threads: GEMM peak {gemm:.0f} GFLOP/s, multiply-adds on registers {fma:.0f} "
          f"GFLOP/s, copying {copy:.1f} GB/s\n")
    print("| part | items/s | GFLOP/s | of GEMM peak | GB/s | of copying |\n|---|---|---|---|---|---|")
    for name in wanted:
        flops, data = median(name, "GFLOP/s"), median(name, "GB/s")
        print(f"| {name.removeprefix('part/')} | {median(name, 'items_per_second'):.3g} | "
              + (f"{flops:.0f} | {100 * flops / gemm:.0f} % | " if flops else "- | - | ")
              + (f"{data:.1f} | {100 * data / copy:.0f} % |" if data else "- | - |"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
