#!/usr/bin/env python3
"""The six metrics of the study from weights: nwm_study --evaluate beside PyTorch, to six digits.

    evaluate_peer.py NWM_STUDY [--data-dir DIR] [--images 20] [--only polygons] [--authors] [--weights FILE...]

Without --weights each system of the study that the program knows gets weights drawn by PyTorch, so that all classes are
said somewhere; the files then say nothing of their model, as the authors' do. Polygons need no data; DIR has what the
other sets are made of, as for nwm_study (MNIST's four files do for MNIST and Multi-MNIST). The metrics in
PyTorch are computed from their definition: per image in float64, then averaged; with --authors, each system a second time
with --foreground-loss batch and --iou class-bits, here cross_entropy(ignore_index=0) over 64 images, and & and | of class
numbers. Systems that the program was not built with are left out and counted. Exit status 1 where one differs by more
than 1e-6 (losses above 1: of their size), or by more than the pixels whose class rounding decides; it says how many.
"""
import argparse
import copy
import csv
import io
import json
import pathlib
import struct
import subprocess
import sys
import tempfile


import numpy
import torch
from torch.nn import functional as F

from torch_models import make

SIZES = {"polygons": dict(c_in=3, classes=5), "tetrominoes": dict(c_in=3, classes=6), "mnist": dict(c_in=1, classes=11),
         "multi-mnist": dict(c_in=1, classes=11)}
METRICS = ("loss", "iou", "acc", "loss_foreground", "iou_foreground", "acc_foreground")


def systems():
    """(data, model, variant) of the study, and what torch_models.make takes."""
    for data, size in SIZES.items():
        wide = dict(channels=16, head="narrow") if data == "multi-mnist" else dict(channels=2)
        for readout in ("linear", "fft", "last", "mean_time", "max_time"):
            yield data, "nwm", readout, dict(size, **wide, model="nwm", steps=100, readout=readout)
            for cell in ("lstm", "gru", "rnn"):
                yield data, cell, readout, dict(size, **wide, model="conv_recurrent", cell=cell, steps=20, readout=readout)
        for layers in (2, 4, 8, 16, 32):
            yield data, "cnn", str(layers), dict(size, **wide, model="cnn", layers=layers)
        if data != "mnist":
            for width in (2, 3, 4, 5):
                yield data, "unet", str(width), dict(size, model="unet", c_mid=width)


def save(path, tensors):
    """A .safetensors file that says nothing but its tensors."""
    header, body = {}, b""
    for name, tensor in tensors.items():
        array = tensor.detach().numpy()
        if array.dtype == numpy.float64:
            array = array.astype(numpy.float32)
        dtype = {"float32": "F32", "int64": "I64"}[array.dtype.name]
        data = numpy.ascontiguousarray(array).tobytes()
        header[name] = dict(dtype=dtype, shape=list(array.shape), data_offsets=[len(body), len(body) + len(data)])
        body += data
    text = json.dumps(header).encode()
    path.write_bytes(struct.pack("<Q", len(text)) + text + body)


def load(path):
    raw = path.read_bytes()
    length = struct.unpack("<Q", raw[:8])[0]
    header, out = json.loads(raw[8:8 + length]), {}
    says = header.pop("__metadata__", {})
    for name, entry in header.items():
        begin, end = entry["data_offsets"]
        kind = {"F32": "<f4", "I64": "<i8"}[entry["dtype"]]
        out[name] = torch.from_numpy(numpy.frombuffer(raw[8 + length + begin:8 + length + end], kind).reshape(entry["shape"]).copy())
    return out, says


def metrics(network, images, masks, authors):
    """The study's six, and with them the two that --authors asks for, image by image; and the share of foreground pixels that are undecided: their two largest scores are
    nearer to each other than four times what float32 is off from float64 there, so that rounding says the class."""
    rows, undecided, exact, everything, bits = [], [], copy.deepcopy(network).double(), [], []
    with torch.no_grad():
        for image, mask in zip(images, masks):
            scores = network(image[None]).double()[0]
            said = scores.argmax(0)
            right = (said == mask).double()
            everything.append(scores)
            bits.append(float((said & mask).sum()) / max(1, float((said | mask).sum())))
            losses = F.cross_entropy(scores[None], mask[None], reduction="none")[0]
            inside = mask > 0
            accurate = exact(image[None].double())[0]
            best = accurate.topk(2, 0).values
            tied = (best[0] - best[1] < 4 * (accurate - scores).abs().max()).double()
            undecided.append(float(max(tied.mean(), tied[inside].mean() if inside.any() else 0)))
            accuracy, values = right.mean(), {}
            values.update(loss=losses.mean(), acc=accuracy, iou=accuracy / (2 - accuracy))
            if inside.any():
                accuracy = right[inside].mean()
                values.update(loss_foreground=losses[inside].mean(), acc_foreground=accuracy, iou_foreground=accuracy / (2 - accuracy))
            rows.append(values)
    found = {name: float(numpy.mean([row[name] for row in rows if name in row])) for name in METRICS}
    if authors:
        losses = [(len(part), float(F.cross_entropy(torch.stack(part), target, ignore_index=0)))
                  for part, target in zip([everything[i:i + 64] for i in range(0, len(everything), 64)], masks.split(64))]
        found.update(loss_foreground=sum(n * loss for n, loss in losses) / len(images), iou=float(numpy.mean(bits)))
    return found, float(numpy.mean(undecided))


def make_undecided(network, images, classes):
    """As drawn a network says the same class everywhere, and its scores hardly differ between pixels: less than float32
    resolves. With weights large enough to carry the picture through (He et al. 2015), the classes' mean scores taken off
    the last bias, and running statistics of these images where it has such, all classes are said somewhere."""
    with torch.no_grad():
        for name, p in network.named_parameters():
            if p.dim() > 1 and not name.endswith("Wy.weight"):
                p *= 6 ** 0.5
        network.train()
        network(images)
        network.eval()
        mean = network(images).mean((0, 2, 3))
        bias = [p for name, p in network.named_parameters() if name.endswith("bias") and len(p) == classes][-1]
        bias -= mean


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("program", type=pathlib.Path)
    arguments.add_argument("--data-dir", type=pathlib.Path, help="of the study's data; polygons need none")
    arguments.add_argument("--images", type=int, default=20, help="of each test set")
    arguments.add_argument("--only", default="", help="a part of DATA-MODEL-VARIANT")
    arguments.add_argument("--weights", type=pathlib.Path, nargs="*", default=[],
                           help="files whose folder is a run's (DATA-MODEL-VARIANT-seedN), as nwm_study leaves them")
    arguments.add_argument("--authors", action="store_true", help="also with the two figures of the authors' program")
    options = arguments.parse_args()
    torch.manual_seed(0)
    worst, failed, compared, left_out, sets = 0.0, 0, 0, [], {}
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for data, model, variant, fields in systems():
            name = f"{data}-{model}-{variant}"
            given = [p for p in options.weights if p.parent.name.startswith(name + "-seed")]
            if (options.weights and not given) or options.only not in name:
                continue
            command = [options.program, "--data", data, "--train-images", "2", "--val-images", "2",
                       "--test-images", str(options.images)]
            command += ["--data-dir", options.data_dir] if options.data_dir else []
            if data not in sets:
                subprocess.run(command + ["--write-data", folder], check=True, capture_output=True)
                start = folder / data.replace("-", "_")
                images, masks = (numpy.load(f"{start}_test_{kind}.npy") for kind in ("images", "masks"))
                scale = 255 if images.dtype == numpy.uint8 else 1
                sets[data] = (torch.from_numpy(images.astype(numpy.float32) / numpy.float32(scale)).permute(0, 3, 1, 2).contiguous(),
                              torch.from_numpy(masks.astype(numpy.int64)))
            images, masks = sets[data]
            network = make(**fields)
            path = given[0] if given else folder / f"{name}.safetensors"
            if given:
                network.load_state_dict(load(path)[0])
                network.eval()
            else:
                make_undecided(network, images[:4], fields["classes"])
                save(path, network.state_dict())
            for authors in (False, True)[:1 + options.authors]:
                asked = ["--foreground-loss", "batch", "--iou", "class-bits"] if authors else []
                done = subprocess.run(command + ["--model", f"{model}:{variant}", "--evaluate", path] + asked, capture_output=True, text=True)
                if done.returncode != 0 and "that this program was built with" in done.stderr:
                    left_out.append(name)
                    break
                if done.returncode != 0:
                    sys.exit(done.stderr)
                ours = next(csv.DictReader(io.StringIO(done.stdout)))
                theirs, undecided = metrics(network, images, masks, authors)
                off = {m: abs(float(ours[m]) - theirs[m]) for m in METRICS}
                # acc/(2 - acc) changes by up to twice as much as acc; a pixel has up to 15 in class bits, of those of the masks.
                slack = {m: 2 * undecided for m in METRICS}
                if authors:
                    slack["iou"] = 30 * undecided * masks[0].numel() / max(1, int(masks.flatten(1).sum(1).min()))
                fine = all(off[m] <= (1e-6 * max(1, abs(theirs[m])) if "loss" in m else max(1e-6, slack[m])) for m in METRICS)
                exact = all(off[m] <= 1e-6 * max(1, abs(theirs[m])) for m in METRICS)
                worst, failed = max(worst, *(off[m] / max(1, abs(theirs[m])) for m in METRICS) if exact else (0,)), failed + (not fine)
                compared += 1
                shown = ("loss_foreground", "iou") if authors else ("loss", "acc", "iou_foreground")
                print(f"{name + (' as the authors' if authors else ''):32} " + "  ".join(f"{m} {theirs[m]:.6f}" for m in shown) +
                      f"  off by {max(off.values()):.1e}" + ("" if exact else f"  ({100 * undecided:.2g} % of the pixels undecided)" if fine else "  DIFFERS"), flush=True)
    if left_out:
        print(f"not built in: {', '.join(left_out)}")
    if compared == 0:
        sys.exit("nothing was compared")
    print(f"{compared} compared; largest difference, without undecided pixels, {worst:.1e}: {'ok' if not failed else f'{failed} differ'}")
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
