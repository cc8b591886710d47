"""Driven oscillator networks in PyTorch, as their authors wrote them, for the configurations train_step/seq/...

What can be known before the loop is taken out of it (the input's part of every step is one product): the fastest form
we found without writing a kernel. cell/co_rnn.hpp and cell/wave_rnn.hpp have the equations.
"""
import torch
from torch import nn
from torch.nn import functional as F


class CoCell(nn.Module):
    def __init__(self, dt, gamma, epsilon):
        super().__init__()
        self.dt, self.gamma, self.epsilon = dt, gamma, epsilon

    def forward(self, drive, weight, z, y):
        force = torch.tanh(torch.addmm(drive, torch.cat((z, y), 1), weight))
        z = z + self.dt * (force - self.gamma * y - self.epsilon * z)
        return z, y + self.dt * z


class CoRnn(nn.Module):
    def __init__(self, inputs, n, outputs, dt=0.042, gamma=2.7, epsilon=4.7):
        super().__init__()
        self.n, self.inputs = n, inputs
        self.i2h, self.readout = nn.Linear(inputs + 2 * n, n), nn.Linear(n, outputs)
        self.cell = CoCell(dt, gamma, epsilon)

    def forward(self, x):
        weight = self.i2h.weight[:, self.inputs:].t()
        z = y = x.new_zeros(x.shape[0], self.n)
        for drive in (x @ self.i2h.weight[:, :self.inputs].t() + self.i2h.bias).unbind(1):
            z, y = self.cell(drive, weight, z, y)
        return self.readout(y)


class WaveCell(nn.Module):
    def forward(self, inflow, kernel, bias, h):
        reach = kernel.shape[2] // 2
        return torch.relu(inflow + F.conv1d(F.pad(h, (reach, reach), mode="circular"), kernel, bias))


class WaveRnn(nn.Module):
    def __init__(self, inputs, n, channels, outputs, taps=3):
        super().__init__()
        self.n, self.channels = n, channels
        self.Wx, self.Wy = nn.Linear(inputs, channels * n), nn.Conv1d(channels, channels, taps)
        self.readout, self.cell = nn.Linear(channels * n, outputs), WaveCell()

    def forward(self, x):
        h, states = x.new_zeros(x.shape[0], self.channels, self.n), []
        for inflow in self.Wx(x).unflatten(2, (self.channels, self.n)).unbind(1):
            h = self.cell(inflow, self.Wy.weight, self.Wy.bias, h)
            states.append(h.flatten(1))
        return self.readout(torch.stack(states, 1))


SEQUENCES = {
    "seq/cornn/smnist": dict(batch=128, steps=784, inputs=1, outputs=10, each=False, make=lambda: CoRnn(1, 256, 10)),
    "seq/wave_rnn/copy": dict(batch=128, steps=110, inputs=10, outputs=9, each=True,
                              make=lambda: WaveRnn(10, 100, 6, 9)),
}
