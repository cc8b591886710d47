"""From numpy to numpy: draw pictures, train on them, look at what was learned. No C++ is written or read here.

    python3 examples/python/own_pictures.py                 # after: cmake --workflow --preset release

1. numpy draws grey pictures of squares, discs and crosses, each with a mask: a class at every pixel.
2. The program train_npy trains a machine of waves on these files, and leaves weights.
3. The program nwm_predict says the class of every pixel of pictures that were not trained on, and records the waves.
4. safetensors reads the weights: arrays of numpy by name.
5. The same weights in PyTorch, where that is installed (model.py): both must give the same scores.
6. matplotlib draws pictures, waves and predictions, and the sound that each class makes.

Needs numpy, safetensors and matplotlib; torch for step 5. Pictures of your own: replace `draw` by what loads them, of
uint8 or of floats in [0, 1], (n, H, W) or (n, H, W, 3). Sizes and the number of classes are constants in
examples/own_pictures.hpp: the program has to be built again when they change, and says so.
"""
import argparse
import pathlib
import subprocess
import sys

try:
    import numpy
    from safetensors import safe_open
except ImportError as missing:
    print(f"{missing}: pip install numpy safetensors matplotlib")
    sys.exit(77)

NAMES = ("background", "square", "disc", "cross")


def draw(count, side, seed):
    """Pictures (count, side, side) of bytes with one or two shapes each on a noisy ground, and masks of classes."""
    random = numpy.random.default_rng(seed)
    y, x = numpy.mgrid[:side, :side]
    images = random.integers(0, 40, (count, side, side), dtype=numpy.uint8)
    masks = numpy.zeros((count, side, side), numpy.uint8)
    for image, mask in zip(images, masks):
        for _ in range(random.integers(1, 3)):
            radius = random.integers(4, 8)
            centre_y, centre_x = random.integers(radius + 1, side - radius - 1, 2)
            dy, dx = abs(y - centre_y), abs(x - centre_x)
            shape = random.integers(1, len(NAMES))
            inside = (
                numpy.maximum(dy, dx) <= radius,
                dy**2 + dx**2 <= radius**2,
                (numpy.minimum(dy, dx) <= radius // 3) & (numpy.maximum(dy, dx) <= radius),
            )[shape - 1]
            if mask[inside].any():
                continue  # they do not overlap
            image[inside] = random.integers(150, 256)
            mask[inside] = shape
    return images, masks


def foreground_iou(labels, masks):
    """Mean over pictures of right / (right + 2 wrong), counted where a shape is: the library's own measure."""
    shares = [(a == b)[b > 0].mean() for a, b in zip(labels, masks) if (b > 0).any()]
    return numpy.mean([a / (2 - a) for a in shares])


def call(*command):
    print("$", *command, flush=True)
    subprocess.run([str(word) for word in command], check=True)


def compare_with_pytorch(weights, images, scores):
    """The largest difference between the program's scores and those of the same model in PyTorch."""
    try:
        import torch
    except ImportError:
        return print("PyTorch is not installed: no comparison")
    import model

    network = model.from_file(weights)
    with torch.no_grad():
        theirs = network(torch.from_numpy(images[:, None]).float() / 255).numpy()
    difference = abs(theirs - scores).max() / abs(theirs).max()
    print(f"scores of nwm and of PyTorch differ by {difference:.1e} of the largest")
    if difference > 1e-4:
        raise SystemExit("they should be equal but for rounding")


def plot(out, images, masks, labels, series):
    """waves.png: pictures, one oscillator channel at five moments, prediction and target. spectra.png: |DFT| by class."""
    try:
        import matplotlib
    except ImportError:
        return print("matplotlib is not installed: no pictures")
    matplotlib.use("Agg")
    from matplotlib import pyplot

    steps = series.shape[1]
    moments = numpy.linspace(steps // 5, steps - 1, 5).astype(int)
    figure, axes = pyplot.subplots(3, 8, figsize=(12, 5))
    for row, i in zip(axes, range(3)):
        waves = series[i, :, 0]
        columns = [("image", images[i], "gray", None)]
        columns += [(f"step {t + 1}", waves[t], "RdBu_r", abs(waves).max()) for t in moments]
        columns += [("prediction", labels[i], "viridis", None), ("target", masks[i], "viridis", None)]
        for axis, (title, picture, colours, most) in zip(row, columns):
            limits = {} if most is None else {"vmin": -most, "vmax": most}
            if colours == "viridis":
                limits = {"vmin": 0, "vmax": len(NAMES)}
            axis.imshow(picture, cmap=colours, **limits)
            axis.set_title(title if i == 0 else "")
            axis.axis("off")
    figure.savefig(out / "waves.png", dpi=110, bbox_inches="tight")

    figure, axis = pyplot.subplots(figsize=(6, 4))
    spectra = abs(numpy.fft.rfft(series, axis=1)).mean(2)  # (n, bins, H, W)
    for number, name in enumerate(NAMES):
        axis.plot(spectra.transpose(0, 2, 3, 1)[masks == number].mean(0), label=name)
    axis.set_xlabel("bin of the Fourier transform")
    axis.set_ylabel("mean magnitude")
    axis.set_yscale("log")
    axis.legend()
    figure.savefig(out / "spectra.png", dpi=110, bbox_inches="tight")


def main():
    arguments = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    arguments.add_argument("--bin", type=pathlib.Path, default="build/release/bin", help="folder of the programs")
    arguments.add_argument("--out", type=pathlib.Path, default="own_pictures", help="folder of all files")
    arguments.add_argument("--images", type=int, default=1500, help="to train on")
    arguments.add_argument("--epochs", type=int, default=8, help="times each is seen")
    arguments.add_argument("--side", type=int, default=32, help="pixels; as in own_pictures.hpp")
    options = arguments.parse_args()
    out = options.out
    out.mkdir(parents=True, exist_ok=True)

    sets = {"train": options.images, "validation": 100, "test": 50}
    for seed, (name, count) in enumerate(sets.items()):
        images, masks = draw(count, options.side, seed)
        numpy.save(out / f"{name}_images.npy", images)
        numpy.save(out / f"{name}_masks.npy", masks)

    weights = out / "weights.safetensors"
    files = [out / f"{name}_{kind}.npy" for name in ("train", "validation") for kind in ("images", "masks")]
    call(options.bin / "train_npy", *files, "--epochs", options.epochs, "--out", weights)

    test = out / "test_images.npy"
    results = {name: out / f"{name}.npy" for name in ("labels", "scores", "series")}
    call(options.bin / "nwm_predict", weights, test, "--out", results["labels"], "--scores", results["scores"],
         "--series", results["series"])
    labels, scores, series = (numpy.load(results[name]) for name in ("labels", "scores", "series"))
    print(f"foreground IoU on {len(labels)} pictures not trained on: {foreground_iou(labels, masks):.3f}")

    with safe_open(weights, "numpy") as file:
        numbers = sum(file.get_tensor(name).size for name in file.keys())
        coupling = file.get_tensor("classifier.cell.Wy.weight")
        print(f"{weights}: {len(file.keys())} tensors, {numbers} numbers; "
              f"dt {float(file.metadata()['nwm.cell.dt']):g}, coupling {coupling.shape}")
    compare_with_pytorch(weights, images, scores)
    plot(out, images, masks, labels, series)
    print(f"all files are in {out}")


if __name__ == "__main__":
    main()
