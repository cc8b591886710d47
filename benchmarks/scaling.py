#!/usr/bin/env python3
"""How the cost of a gradient grows with pixels, steps and images, over two decades each: fitted exponents. With
--threads, what threads gain.

    python3 benchmarks/scaling.py [--rounds 5] [--seconds 0.5] [--plot scaling.png]
    python3 benchmarks/scaling.py --threads 2 [--rounds 5] [--seconds 0.5] [--filter unet]

Fits cost = a size^b by least squares in the logarithms of the medians over rounds. Encoders, readout and head cost the same
for any number of steps. For steps, the fit therefore uses cost and steps above those of the smallest run. --plot needs gnuplot.

--threads N: images/s of a training step on N threads, for small batches, beside N copies of the program that run at the same
time, each on one thread with a batch of its own: what the same cores do that need not wait for each other.
"""
import argparse
import concurrent.futures
import math
import shutil
import statistics
import subprocess
import sys

from measuring import PROJECT, describe, machine, names, run_benchmarks


def exponent(points):
    x, y = [math.log(s) for s, _ in points], [math.log(c) for _, c in points]
    mx, my = statistics.mean(x), statistics.mean(y)
    return sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)


def above_first(points):
    (first, base), rest = points[0], points[1:]
    if min(c for _, c in rest) <= base:
        raise SystemExit("scaling.py: more steps cost no more: too noisy to tell")
    return [(s - first, c - base) for s, c in rest]


def plot(series, path):
    if not shutil.which("gnuplot"):
        raise SystemExit("scaling.py: --plot: gnuplot is not there")
    blocks = "".join(f"${by} << E\n" + "".join(f"{s} {c}\n" for s, c in points) + "E\n" for by, points in series.items())
    lines = ", ".join(f"${by} with linespoints title '{by}'" for by in series)
    script = (f"set term pngcairo size 800,600\nset output '{path}'\nset logscale xy\nset key left top\n"
              f"set xlabel 'pixels, steps or images'\nset ylabel 'seconds a gradient'\n{blocks}plot {lines}\n")
    subprocess.run(["gnuplot"], input=script, text=True, check=True)


def over_threads(options):
    """The table of --threads."""
    wanted = [n for n in names(options.binary, "^threads/") if options.filter in n]
    if not wanted:
        raise SystemExit(f"scaling.py: nwm_benchmark has no threads/* with '{options.filter}'")
    here, rounds = machine(), []

    def rate(name, threads):
        return run_benchmarks(options.binary, [name], threads, options.seconds)[0][name]["items_per_second"]

    with concurrent.futures.ThreadPoolExecutor(options.threads) as copies:
        for r in range(options.rounds):
            print(f"round {r + 1} of {options.rounds}", file=sys.stderr, flush=True)
            rounds.append({name: (rate(name, 1), rate(name, options.threads),
                                  sum(copies.map(lambda _, n=name: rate(n, 1), range(options.threads))))
                           for name in wanted})
    print(f"{describe(here)}\n\nimages/s, medians of {options.rounds} rounds\n")
    print(f"| batch | 1 thread | {options.threads} threads | {options.threads} copies | threads / copies |\n|---|---|---|---|---|")
    for name in wanted:
        one, many, apart = (statistics.median(r[name][k] for r in rounds) for k in range(3))
        ratios = [r[name][1] / r[name][2] for r in rounds]
        print(f"| {name.removeprefix('threads/')} | {one:.4g} | {many:.4g} | {apart:.4g} | "
              f"{statistics.median(ratios):.2f} [{min(ratios):.2f}, {max(ratios):.2f}] |")
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(PROJECT / "build" / "benchmark" / "bin" / "nwm_benchmark"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--plot", metavar="PNG")
    parser.add_argument("--threads", type=int, help="measure this many beside as many copies")
    parser.add_argument("--filter", default="", help="of --threads: a part of the names")
    options = parser.parse_args()
    if options.threads:
        return over_threads(options)
    wanted = names(options.binary, "^scaling/")
    if not wanted:
        raise SystemExit("scaling.py: nwm_benchmark has no scaling/*")
    here, rounds = machine(), []
    for r in range(options.rounds):
        print(f"round {r + 1} of {options.rounds}", file=sys.stderr, flush=True)
        rounds.append(run_benchmarks(options.binary, wanted, 1, options.seconds)[0])
    series = {}
    for name in wanted:
        _, by, size = name.split("/")
        items = int(size) if by == "images" else 1
        seconds = statistics.median(items / r[name]["items_per_second"] for r in rounds)
        series.setdefault(by, []).append((int(size), seconds))
    print(f"{describe(here)}; 1 thread\n\n| by | sizes | seconds | exponent |\n|---|---|---|---|")
    for by, points in series.items():
        points.sort()
        b = exponent(above_first(points) if by == "steps" else points)
        print(f"| {by} | {', '.join(str(s) for s, _ in points)} | {', '.join(f'{t:.3g}' for _, t in points)} | {b:.3f} |")
    if options.plot:
        plot(series, options.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
