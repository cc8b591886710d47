#!/usr/bin/env python3
"""kernels.py OBJECT...: every kernel that the host's code launches is one that nvcc's device code has.

Where nvcc's two compilers read a constraint differently, one launches what the other never saw: the launch then fails,
on a GPU, though everything compiles. Such launches are named, and the exit status is 1."""
import re
import subprocess
import sys


def unmatched(path):
    lines = subprocess.run(["nm", path], capture_output=True, text=True, check=True).stdout.splitlines()
    registered, launched = set(), set()
    for name in (line.split()[-1] for line in lines if line.strip()):
        if stub := re.match(r"_ZL\d+__device_stub_(_ZN.*)$", name):
            registered.add(stub[1])
        if launch := re.match(r"_ZN(3nwm6device|3cub\w*?8for_each)L(\d+(?:run_block|static_kernel|dynamic_kernel)I.*)$",
                              name):
            launched.add("_ZN" + launch[1] + launch[2])
    return [name for name in launched if not any(r.startswith(name) for r in registered)]


failed = False
for path in sys.argv[1:]:
    for name in unmatched(path):
        plain = subprocess.run(["c++filt", name], capture_output=True, text=True).stdout.strip()
        print(f"{path}: no device code for {plain[:400]}")
        failed = True
sys.exit(failed)
