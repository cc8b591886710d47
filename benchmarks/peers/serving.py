"""Shared by the peer programs: timing a task, and answering compare.py."""
import json
import os
import resource
import sys
import time


def measure(task, seconds):
    """Items per second over at least `seconds` and at least one whole task() of task.items."""
    begin, count = time.perf_counter(), 0
    while True:
        task()
        count += 1
        elapsed = time.perf_counter() - begin
        if elapsed >= seconds:
            return count * task.items / elapsed


def serve(make, warm_up):
    """Answers every line (seconds) with a line of JSON that includes task.remarks(). make() returns the task,
    warm_up(task) the seconds of its warm-up. Output of compilers and libraries goes to stderr."""
    channel = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    try:
        task = make()
        answer = {"ready": True, "warm_up_seconds": round(warm_up(task), 2)}
    except Exception as error:  # the comparison goes on without it
        print(json.dumps({"ready": False, "error": f"{type(error).__name__}: {error}".splitlines()[0]}), file=channel)
        return 1
    print(json.dumps(answer), file=channel)
    for line in sys.stdin:
        rate = measure(task, float(line))
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
        print(json.dumps({"items_per_second": rate, "peak_bytes": peak, **task.remarks()}), file=channel)
    return 0
