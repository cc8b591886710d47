"""The study's models, written anew in PyTorch as a PyTorch user would, with the authors' parameter names.

Every model maps images (batch, c_in, H, W) to class scores (batch, classes, H, W). Nothing here is tuned against PyTorch:
where there are several ways to write the same thing, the one measured fastest on the CPU was chosen.
"""
import torch
from torch import nn
from torch.nn import functional as F

HEADS = {"wide": (256, 256, 256), "narrow": (32, 32, 32, 32, 32)}


def encoder(c_in, c_mid, c_out, layers, last):
    """layers 3x3 convolutions, ReLU between them, `last` at the end (None: nothing)."""
    parts = []
    for i in range(layers):
        parts += [nn.Conv2d(c_mid if i else c_in, c_mid if i + 1 < layers else c_out, 3, padding=1), nn.ReLU()]
    return nn.Sequential(*parts[:-1], *([last] if last else []))


def head(n, classes, widths):
    parts = []
    for width in widths:
        parts += [nn.Linear(n, width), nn.ReLU()]
        n = width
    return PerPixel(*parts, nn.Linear(n, classes))


class PerPixel(nn.Sequential):
    """Dense layers applied at every pixel of x (batch, n, H, W): as matrix products over rows of pixels, or, with
    `as_convolutions`, as 1x1 convolutions, which oneDNN computes in place of the BLAS."""

    as_convolutions = False

    def forward(self, x):
        if not self.as_convolutions:
            return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        for layer in self:
            x = F.conv2d(x, layer.weight[:, :, None, None], layer.bias) if isinstance(layer, nn.Linear) else layer(x)
        return x


def ring(x):
    return F.pad(x, (1, 1, 1, 1), mode="circular")


class Readout(nn.Module):
    """Time series to scores; mixed into the recurrent classifiers below."""

    def build(self, kind, steps, channels, classes, widths):
        self.kind = kind
        frequencies = steps // 2 + 1
        self.fc_time = nn.Linear(steps, frequencies, bias=False)
        self.fc_readout = head(channels * (frequencies if kind in ("fft", "linear") else 1), classes, widths)

    def classify(self, series):
        """series: a list of (batch, C, H, W), one a step."""
        if self.kind == "last":
            x = series[-1]
        else:
            s = torch.stack(series, 1)
            if self.kind == "mean_time":
                x = s.mean(1)
            elif self.kind == "max_time":
                x = s.max(1).values
            else:
                if self.kind == "fft":
                    x = torch.fft.rfft(s, dim=1).abs()
                else:
                    x = torch.matmul(self.fc_time.weight, s.flatten(2))
                x = x.reshape(s.shape[0], -1, *s.shape[3:])  # feature index k*C + c
        return self.fc_readout(x)


class WaveCell(nn.Module):
    def __init__(self, channels, dt):
        super().__init__()
        self.dt = dt
        self.Wy = nn.Conv2d(channels, channels, 3, bias=False)
        laplacian = torch.tensor([[0.0, 1, 0], [1, -4, 1], [0, 1, 0]])
        with torch.no_grad():
            self.Wy.weight.zero_()
            for c in range(channels):
                self.Wy.weight[c, c] = laplacian

    def forward(self, y, z, omega, alpha):
        z = z + self.dt * (torch.tanh(self.Wy(ring(y))) - omega * y - alpha * z)
        return y + self.dt * z, z


class WaveClassifier(Readout):
    def __init__(self, c_in, c_mid, channels, steps, dt, readout, classes, widths):
        super().__init__()
        self.steps = steps
        self.omega_encoder = encoder(c_in, c_mid, channels, 3, nn.ReLU())
        self.alpha_encoder = encoder(c_in, c_mid, channels, 3, nn.ReLU())
        self.hy_encoder = encoder(c_in, c_mid, channels, 4, nn.Tanh())
        self.cell = WaveCell(channels, dt)
        self.build(readout, steps, channels, classes, widths)

    def forward(self, image):
        omega, alpha, y = self.omega_encoder(image), self.alpha_encoder(image), self.hy_encoder(image)
        z, series = torch.zeros_like(y), []
        for _ in range(self.steps):
            y, z = self.cell(y, z, omega, alpha)
            series.append(y)
        return self.classify(series)


class Gates(nn.Module):
    """The convolutions of one recurrent cell: LSTM, GRU or RNN."""

    def __init__(self, kind, c):
        super().__init__()
        self.kind = kind
        if kind == "lstm":
            self.conv = nn.Conv2d(2 * c, 4 * c, 3)
        elif kind == "gru":
            self.conv_z, self.conv_r, self.conv_h = (nn.Conv2d(2 * c, c, 3) for _ in range(3))
        else:
            self.conv_in, self.conv_hidden = nn.Conv2d(c, c, 3), nn.Conv2d(c, c, 3)

    def forward(self, hy, hz, hc):
        if self.kind == "lstm":
            i, f, g, o = self.conv(ring(torch.cat((hy, hz), 1))).chunk(4, 1)
            hc = torch.sigmoid(f) * hc + torch.sigmoid(i) * torch.tanh(g)
            return torch.sigmoid(o) * torch.tanh(hc), hc
        if self.kind == "gru":
            both = ring(torch.cat((hy, hz), 1))
            u, r = torch.sigmoid(self.conv_z(both)), torch.sigmoid(self.conv_r(both))
            new = torch.tanh(self.conv_h(ring(torch.cat((hy, r * hz), 1))))
            return (1 - u) * hz + u * new, hc
        return torch.relu(self.conv_in(ring(hy)) + self.conv_hidden(ring(hz))), hc


class RecurrentCell(nn.Module):
    def __init__(self, kind, c):
        super().__init__()
        self.cell = Gates(kind, c)
        self.transform_hidden = PerPixel(nn.Linear(c, 2 * c), nn.ReLU(), nn.Linear(2 * c, c))

    def forward(self, hy, hz, hc):
        hz, hc = self.cell(hy, hz, hc)
        return self.transform_hidden(hz), hz, hc


class RecurrentClassifier(Readout):
    def __init__(self, kind, c_in, c_mid, channels, steps, readout, classes, widths):
        super().__init__()
        self.steps = steps
        self.hy_encoder = encoder(c_in, c_mid, channels, 4, nn.Tanh())
        self.hz_encoder = encoder(c_in, c_mid, channels, 3, None)
        self.hc_encoder = encoder(c_in, c_mid, channels, 3, None)
        self.recurrent_cell = RecurrentCell(kind, channels)
        self.build(readout, steps, channels, classes, widths)

    def forward(self, image):
        hy, hz, hc = self.hy_encoder(image), self.hz_encoder(image), self.hc_encoder(image)
        series = []
        for _ in range(self.steps):
            hy, hz, hc = self.recurrent_cell(hy, hz, hc)
            series.append(hy)
        return self.classify(series)


class Model(nn.Module):
    """Adds the prefix `classifier.` to the names."""

    def __init__(self, classifier):
        super().__init__()
        self.classifier = classifier

    def forward(self, image):
        return self.classifier(image)


class Cnn(nn.Module):
    def __init__(self, layers, c_in, c_mid, channels, steps, classes, widths):
        super().__init__()
        features = (steps // 2 - 1) * channels
        self.encoder = nn.Sequential(*encoder(c_in, c_mid, channels, layers, nn.ReLU()), nn.Conv2d(channels, features, 1))
        self.readout = head(features, classes, widths)

    def forward(self, image):
        return self.readout(self.encoder(image))


class Pair(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.double_conv = nn.Sequential(
            nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(),
            nn.Conv2d(b, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU())

    def forward(self, x):
        return self.double_conv(x)


class Down(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.maxpool_conv = nn.Sequential(nn.MaxPool2d(2), Pair(a, b))

    def forward(self, x):
        return self.maxpool_conv(x)


class Up(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.up = nn.ConvTranspose2d(a, a // 2, 2, stride=2)
        self.conv = Pair(a, b)

    def forward(self, x, skip):
        return self.conv(torch.cat((skip, self.up(x)), 1))


class Out(nn.Module):
    def __init__(self, a, b):
        super().__init__()
        self.conv = nn.Conv2d(a, b, 1)

    def forward(self, x):
        return self.conv(x)


class UNet(nn.Module):
    def __init__(self, width, c_in, classes):
        super().__init__()
        m = [width * 2 ** i for i in range(5)]
        self.inc = Pair(c_in, m[0])
        self.down1, self.down2, self.down3, self.down4 = (Down(m[i], m[i + 1]) for i in range(4))
        self.up1, self.up2, self.up3, self.up4 = (Up(m[i + 1], m[i]) for i in reversed(range(4)))
        self.outc = Out(m[0], classes)

    def forward(self, x):
        x1 = self.inc(x)
        x2 = self.down1(x1)
        x3 = self.down2(x2)
        x4 = self.down3(x3)
        x = self.up1(self.down4(x4), x4)
        return self.outc(self.up4(self.up3(self.up2(x, x3), x2), x1))


def make(model, c_in, c_mid=16, channels=2, steps=100, classes=2, readout="linear", cell="", head="wide", layers=0, dt=0.1):
    """The model described by a reference case's metadata. `c_mid` is the width of a U-Net."""
    widths = HEADS[head]
    if model == "nwm":
        return Model(WaveClassifier(c_in, c_mid, channels, steps, dt, readout, classes, widths))
    if model == "conv_recurrent":
        return Model(RecurrentClassifier(cell, c_in, c_mid, channels, steps, readout, classes, widths))
    if model == "cnn":
        return Cnn(layers, c_in, c_mid, channels, steps, classes, widths)
    if model == "unet":
        return UNet(c_mid, c_in, classes)
    raise ValueError(f"model: expected nwm, conv_recurrent, cnn or unet, found {model}")
