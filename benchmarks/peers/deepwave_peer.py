#!/usr/bin/env python3
"""The peer of benchmarks/wave.cpp: deepwave's scalar propagator on the CPU, the same wave on the same grid.

    deepwave_peer.py [NAME ...] [--threads 2] [--seconds 3] [--repetitions 5]
    deepwave_peer.py --serve NAME VARIANT   measures once for every line "SECONDS" it reads; compare.py speaks this

    wave/forward/<n>    STEPS[n] steps of u_tt = v^2 laplace(u) on an n x n torus, one shot for each thread
    wave/rows/<n>       the same, one shot on all threads
    wave/gradient/<n>   forward, and the gradient of 1/2 |u_T|^2 by v at every site, one shot for each thread

An item is the update of one site. The stencil has five points (accuracy 2) and the time step is second order, so that
u_T agrees with wave.cpp to rounding. compare.py compares the norms of u_T and of the gradient.
"""
import argparse
import importlib.metadata
import json
import math
import os
import statistics
import sys
import time

import torch

import deepwave

from serving import measure, serve

# As in wave.cpp. Many steps on the small grids: a call costs some milliseconds of Python whatever the grid.
STEPS, DT = {64: 1600, 256: 400, 1024: 100}, 0.25
NAMES = [f"wave/{what}/{n}" for n in STEPS for what in ("forward", "rows", "gradient")]
VARIANTS = ["deepwave"]


class Task:
    """One configuration, ready to be timed."""

    def __init__(self, name, variant):
        if name not in NAMES or variant not in VARIANTS:
            raise LookupError(f"no such configuration: {name} {variant}")
        _, what, n = name.split("/")
        self.n, self.training = int(n), what == "gradient"
        shots = 1 if what == "rows" else torch.get_num_threads()
        self.items = shots * STEPS[self.n] * self.n ** 2
        row, column = torch.meshgrid(torch.arange(self.n, dtype=torch.float64), torch.arange(self.n, dtype=torch.float64),
                                     indexing="ij")
        speed = 1 + 0.2 * torch.sin(2 * math.pi * row / self.n) * torch.cos(2 * math.pi * column / self.n)
        bump = torch.exp(-((row - self.n // 2) ** 2 + (column - self.n // 2) ** 2) / 18)
        self.speed = speed.float().requires_grad_(self.training)
        self.start = bump.float().expand(shots, -1, -1).contiguous()

    def __call__(self):
        if not self.training:
            with torch.inference_mode():
                self.end = self.run()
            return
        self.speed.grad = None
        self.end = self.run()
        (0.5 * (self.end ** 2).sum()).backward()

    def run(self):
        # At rest at first: the field one step before is the field.
        return deepwave.scalar(self.speed, 1.0, DT, wavefield_0=self.start, wavefield_m1=self.start, nt=STEPS[self.n],
                               accuracy=2, pml_width=0, boundary="periodic", max_vel=1.21, origin=[0, 0],
                               pml_freq=0.1,  # required, but without effect when there is no absorbing rim
                               check_output_finite=False)[0]

    def norm(self):
        """The norm of u_T of one shot, or of its gradient."""
        shots = self.start.shape[0]
        return (self.speed.grad / shots).norm().item() if self.training else self.end[0].norm().item()

    def remarks(self):
        return {"norm": self.norm()}


def warm_up(task):
    begin = time.perf_counter()
    task()
    return time.perf_counter() - begin


def information(threads):
    return {"torch": torch.__version__, "deepwave": importlib.metadata.version("deepwave"), "variants": VARIANTS,
            "python": sys.version.split()[0], "threads": threads}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--info", action="store_true", help="the versions, as JSON")
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.list:
        print("\n".join(NAMES))
        return 0
    if arguments.info:
        print(json.dumps(information(arguments.threads)))
        return 0
    if arguments.serve:
        return serve(lambda: Task(*arguments.names), warm_up)
    print(json.dumps(information(arguments.threads)))
    for name in arguments.names or NAMES:
        task = Task(name, "deepwave")
        task()
        rates = [measure(task, arguments.seconds) for _ in range(arguments.repetitions)]
        print(f"{name:20} {statistics.median(rates) / 1e6:9.1f} million sites/s  [{min(rates) / 1e6:.1f}, {max(rates) / 1e6:.1f}]"
              f"  norm {task.norm():.7g}", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
