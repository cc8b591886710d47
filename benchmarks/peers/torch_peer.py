#!/usr/bin/env python3
"""The same models, training step and inference in PyTorch, timed on the CPU.

    torch_peer.py --check DIR            compares the models with reference cases: logits, loss and every gradient
    torch_peer.py --list                 the names, as nwm_benchmark has them
    torch_peer.py NAME... [--variants eager,compile] [--threads 2] [--seconds 3] [--repetitions 5]
    torch_peer.py --serve NAME VARIANT   measures once for every line "SECONDS" it reads; compare.py speaks this

A training step is: forward, cross-entropy, backward, Adam. Variants:
    eager          as written
    nhwc           eager, images and convolutions in the channels_last layout, dense layers as 1x1 convolutions
    compile_step   torch.compile of encoders, cell and head; the loop over time stays in Python
    compile        torch.compile of the whole model, the loop over time unrolled
    compile_nhwc   both
"""
import os

# Settings for older OpenBLAS builds, which some machines have, slow newer ones. Remove them before the libraries load.
for variable in ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE"):
    os.environ.pop(variable, None)

import argparse
import contextlib
import ctypes
import json
import pathlib
import re
import statistics
import struct
import sys
import time

import numpy
import torch
from torch.nn import functional as F

from serving import measure, serve
from torch_models import PerPixel, make
from torch_sequences import SEQUENCES
from torch_trajectory import trajectory

HAS_COMPILE = hasattr(torch, "compile")
VARIANTS = ["eager", "nhwc"] + (["compile_step", "compile", "compile_nhwc"] if HAS_COMPILE else [])

# ---- what is measured: one line a configuration ----------------------------------------------------------------
TETROMINOES = dict(size=64, c_in=3, classes=6)
MNIST = dict(size=56, c_in=1, classes=11)
MULTI_MNIST = dict(size=128, c_in=1, classes=11)
NWM = dict(model="nwm", channels=2, steps=100)

MODELS = {f"nwm/tetrominoes/{r}": dict(NWM, **TETROMINOES, batch=16, readout=r)
          for r in ("linear", "fft", "last", "mean_time", "max_time")}
MODELS["nwm/mnist/linear"] = dict(NWM, **MNIST, batch=16)
MODELS["nwm/multi_mnist/linear"] = dict(NWM, **MULTI_MNIST, batch=2, channels=16, head="narrow")
for cell in ("lstm", "gru", "rnn"):
    MODELS[f"{cell}/tetrominoes/linear"] = dict(model="conv_recurrent", cell=cell, **TETROMINOES, batch=16, steps=20)
MODELS["cnn/tetrominoes/16"] = dict(model="cnn", layers=16, **TETROMINOES, batch=16)
MODELS["unet/multi_mnist/4"] = dict(model="unet", c_mid=4, **MULTI_MNIST, batch=8)

NAMES = [f"{task}/{name}" for task in ("train_step", "infer") for name in MODELS]
NAMES += [f"train_step/{name}" for name in SEQUENCES]


def build(name, batch=None):
    fields = dict(MODELS[name])
    usual, size = fields.pop("batch"), fields.pop("size")
    return make(**fields), batch or usual, size, fields["c_in"], fields["classes"]


# ---- variants --------------------------------------------------------------------------------------------------
def apply_variant(model, variant):
    """The model as the variant runs it. Parameters stay those of `model`."""
    if variant not in VARIANTS:
        raise ValueError(f"variant: expected one of {VARIANTS}, found {variant}")
    if getattr(model, "cell", None) is not None:  # a loop over time of one small module
        if variant == "compile_step":
            model.cell.compile(dynamic=False)
        elif variant != "eager":
            raise LookupError(f"{variant}: not for sequences")
        return model
    if variant.endswith("nhwc"):
        model.to(memory_format=torch.channels_last)
        for part in model.modules():
            if isinstance(part, PerPixel):
                part.as_convolutions = True
    if variant in ("compile", "compile_nhwc"):
        return torch.compile(model, dynamic=False)
    if variant == "compile_step":
        parts = getattr(model, "classifier", None)
        if parts is None:
            raise LookupError("compile_step: this model has no loop over time")
        for name in ("cell", "recurrent_cell", "fc_readout", "hy_encoder", "hz_encoder", "hc_encoder", "omega_encoder",
                     "alpha_encoder"):
            if hasattr(parts, name):
                getattr(parts, name).compile(dynamic=False)  # in place: the names of the parameters stay
    return model


def layout(variant, images):
    return images.contiguous(memory_format=torch.channels_last) if variant.endswith("nhwc") else images


class Task:
    """One configuration, ready to be timed; `adam` are options of the optimiser."""

    def __init__(self, name, variant, device="cpu", batch=None, **adam):
        task, _, model = name.partition("/")
        if name not in NAMES:
            raise LookupError(f"no such configuration: {name}")
        torch.manual_seed(1)
        if model in SEQUENCES:
            of = SEQUENCES[model]
            self.items, inputs = batch or of["batch"], torch.rand(batch or of["batch"], of["steps"], of["inputs"])
            shape = (self.items, of["steps"]) if of["each"] else (self.items,)
            self.model, classes = of["make"](), of["outputs"]
        else:
            self.model, self.items, size, c_in, classes = build(model, batch)
            inputs, shape = layout(variant, torch.rand(self.items, c_in, size, size)), (self.items, size, size)
        self.model.to(device)
        self.run_model = apply_variant(self.model, variant)
        self.images, self.target = inputs.to(device), torch.randint(classes, shape).to(device)
        self.by_step = model in SEQUENCES and len(shape) == 2  # scores (batch, steps, classes)
        self.precision = contextlib.nullcontext
        self.training = task == "train_step"
        if self.training:
            try:
                self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3, fused=True, **adam)
            except (RuntimeError, TypeError):  # older releases: not on the CPU
                self.adam = torch.optim.Adam(self.model.parameters(), lr=1e-3)
            self.model.train()
        else:
            self.model.eval()

    def __call__(self):
        if not self.training:
            with torch.inference_mode(), self.precision():
                return self.run_model(self.images)
        self.adam.zero_grad(set_to_none=True)
        with self.precision():
            scores = self.run_model(self.images)
            loss = F.cross_entropy(scores.transpose(1, 2) if self.by_step else scores, self.target)
        loss.backward()
        self.adam.step()
        return loss

    def remarks(self):
        return {}


def warm_up(task):
    """Compiles the compiled variants, and lets allocators and caches settle."""
    begin = time.perf_counter()
    task()
    task()
    return time.perf_counter() - begin


# ---- what runs here --------------------------------------------------------------------------------------------
def blas():
    """The BLAS and, for OpenBLAS, the kernel it chose for this processor."""
    for path in sorted(set(re.findall(r"(/\S*openblas\S*\.so\S*)", pathlib.Path("/proc/self/maps").read_text()))):
        library = ctypes.CDLL(path)
        for symbol in ("openblas_get_corename", "openblas_get_corename64_", "scipy_openblas_get_corename64_"):
            if hasattr(library, symbol) and not re.search(r"numpy", path):
                function = getattr(library, symbol)
                function.restype = ctypes.c_char_p
                return f"OpenBLAS, kernel {function().decode()} ({path})"
    found = re.search(r"BLAS_INFO=(\w+)", torch.__config__.show())
    return found.group(1) if found else "unknown"


def gemm_gflops(threads, n=2048, seconds=1.0):
    torch.set_num_threads(threads)
    a, b, best = torch.rand(n, n), torch.rand(n, n), 0.0
    end = time.perf_counter() + seconds
    a @ b
    while time.perf_counter() < end:
        begin = time.perf_counter()
        a @ b
        best = max(best, 2 * n ** 3 / (time.perf_counter() - begin) / 1e9)
    return best


def information(threads):
    capability = torch.backends.cpu.get_cpu_capability() if hasattr(torch.backends, "cpu") else "unknown"
    return {"torch": torch.__version__, "variants": VARIANTS, "numpy": numpy.__version__, "python": sys.version.split()[0], "blas": blas(),
            "cpu_capability": capability, "onednn": torch.backends.mkldnn.is_available(),
            "threads": threads, "gemm_gflops": round(gemm_gflops(threads), 1)}


# ---- against the reference cases -------------------------------------------------------------------------------
def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    size = struct.unpack("<Q", data[:8])[0]
    header = json.loads(data[8:8 + size])
    metadata = header.pop("__metadata__", {})
    types = {"F32": "<f4", "F64": "<f8", "I64": "<i8"}
    tensors = {}
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        array = numpy.frombuffer(data[8 + size + begin:8 + size + end], types[entry["dtype"]])
        tensors[name] = torch.from_numpy(array.reshape(entry["shape"]).copy())
    return metadata, tensors


def relative(found, expected):
    difference, norm = (found.double() - expected).norm().item(), expected.norm().item()
    return 0.0 if difference == 0 else difference / norm if norm else float("inf")


def case_model(metadata, tensors, real):
    number = {k: int(metadata[k]) for k in ("c_in", "c_mid", "classes", "steps", "layers")}
    model = make(metadata["model"], channels=int(metadata["c_out"]), readout=metadata["readout"], cell=metadata["cell"],
                 head=metadata["head"], dt=float(metadata["dt"]), **number).to(real)
    parameters = {k[6:]: v.to(real) for k, v in tensors.items() if k.startswith("param.")}
    state = dict(model.state_dict())
    lacking = {k for k, _ in model.named_parameters()} ^ parameters.keys()
    if lacking:
        raise ValueError(f"parameter names differ: {sorted(lacking)}")
    model.load_state_dict({**state, **parameters})
    return model


def check_gradient_case(metadata, tensors, real, variant):
    model = case_model(metadata, tensors, real)
    run = apply_variant(model, variant)
    logits = run(layout(variant, tensors["input"].to(real)))
    loss = F.cross_entropy(logits, tensors["target"])
    loss.backward()
    forward = [relative(logits.detach(), tensors["logits"]), relative(loss.detach(), tensors["loss"])]
    state = model.state_dict()
    forward += [relative(state[k[8:]], v) for k, v in tensors.items() if k.startswith("buffers.")]
    if "logits_eval" in tensors:
        model.eval()
        with torch.no_grad():
            forward.append(relative(run(layout(variant, tensors["input"].to(real))), tensors["logits_eval"]))
    backward = []
    for name, p in model.named_parameters():
        expected = tensors.get(f"grad.{name}")
        gradient = torch.zeros_like(p) if p.grad is None else p.grad
        backward.append(relative(gradient, torch.zeros_like(p, dtype=torch.float64) if expected is None else expected))
    return max(forward), max(backward)


def check_trajectory(metadata, tensors, real, variant):
    model = case_model(metadata, tensors, real)
    run = apply_variant(model, variant)
    losses, _ = trajectory(model, metadata, tensors["input"].to(real), tensors["target"],
                           lambda images: run(layout(variant, images)))
    end = [relative(p.detach(), tensors[f"final.{n}"]) for n, p in model.named_parameters()]
    return relative(torch.tensor(losses, dtype=torch.float64), tensors["losses"]), max(end)


def check(folder, variants):
    """One line a case: name variant precision logits_error gradient_error. Returns whether all are within bounds."""
    paths, fine = sorted(pathlib.Path(folder).glob("*.safetensors")), True
    if not paths:
        raise SystemExit(f"torch_peer: {folder}: expected .safetensors cases, found none")
    for path in paths:
        metadata, tensors = read_safetensors(path)
        trajectory = "losses" in tensors
        for variant in variants:
            for real, precision in ((torch.float64, "double"), (torch.float32, "float")):
                exact = precision == "double"
                if trajectory and not exact:
                    continue  # Adam divides by the gradient's size: in float32 tiny gradients decide, PyTorch's too
                if trajectory:
                    bounds = (1e-8, 1e-8)
                else:
                    bounds = (1e-10, 1e-10) if exact else (1e-5, 3e-2 if metadata["model"] == "unet" else 5e-3)
                try:
                    errors = (check_trajectory if trajectory else check_gradient_case)(metadata, tensors, real, variant)
                except LookupError:
                    continue  # the model does not have this variant
                passed = all(e <= b for e, b in zip(errors, bounds))
                fine = fine and passed
                print(path.stem, variant, precision, *(f"{e:.2e}" for e in errors), "ok" if passed else "FAIL", flush=True)
    return fine


# ---- programs --------------------------------------------------------------------------------------------------
def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*")
    parser.add_argument("--variants", default=",".join(VARIANTS))
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--repetitions", type=int, default=5)
    parser.add_argument("--check", metavar="DIR")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--info", action="store_true", help="the versions, the BLAS and its speed, as JSON")
    parser.add_argument("--serve", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.set_num_interop_threads(1)
    if arguments.list:
        print("\n".join(NAMES))
        return 0
    if arguments.info:
        print(json.dumps(information(arguments.threads)))
        return 0
    if arguments.serve:
        return serve(lambda: Task(*arguments.names), warm_up)
    variants = arguments.variants.split(",")
    if arguments.check:
        return 0 if check(arguments.check, variants) else 1
    print(json.dumps(information(arguments.threads)))
    for name in arguments.names or NAMES:
        for variant in variants:
            try:
                task = Task(name, variant)
            except LookupError as error:
                if name not in NAMES:
                    raise SystemExit(f"torch_peer: {error}")
                continue
            warm = warm_up(task)
            rates = [measure(task, arguments.seconds) for _ in range(arguments.repetitions)]
            print(f"{name:36} {variant:14} {statistics.median(rates):9.2f} images/s  [{min(rates):.2f}, {max(rates):.2f}]"
                  f"  warm-up {warm:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
