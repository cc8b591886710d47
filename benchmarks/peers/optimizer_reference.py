#!/usr/bin/env python3
"""Makes reference cases of optimisers from PyTorch, and measures how far PyTorch's own float32 strays from them.

    optimizer_reference.py GIVEN OUT     GIVEN has trajectory-adam.safetensors and trajectory-adamw.safetensors; OUT gets
                                         these two with more metadata (their tensors byte for byte) and the cases of CASES

The cases of CASES start from the weights of trajectory-adam and see two of the four images of each of its twenty steps,
so that a file stays near 300 KB. Losses and end point are computed in float64 with PyTorch's own optimisers and schedule.
What a step is, and what the metadata say, stands in torch_trajectory.py.

Before anything is written, the model must agree with GIVEN/nwm-linear.safetensors (logits, loss, every gradient) to 1e-10,
and the float64 runs with the losses and end points of the two given trajectories.

The stray of a case is measured in float32 many times, each time with other rounding but the same mathematics: see
`variations`. It is the relative 2-norm to the float64 reference, of all losses together (`float32_losses`) and of all
parameters together (`float32_final`); the largest over the variations goes into the metadata. nwm_conformance takes its
bounds in float from there. Chance decides the largest figure wherever a ReLU's input lies within rounding of zero, so
another release or processor gives another one of the same size.
"""
import argparse
import contextlib
import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import warnings

import torch

from torch_peer import apply_variant, case_model, check_gradient_case, layout, read_safetensors, relative
from torch_trajectory import FIELDS, optimizer_fields, trajectory

# Which of the four images that trajectory-adam has a step. With the first two, the input of a ReLU comes within rounding of
# zero in some of the 198 float32 runs of trajectory-adam-l2. Its end then strays by 6.6e-4, and leaving out an option moves
# it by 7.1e-4: the bound in float would not see that option.
IMAGES = slice(1, 3)

# What differs from FIELDS; `decay` is always said.
CASES = {
    "trajectory-sgd": dict(optimizer="sgd", lr="0.1", decay="none"),
    "trajectory-sgd-momentum": dict(optimizer="sgd", lr="0.1", momentum="0.9", decay="l2", weight_decay="0.0001"),
    "trajectory-sgd-nesterov": dict(optimizer="sgd", lr="0.1", momentum="0.9", nesterov="true", decay="none"),
    "trajectory-adam-l2": dict(optimizer="adam", lr="0.001", beta1="0.8", beta2="0.99", epsilon="1e-06", decay="l2",
                               weight_decay="0.01"),
    "trajectory-adamw-clip": dict(optimizer="adamw", lr="0.001", decay="decoupled", weight_decay="0.1", clip_norm="0.05",
                                  schedule="cosine"),
}
GIVEN = ("trajectory-adam", "trajectory-adamw")

# Settings that the libraries below read once, when they load: a process for each.
PROCESSES = {
    "as it comes": {},
    "ATen without vectors": {"ATEN_CPU_CAPABILITY": "default"},
    "ATen for AVX2": {"ATEN_CPU_CAPABILITY": "avx2"},
    "oneDNN for SSE4.1": {"ONEDNN_MAX_CPU_ISA": "SSE41"},
    "oneDNN for AVX2": {"ONEDNN_MAX_CPU_ISA": "AVX2"},
    "MKL as on any processor": {"MKL_CBWR": "COMPATIBLE"},
}
ORDERS = 24  # random orders of the hidden units


# ---- float32, in other words -----------------------------------------------------------------------------------
def hidden_orders(state, seed):
    """For every parameter that has hidden units on an axis: its name, that axis and a random order of them. With the same
    order on both sides of a layer, the model computes the same function, with its sums in another order."""
    generator, orders = torch.Generator().manual_seed(seed), []
    chains = {}
    for name in state:
        chain, _, rest = name.rpartition(".")[0].rpartition(".")
        if rest.isdigit() and name.endswith(".weight"):
            chains.setdefault(chain, []).append(int(rest))
    for chain, layers in chains.items():
        for layer, after in zip(sorted(layers), sorted(layers)[1:]):
            order = torch.randperm(len(state[f"{chain}.{layer}.bias"]), generator=generator)
            orders += [(f"{chain}.{layer}.weight", 0, order), (f"{chain}.{layer}.bias", 0, order),
                       (f"{chain}.{after}.weight", 1, order)]
    return orders


def reordered(tensors, prefix, orders):
    changed = dict(tensors)
    for name, axis, order in orders:
        changed[prefix + name] = changed[prefix + name].index_select(axis, order)
    return changed


def variations():
    """(name, options of `stray`) of every float32 run in one process."""
    yield "eager", {}
    yield "2 threads", dict(threads=2)
    yield "channels_last", dict(variant="nhwc")
    yield "without oneDNN", dict(onednn=False)
    yield "without oneDNN, channels_last", dict(onednn=False, variant="nhwc")
    yield "fused update", dict(fused=True)
    yield "update of all tensors at once", dict(foreach=True)
    yield "image by image", dict(one_by_one=True)
    yield "images in the other order", dict(backwards=True)
    for seed in range(ORDERS):
        yield f"hidden units in order {seed}", dict(order=seed)


@contextlib.contextmanager
def without_onednn():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch 2.15 warns of TF32 on GPUs that it does not have
        with torch.backends.mkldnn.flags(enabled=False):
            yield


def stray(metadata, tensors, variant="eager", threads=1, onednn=True, backwards=False, order=None, **how):
    """The relative errors of the losses and of the end point of one float32 run."""
    if order is not None:
        orders = hidden_orders({k[6:]: v for k, v in tensors.items() if k.startswith("param.")}, order)
        tensors = reordered(reordered(tensors, "param.", orders), "final.", orders)
    torch.set_num_threads(threads)
    model = case_model(metadata, tensors, torch.float32)
    run = apply_variant(model, variant)
    inputs, targets = tensors["input"], tensors["target"]
    if backwards:
        inputs, targets = inputs.flip(1), targets.flip(1)
    with contextlib.nullcontext() if onednn else without_onednn():
        losses, _ = trajectory(model, metadata, inputs, targets, lambda x: run(layout(variant, x)), **how)
    torch.set_num_threads(1)
    return (relative(torch.tensor(losses, dtype=torch.float64), tensors["losses"]),
            relative(flat(model), flat_of(tensors, model)))


def flat(model):
    return torch.cat([p.detach().double().flatten() for p in model.parameters()])


def flat_of(tensors, model):
    return torch.cat([tensors[f"final.{name}"].flatten() for name, _ in model.named_parameters()])


def strays(path):
    """{variation: (losses, final)} of a case, in this process."""
    metadata, tensors = read_safetensors(path)
    return {name: stray(metadata, tensors, **options) for name, options in variations()}


def all_strays(paths):
    """{path: {"process, variation": (losses, final)}}, each process of PROCESSES one after the other."""
    found = {path: {} for path in paths}
    for process, settings in PROCESSES.items():
        command = [sys.executable, __file__, "--strays", *map(str, paths)]
        answer = subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE, env={**os.environ, **settings})
        for path, line in zip(paths, answer.stdout.splitlines(), strict=True):
            found[path].update({f"{process}, {name}": errors for name, errors in json.loads(line).items()})
    return found


# ---- the reference ---------------------------------------------------------------------------------------------
def reference(metadata, tensors):
    """Losses, end point by name and gradient norms in float64, with the weights and images as they are."""
    model = case_model(metadata, tensors, torch.float64)
    losses, norms = trajectory(model, metadata, tensors["input"].double(), tensors["target"])
    final = {f"final.{name}": p.detach().clone() for name, p in model.named_parameters()}
    return torch.tensor(losses, dtype=torch.float64), final, norms


def make_case(name, metadata, tensors):
    """Metadata and tensors of a case of CASES, from those of trajectory-adam; and its gradient norms."""
    metadata = {**{k: v for k, v in metadata.items() if k not in ("optimizer", "lr", "weight_decay")}, **FIELDS,
                **CASES[name], "name": name, "batch": str(IMAGES.stop - IMAGES.start)}
    start = {k: v for k, v in tensors.items() if k.startswith("param.")}
    start = {"input": tensors["input"][:, IMAGES], "target": tensors["target"][:, IMAGES], **start}
    losses, final, norms = reference(metadata, start)
    return metadata, {**start, "losses": losses, **final}, norms


def least_effect(metadata, tensors):
    """The option that matters least, and how far the end point moves, relatively, when it is left out: a test with a bound
    above that would not see it. As text."""
    fields, effects = optimizer_fields(metadata), {}
    for name, usual in FIELDS.items():
        if name in ("optimizer", "lr", "decay", "weight_decay") or fields[name] == usual:
            continue
        effects[name] = {name: usual, **({"nesterov": "false"} if name == "momentum" else {})}
    if fields["decay"] != "none":
        effects["weight_decay"] = {"weight_decay": "0"}
    if fields["optimizer"] != "sgd":
        other = ("adam", "l2") if fields["optimizer"] == "adamw" else ("adamw", "decoupled")
        if fields["decay"] != "none":
            effects["decay"] = dict(zip(("optimizer", "decay"), other))
    moved = {}
    for name, change in effects.items():
        _, final, _ = reference({**metadata, **change}, tensors)
        ends = [torch.cat([v.flatten() for k, v in t.items() if k.startswith("final.")]) for t in (final, tensors)]
        moved[name] = relative(*ends)
    if not moved:
        return "-"
    option = min(moved, key=moved.get)
    return f"`{option}`: {moved[option]:.1e}"


# ---- files -----------------------------------------------------------------------------------------------------
def write(path, metadata, entries, data):
    header = json.dumps({"__metadata__": metadata, **entries}, separators=(",", ":")).encode()
    header += b" " * (-len(header) % 8)
    path.write_bytes(struct.pack("<Q", len(header)) + header + data)


def write_tensors(path, metadata, tensors):
    types = {torch.float32: "F32", torch.float64: "F64", torch.int64: "I64"}
    entries, data = {}, b""
    for name, tensor in tensors.items():
        piece = tensor.contiguous().numpy().tobytes()
        entries[name] = {"dtype": types[tensor.dtype], "shape": list(tensor.shape),
                         "data_offsets": [len(data), len(data) + len(piece)]}
        data += piece
    write(path, metadata, entries, data)


def add_metadata(source, path, more):
    """The file with more metadata; everything else as it was, to the byte."""
    content = source.read_bytes()
    size = struct.unpack("<Q", content[:8])[0]
    header = json.loads(content[8:8 + size])
    metadata = header.pop("__metadata__")
    write(path, {**metadata, **more}, header, content[8 + size:])


def check_given(given):
    """Stops unless PyTorch's model and its plain Adam and AdamW are the reference's."""
    metadata, tensors = read_safetensors(given / "nwm-linear.safetensors")
    worst = max(check_gradient_case(metadata, tensors, torch.float64, "eager"))
    print(f"nwm-linear: logits, loss and gradients within {worst:.1e}")
    if not worst <= 1e-10:
        raise SystemExit("optimizer_reference: the model is not the reference's")
    for name in GIVEN:
        metadata, tensors = read_safetensors(given / f"{name}.safetensors")
        losses, final, _ = reference(metadata, tensors)
        errors = [relative(losses, tensors["losses"])] + [relative(v, tensors[k]) for k, v in final.items()]
        print(f"{name}: losses and every final value within {max(errors):.1e}")
        if not max(errors) <= 1e-10:
            raise SystemExit(f"optimizer_reference: {name} is not what PyTorch does")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("given", type=pathlib.Path)
    parser.add_argument("out", type=pathlib.Path)
    if sys.argv[1:2] == ["--strays"]:  # how all_strays starts this program
        for path in sys.argv[2:]:
            print(json.dumps(strays(pathlib.Path(path))), flush=True)
        return
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    check_given(arguments.given)
    paths, effects = [], {}
    for name in GIVEN:
        path = arguments.out / f"{name}.safetensors"
        fields = optimizer_fields(read_safetensors(arguments.given / path.name)[0])
        effects[path] = least_effect(*read_safetensors(arguments.given / path.name))
        fields.pop("weight_decay")  # stays as it is; `decay` says whether it counts
        add_metadata(arguments.given / path.name, path, fields)
        paths.append(path)
    for name in CASES:
        path = arguments.out / f"{name}.safetensors"
        metadata, tensors, norms = make_case(name, *read_safetensors(arguments.given / "trajectory-adam.safetensors"))
        clip_norm = float(metadata["clip_norm"])
        print(f"{name}: gradient norms {min(norms):.3f} to {max(norms):.3f}" +
              (f", {sum(n > clip_norm for n in norms)} of {len(norms)} steps are clipped" if clip_norm else ""))
        write_tensors(path, metadata, tensors)
        effects[path] = least_effect(metadata, tensors)
        paths.append(path)

    print(f"\nPyTorch {torch.__version__}: float32 against float64, "
          f"{len(PROCESSES)} x {len(list(variations()))} runs a case")
    print("| case | losses: median | losses: largest | final: median | final: largest | distinct ends | above 1e-5 | "
          "the option that moves the end least |")
    print("|---|---|---|---|---|---|---|---|")
    for path, runs in all_strays(paths).items():
        losses, final = ([errors[i] for errors in runs.values()] for i in (0, 1))
        print(f"| `{path.stem}` | {statistics.median(losses):.1e} | {max(losses):.1e} | {statistics.median(final):.1e} | "
              f"{max(final):.1e} | {len(set(final))} of {len(final)} | {sum(f > 1e-5 for f in final)} | {effects[path]} |",
              flush=True)
        add_metadata(path, path, {"float32_losses": f"{max(losses):.3e}", "float32_final": f"{max(final):.3e}",
                                  "float32_by": f"PyTorch {torch.__version__}"})


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
