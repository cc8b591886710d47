#!/usr/bin/env python3
"""Compares the speed of a commit with that of its parent, and fails on a loss beyond noise.

    python3 benchmarks/gate.py                     HEAD against its parent
    python3 benchmarks/gate.py .                   the working tree against HEAD
    python3 benchmarks/gate.py HEAD --base v1.0    against any other commit
    python3 benchmarks/gate.py --filter 'part/couple'

Both are built with the preset `benchmark` in separate folders, and measured in turn, benchmark by benchmark: new, old,
old, new, ... Only ratios of neighbouring measurements count, so that a slow machine slows both. A benchmark has lost when
the median ratio is below 1 - tolerance and the median's 95 % interval lies below 1. An apparent loss is measured once more
with twice the rounds before it counts. Exit status: 0 no loss, 1 a loss.
"""
import argparse
import os
import pathlib
import shutil
import statistics
import subprocess
import sys

from measuring import PROJECT, describe, git, machine, median_interval, names, run_benchmarks

MODELS_AND_PARTS = "^(train_step|infer|part/(couple|head|readout|encoder))/"


def say(text):
    print(text, flush=True)


def lay_out(commit, folder):
    """The files of a commit (or of the working tree, `.`) in folder/source."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    source.mkdir(parents=True)
    if commit == ".":
        listed = git("ls-files", "--cached", "--others", "--exclude-standard").splitlines()
        for path in listed:
            if (PROJECT / path).is_file():
                (source / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(PROJECT / path, source / path)
        return source
    archive = subprocess.Popen(["git", "-C", str(PROJECT), "archive", commit], stdout=subprocess.PIPE)
    subprocess.run(["tar", "-x", "-C", str(source)], stdin=archive.stdout, check=True)
    if archive.wait() != 0:
        raise SystemExit(f"gate.py: git archive {commit} failed")
    return source


def build(commit, label, work, jobs):
    """Path of nwm_benchmark built from a commit. An earlier build is reused, except for the working tree."""
    folder = work / label
    binary = folder / "build" / "bin" / "nwm_benchmark"
    if commit != "." and binary.exists():
        say(f"{label}: built before")
        return str(binary)
    source = lay_out(commit, folder)
    say(f"{label}: building in {folder}")
    with open(folder / "build.log", "w") as log:
        for command in (["cmake", "--preset", "benchmark", "-B", str(folder / "build")],
                        ["cmake", "--build", str(folder / "build"), "--target", "nwm_benchmark", "--parallel", str(jobs)]):
            if subprocess.run(command, cwd=source, stdout=log, stderr=log).returncode != 0:
                raise SystemExit(f"gate.py: {label} does not build: see {folder / 'build.log'}")
    return str(binary)


def ratios(name, new, old, options, rounds):
    """New rate over old rate for each pair of neighbouring measurements."""
    rate = lambda b: run_benchmarks(b, [name], options.threads, options.seconds)[0][name]["items_per_second"]
    result = []
    for round_number in range(rounds):
        if round_number % 2:
            b, a = rate(old), rate(new)
        else:
            a, b = rate(new), rate(old)
        result.append(a / b)
    return result


def judge(values, tolerance):
    """(median, low, high, verdict)."""
    median, (low, high) = statistics.median(values), median_interval(values)
    if median < 1 - tolerance and high < 1:
        verdict = "LOSS"
    elif median > 1 + tolerance and low > 1:
        verdict = "gain"
    elif low < 1 - tolerance and high > 1 + tolerance:
        verdict = "too noisy to tell"
    else:
        verdict = "same"
    return median, low, high, verdict


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("commit", nargs="?", default="HEAD", help="a commit, or . for the working tree")
    parser.add_argument("--base", help="what it is compared with (default: the commit's parent; for ., HEAD)")
    parser.add_argument("--filter", default=MODELS_AND_PARTS, help="a regular expression on the benchmarks' names")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=9, help="at least 6, or the interval says nothing")
    parser.add_argument("--seconds", type=float, default=0.5, help="of each measurement")
    parser.add_argument("--tolerance", type=float, default=0.03)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=pathlib.Path, default=PROJECT / "build" / "gate")
    options = parser.parse_args()
    if options.rounds < 6:
        raise SystemExit(f"gate.py: --rounds: expected at least 6, found {options.rounds}")
    base = options.base or ("HEAD" if options.commit == "." else options.commit + "~1")
    hashes = []
    for c in (options.commit, base):
        found = "." if c == "." else git("rev-parse", "--verify", "--quiet", c + "^{commit}")
        if not found:
            raise SystemExit(f"gate.py: {c}: no such commit")
        hashes.append(found)
    work = options.work.resolve()
    new, old = (build(h, "working-tree" if h == "." else h[:12], work, options.jobs) for h in hashes)

    here = machine()
    say(describe(here))
    new_names, old_names = names(new, options.filter), set(names(old, options.filter))
    shared = [n for n in new_names if n in old_names]
    for n in new_names:
        if n not in old_names:
            say(f"{n}: new, nothing to compare with")
    gone = sorted(old_names - set(new_names))
    for n in gone:
        say(f"{n}: gone")
    if not shared:
        raise SystemExit("gate.py: no benchmark that both have matches")
    width = max(map(len, shared))
    losses = []
    for n in shared:
        median, low, high, verdict = judge(ratios(n, new, old, options, options.rounds), options.tolerance)
        say(f"{n:{width}}  {median:6.3f}  [{low:.3f}, {high:.3f}]  {verdict}")
        if verdict == "LOSS":
            median, low, high, verdict = judge(ratios(n, new, old, options, 2 * options.rounds), options.tolerance)
            say(f"{'':{width}}  {median:6.3f}  [{low:.3f}, {high:.3f}]  {'LOSS, confirmed' if verdict == 'LOSS' else verdict}")
            if verdict == "LOSS":
                losses.append(n)
    say(f"{len(shared)} compared, {len(losses)} lost speed" + (": " + ", ".join(losses) if losses else ""))
    return 1 if losses else 0


if __name__ == "__main__":
    sys.exit(main())
