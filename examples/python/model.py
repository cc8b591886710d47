"""The study's Neural Wave Machine in PyTorch (arXiv 2502.06034), as short as it can be said; weights of nwm and of the
authors load into it by their names.

    network = model.from_file("weights.safetensors")
    scores = network(pictures)                   # (n, channels, H, W), floats in [0, 1] → (n, classes, H, W)

It restates the equations: y and z are displacement and velocity of every oscillator, omega and alpha maps of stiffness
and damping that the picture sets.

    z ← z + dt (tanh(W * y) − omega y − alpha z),    y ← y + dt z        T times; * with periodic edges
"""
import torch
from safetensors import safe_open
from torch import nn
from torch.nn import functional


def convolutions(channels, inner, out, layers, last):
    widths = [channels] + [inner] * (layers - 1) + [out]
    parts = []
    for before, after in zip(widths, widths[1:]):
        parts += [nn.Conv2d(before, after, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*parts[:-1], last)


class Cell(nn.Module):
    def __init__(self, oscillators):
        super().__init__()
        self.Wy = nn.Conv2d(oscillators, oscillators, 3, padding=1, padding_mode="circular", bias=False)


class Waves(nn.Module):
    def __init__(self, channels, inner, oscillators, steps, features, widths, classes):
        super().__init__()
        self.omega_encoder = convolutions(channels, inner, oscillators, 3, nn.ReLU())
        self.alpha_encoder = convolutions(channels, inner, oscillators, 3, nn.ReLU())
        self.hy_encoder = convolutions(channels, inner, oscillators, 4, nn.Tanh())
        self.cell = Cell(oscillators)
        self.fc_time = nn.Linear(steps, steps // 2 + 1, bias=False)
        parts = []
        for before, after in zip([features] + widths, widths):
            parts += [nn.Linear(before, after), nn.ReLU()]
        self.fc_readout = nn.Sequential(*parts, nn.Linear(widths[-1], classes))


class WaveMachine(nn.Module):
    """`tensors`: the weights by name, which say every size; the readout and dt they do not say."""

    def __init__(self, tensors, readout="linear", dt=0.1):
        super().__init__()
        self.readout, self.dt = readout, dt
        first = tensors["classifier.omega_encoder.0.weight"]
        self.steps = tensors["classifier.fc_time.weight"].shape[1]
        dense = [v for k, v in sorted(tensors.items(), key=lambda item: item[0].split(".")[2].zfill(3))
                 if k.startswith("classifier.fc_readout") and k.endswith("weight")]
        self.classifier = Waves(first.shape[1], first.shape[0], tensors["classifier.cell.Wy.weight"].shape[0],
                                self.steps, dense[0].shape[1], [w.shape[0] for w in dense[:-1]], dense[-1].shape[0])
        self.load_state_dict(tensors)

    def series(self, pictures):
        """y at every step: (n, T, C, H, W)."""
        parts = self.classifier
        omega, alpha, y = (e(pictures) for e in (parts.omega_encoder, parts.alpha_encoder, parts.hy_encoder))
        z, all_steps = torch.zeros_like(y), []
        for _ in range(self.steps):
            z = z + self.dt * (torch.tanh(parts.cell.Wy(y)) - omega * y - alpha * z)
            y = y + self.dt * z
            all_steps.append(y)
        return torch.stack(all_steps, 1)

    def features(self, series):
        """(n, K·C, H, W) of linear and fft, feature k·C + c; (n, C, H, W) of the others."""
        if self.readout == "linear":
            return torch.einsum("kt,ntchw->nkchw", self.classifier.fc_time.weight, series).flatten(1, 2)
        if self.readout == "fft":
            return torch.fft.rfft(series, dim=1).abs().flatten(1, 2)
        return {"last": lambda: series[:, -1], "mean_time": lambda: series.mean(1),
                "max_time": lambda: series.amax(1)}[self.readout]()

    def forward(self, pictures):
        features = self.features(self.series(pictures))
        return self.classifier.fc_readout(features.movedim(1, -1)).movedim(-1, 1)

    def loss(self, pictures, masks):
        return functional.cross_entropy(self(pictures), masks.long())


def from_file(path, readout=None, dt=None):
    """The model of a file of weights. Files of nwm say readout and dt; for others give them."""
    with safe_open(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}
        says = file.metadata() or {}
    if says.get("nwm.cell", "wave") != "wave":
        raise ValueError(f"{path}: expected weights of the cell wave, found {says['nwm.cell']}")
    return WaveMachine(tensors, readout or says.get("nwm.readout", "linear"), float(dt or says.get("nwm.cell.dt", 0.1)))
