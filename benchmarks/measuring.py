"""Shared by compare.py, gate.py and compile_time.py: running nwm_benchmark, medians, a description of the machine."""
import datetime
import json
import math
import os
import pathlib
import platform
import re
import statistics
import subprocess
import tempfile

PROJECT = pathlib.Path(__file__).resolve().parent.parent


def clean_environment():
    """The environment without settings for older OpenBLAS builds, which some machines have and which slow newer ones."""
    return {k: v for k, v in os.environ.items() if k not in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")}


def names(binary, pattern):
    """The names of a program's benchmarks that match."""
    run = subprocess.run([binary, "--benchmark_list_tests", f"--benchmark_filter={pattern}"], check=True,
                         capture_output=True, text=True)
    return [line for line in run.stdout.split("\n") if line]


def run_benchmarks(binary, wanted, threads, seconds):
    """Runs benchmarks by name, each for `seconds`: ({name: counters}, context, peak resident bytes of the process)."""
    pattern = "^(" + "|".join(re.escape(n) for n in wanted) + ")$"
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(
            [binary, "--threads", str(threads), f"--benchmark_filter={pattern}", f"--benchmark_min_time={seconds}",
             "--benchmark_format=json"], stdout=out, stderr=subprocess.DEVNULL, env=clean_environment())
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        text = out.read()
    if process.returncode != 0:
        raise SystemExit(f"{binary}: exit {process.returncode} while measuring {', '.join(wanted)}")
    result = json.loads(text) if text.strip() else {"benchmarks": [], "context": {}}
    counters = {}
    for entry in result["benchmarks"]:
        if entry.get("error_occurred"):
            raise SystemExit(f"{binary}: {entry['name']}: {entry.get('error_message')}")
        counters[entry["name"]] = entry
    missing = set(wanted) - counters.keys()
    if missing:
        raise SystemExit(f"{binary}: has no benchmark {', '.join(sorted(missing))}")
    return counters, result["context"], usage.ru_maxrss * 1024


def spread(values):
    return {"median": statistics.median(values), "min": min(values), "max": max(values), "all": values}


def median_interval(values):
    """An interval that holds the median with at least 95 % (order statistics; all values when there are few)."""
    ordered, n = sorted(values), len(values)
    k = 0
    while 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2 ** n <= 0.05:
        k += 1
    k = max(k - 1, 0)
    return ordered[k], ordered[n - 1 - k]


def git(*arguments, folder=PROJECT):
    run = subprocess.run(["git", "-C", str(folder), *arguments], capture_output=True, text=True)
    return run.stdout.strip() if run.returncode == 0 else ""


def cpu_model():
    text = pathlib.Path("/proc/cpuinfo").read_text() if os.path.exists("/proc/cpuinfo") else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    return found.group(1) if found else platform.processor() or platform.machine()


def machine():
    """The machine and the commit of the figures."""
    load = os.getloadavg()[0]
    return {"date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"), "cpu": cpu_model(),
            "cores": os.cpu_count(), "system": f"{platform.system()} {platform.release()}", "load": round(load, 2),
            # Other work runs, perhaps left from a build: measurements beside it mean little.
            "busy": load > 0.25 * (os.cpu_count() or 1),
            "commit": git("rev-parse", "--short", "HEAD"),
            "changed": bool(git("status", "--porcelain", "--", "include", "benchmarks"))}


def describe(m):
    text = (f"{m['cpu']}, {m['cores']} cores, {m['system']}; {m['date'][:16].replace('T', ' ')}; commit {m['commit']}"
            + (" with changes" if m["changed"] else ""))
    return text + (f"; BUSY at the start (load {m['load']}): not figures to quote" if m["busy"] else "")
