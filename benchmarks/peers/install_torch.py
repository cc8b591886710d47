#!/usr/bin/env python3
"""Makes a virtual environment with the newest PyTorch for the CPU, and with --deepwave the newest deepwave.

    python3 benchmarks/peers/install_torch.py build/peer          then   build/peer/bin/python benchmarks/peers/torch_peer.py ...

PyPI's wheel for Linux links gigabytes of CUDA libraries that a run on the CPU never calls, yet the loader wants them. By
default only the wheel and its small Python dependencies are installed, and those libraries are replaced by one whose
functions all report "no driver"; the CPU's code is the wheel's own, untouched. --full installs everything instead.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile
import venv

SMALL = ["numpy", "filelock", "typing-extensions", "setuptools", "sympy", "networkx", "jinja2", "fsspec"]
CUDA = re.compile(r"^lib(cu|nv|nccl)(?!da\.)")  # not the driver's libcuda, which torch finds itself
STAND_IN = "libcuda_absent.so"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def stand_in(folder):
    """Puts into torch/lib one library under the names of all CUDA libraries that are missing there."""
    files = [f for f in folder.glob("lib*.so*") if not f.is_symlink() and f.name != STAND_IN]
    present = {f.name for f in files}
    needed, defined, undefined = set(), set(), {}
    for file in files:
        needed |= set(re.findall(r"NEEDED\).*\[(.*)\]", output("readelf", "-d", str(file))))
        for line in output("nm", "-D", str(file)).splitlines():
            *_, kind, symbol = line.split()
            name, _, version = symbol.partition("@")
            if kind == "U":
                undefined[name] = version.strip("@")
            else:
                defined.add(name)
    missing = sorted(n for n in needed - present if CUDA.match(n))
    if not missing:
        return
    functions = sorted(n for n in undefined.keys() - defined if re.match(r"(?i)(__)?(cu|nccl|nv)", n))
    text = "".join(f"const char* {n}(void) {{ return \"\"; }}\n" if re.search("Error(String|Name)$", n)
                   else f"int {n}(void) {{ return 35; }}\n" for n in functions)  # 35: the driver is insufficient
    with tempfile.TemporaryDirectory() as work:
        source, versions = pathlib.Path(work, "absent.c"), pathlib.Path(work, "versions")
        source.write_text(text)
        nodes = sorted({undefined[f] for f in functions} - {""})
        versions.write_text("".join(f"{v} {{ global: {' '.join(f'{f};' for f in functions if undefined[f] == v)} }};\n"
                                    for v in nodes))
        subprocess.run(["cc", "-shared", "-fPIC", "-w", "-fno-builtin", f"-Wl,--version-script={versions}",
                        "-o", str(folder / STAND_IN), str(source)], check=True)
    for name in missing:
        (folder / name).unlink(missing_ok=True)
        (folder / name).symlink_to(STAND_IN)
    print(f"{len(missing)} CUDA libraries replaced by one that reports no driver")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--torch", default="torch", help="what pip installs, e.g. torch==2.4.1 (default: the newest)")
    parser.add_argument("--full", action="store_true", help="with the CUDA libraries")
    parser.add_argument("--deepwave", action="store_true", help="with the peer of wave/*")
    arguments = parser.parse_args()
    venv.create(arguments.folder, with_pip=True)
    python = str(arguments.folder / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    if arguments.full:
        subprocess.run([*pip, "numpy", arguments.torch], check=True)
    else:
        subprocess.run([*pip, *SMALL], check=True)
        subprocess.run([*pip, "--no-deps", arguments.torch], check=True)
        stand_in(pathlib.Path(output(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))").strip(),
                              "torch", "lib"))
    if arguments.deepwave:
        subprocess.run([*pip, "scipy"], check=True)
        subprocess.run([*pip, "--no-deps", "deepwave"], check=True)  # its torch is installed
    done = subprocess.run([python, "-c", "import torch; torch.ones(8, 8) @ torch.ones(8, 8); print('torch', torch.__version__)"])
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
