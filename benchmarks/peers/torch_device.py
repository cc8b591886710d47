#!/usr/bin/env python3
"""The training steps and inference of torch_peer.py on a GPU, as a user of PyTorch runs them there.

    torch_device.py --info                                  versions and device, as JSON
    torch_device.py NAME VARIANT [--precisions float32,tf32,bf16] [--batch 64] [--seconds 0.5]

Images and targets are on the device and the loss is not fetched, so that nothing waits for the host. Prints a line of
JSON for each precision as soon as it is measured: the median time of a batch by the device's clock, the memory, the seconds
of the warm-up (including compilation). `peak_bytes` is the most that was allocated at a time, `taken_bytes` by how much the
device's free memory fell. When memory is short, the batch is halved until it
fits: `batch` is then the measured size, `median_ms` is scaled up to the whole batch, and `scaled` is true.
Precisions: float32; tf32, allowed in products and convolutions; bf16, by autocast. Variants: those of torch_peer.py,
and
    graph          eager, the whole step captured once as a CUDA graph and replayed
    graph_VARIANT  the same of another variant: graph_nhwc, graph_compile, ...
"""
import argparse
import functools
import gc
import json
import statistics
import sys
import time

import torch

from torch_peer import NAMES, VARIANTS, Task

DEVICE_VARIANTS = VARIANTS + ["graph"] + [f"graph_{variant}" for variant in VARIANTS if variant != "eager"]
PRECISIONS = ("float32", "tf32", "bf16")


def information(device):
    found = {"torch": torch.__version__, "cuda": torch.version.cuda, "variants": DEVICE_VARIANTS}
    if device == "cuda":
        found |= {"device": torch.cuda.get_device_name(), "cudnn": torch.backends.cudnn.version()}
    return found


def make_task(name, variant, precision, device, batch):
    for part in (torch.backends.cuda.matmul, torch.backends.cudnn):
        part.allow_tf32 = precision == "tf32"
    captured = variant.startswith("graph")
    variant = variant[len("graph_"):] or "eager" if captured else variant
    task = Task(name, variant, device, batch, **({"capturable": True} if captured else {}))
    if precision == "bf16":  # autocast's cache would lie in the capture's memory
        task.precision = functools.partial(torch.autocast, device, torch.bfloat16, cache_enabled=not captured)
    return task


def captured_step(task):
    """Warms up beside the main stream, as PyTorch wants it, and returns the replay."""
    beside = torch.cuda.Stream()
    beside.wait_stream(torch.cuda.current_stream())
    with torch.cuda.stream(beside):
        for _ in range(3):
            task()
    torch.cuda.current_stream().wait_stream(beside)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        task()
    return graph.replay


def times(step, seconds, device):
    """Milliseconds of single steps, at least 5 of them."""
    found, begin = [], time.perf_counter()
    while len(found) < 5 or (len(found) < 2000 and time.perf_counter() - begin < seconds):
        if device == "cuda":
            first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
            first.record()
            step()
            last.record()
            last.synchronize()
            found.append(first.elapsed_time(last))
        else:
            start = time.perf_counter()
            step()
            found.append(1e3 * (time.perf_counter() - start))
    return found


def measure(name, variant, precision, device, batch, seconds):
    """Measures one batch, which fits or raises torch.cuda.OutOfMemoryError."""
    cuda = device == "cuda"
    if cuda:
        torch.cuda.current_blas_handle()  # made once; it is no configuration's
        torch.cuda.reset_peak_memory_stats()
        free = torch.cuda.mem_get_info()[0]
    begin = time.perf_counter()
    task = make_task(name, variant, precision, device, batch)
    step = captured_step(task) if variant.startswith("graph") else task
    for _ in range(3):
        step()
    if cuda:
        torch.cuda.synchronize()
    warm = time.perf_counter() - begin
    found = times(step, seconds, device)
    if task.training and not torch.isfinite(sum(p.detach().sum() for p in task.model.parameters())):
        raise ArithmeticError("the parameters are no longer finite")
    return {"batch": batch, "median_ms": statistics.median(found), "least_ms": min(found), "most_ms": max(found),
            "repetitions": len(found), "warm_up_seconds": round(warm, 2),
            "peak_bytes": torch.cuda.max_memory_allocated() if cuda else 0,
            "taken_bytes": free - torch.cuda.mem_get_info()[0] if cuda else 0}


def measure_what_fits(name, variant, precision, device, wanted, batch, seconds):
    """Measures with the first batch size that fits, beginning with `batch`."""
    while True:
        gc.collect()
        if device == "cuda":
            torch.cuda.empty_cache()
        if hasattr(torch, "compiler"):
            torch.compiler.reset()
        try:
            found = measure(name, variant, precision, device, batch, seconds)
            break
        except torch.cuda.OutOfMemoryError:
            if batch == 1:
                raise
        batch //= 2  # outside of `except`: the exception keeps the allocated memory
    if batch < wanted:
        for key in ("median_ms", "least_ms", "most_ms", "peak_bytes", "taken_bytes"):
            found[key] *= wanted / batch
        found["scaled"] = True
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?")
    parser.add_argument("variant", nargs="?", default="eager")
    parser.add_argument("--precisions", default=",".join(PRECISIONS))
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--first-batch", type=int, help="known to be the most that could fit (default: --batch)")
    parser.add_argument("--seconds", type=float, default=0.5)
    parser.add_argument("--device", default="cuda", help="cpu: to try this program where there is no GPU")
    parser.add_argument("--info", action="store_true")
    arguments = parser.parse_args()
    if arguments.device == "cuda" and not torch.cuda.is_available():
        raise SystemExit(f"torch_device: PyTorch {torch.__version__} finds no GPU")
    if arguments.info:
        print(json.dumps(information(arguments.device)))
        return 0
    precisions = arguments.precisions.split(",")
    if arguments.name not in NAMES or arguments.variant not in DEVICE_VARIANTS or set(precisions) - set(PRECISIONS):
        raise SystemExit(f"torch_device: no such configuration: {arguments.name} {arguments.variant} {arguments.precisions}")
    failed = False
    for precision in precisions:
        line = {"name": arguments.name, "variant": arguments.variant, "precision": precision}
        try:
            line |= measure_what_fits(arguments.name, arguments.variant, precision, arguments.device, arguments.batch,
                                      min(arguments.first_batch or arguments.batch, arguments.batch), arguments.seconds)
        except Exception as error:  # the other precisions may still work
            line["error"] = " ".join(f"{type(error).__name__}: {error}".split())[:300]
            failed = True
        print(json.dumps(line), flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
