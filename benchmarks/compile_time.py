#!/usr/bin/env python3
"""The compile time of the library: processor seconds of the compiler on one core, median of several runs.

    python3 benchmarks/compile_time.py [--compiler g++] [--repetitions 5]

    parse      nwm/nwm.hpp alone, -fsyntax-only
    include    nwm/nwm.hpp alone, -O0 -c
    program    examples/first_program.cpp, -O3 -march=native -c
"""
import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

from measuring import PROJECT, describe, machine, spread

AIMS = {"include": 1.5, "program": 8.0}  # seconds


def include_folders():
    """The include option for Eigen, unless the compiler finds it by itself."""
    run = subprocess.run(["pkg-config", "--cflags-only-I", "eigen3"], capture_output=True, text=True)
    found = run.stdout.split() if run.returncode == 0 else []
    return found or ["-I/usr/include/eigen3"]


def compile_once(command):
    """Processor and wall seconds, and the largest resident size, of one run of the compiler."""
    begin = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise SystemExit(f"compile_time.py: {' '.join(command)}: exit {process.returncode}\n{output[-2000:]}")
    return usage.ru_utime + usage.ru_stime, time.perf_counter() - begin, usage.ru_maxrss * 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--compiler", default=os.environ.get("CXX", "c++"))
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--flags", default="-march=native -fopenmp -DNDEBUG", help="besides -std, -I and -O")
    parser.add_argument("--json", type=pathlib.Path, help="also write the figures here")
    options = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})  # one core, the compiler's processes too
    program = PROJECT / "examples" / "first_program.cpp"
    flags = ["-std=c++20", *options.flags.split(), f"-I{PROJECT / 'include'}", *include_folders()]
    here = machine()
    version = subprocess.run([options.compiler, "--version"], capture_output=True, text=True).stdout.splitlines()[0]
    print(describe(here))
    print(f"{version}; {' '.join(options.flags.split())}")
    report = {"machine": here, "compiler": version, "flags": options.flags, "figures": {}}
    with tempfile.TemporaryDirectory() as work:
        lone = pathlib.Path(work, "include.cpp")
        lone.write_text("#include <nwm/nwm.hpp>\n")
        out = ["-o", str(pathlib.Path(work, "out.o"))]
        cases = {"parse": ["-fsyntax-only", str(lone)], "include": ["-O0", "-c", str(lone), *out]}
        if program.exists():
            cases["program"] = ["-O3", "-c", str(program), *out]
        else:
            print(f"program  left out: {program} is not there")
        for name, arguments in cases.items():
            command = [options.compiler, *flags, *arguments]
            compile_once(command)  # loads the files into the page cache
            runs = [compile_once(command) for _ in range(options.repetitions)]
            cpu = spread([r[0] for r in runs])
            report["figures"][name] = {"seconds": cpu, "wall_seconds": spread([r[1] for r in runs]),
                                       "peak_bytes": max(r[2] for r in runs)}
            aim = f"  (aim {AIMS[name]:g} s)" if name in AIMS else ""
            print(f"{name:8} {cpu['median']:6.2f} s  [{cpu['min']:.2f}, {cpu['max']:.2f}]  "
                  f"{report['figures'][name]['peak_bytes'] / 1e6:.0f} MB{aim}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
