#!/usr/bin/env python3
"""How the cost of a gradient grows with pixels, steps and images, over two decades each: fitted exponents.

    python3 benchmarks/scaling.py [--rounds 5] [--seconds 0.5] [--plot scaling.png]

Fits cost = a size^b by least squares in the logarithms of the medians over rounds. Encoders, readout and head cost the same
for any number of steps. For steps, the fit therefore uses cost and steps above those of the smallest run. --plot needs gnuplot.
"""
import argparse
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


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=str(PROJECT / "build" / "benchmark" / "bin" / "nwm_benchmark"))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--plot", metavar="PNG")
    options = parser.parse_args()
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
