#!/usr/bin/env python3
"""Builds what a machine with a GPU runs, and packs it into one folder to carry there.

    python3 benchmarks/device/pack.py FOLDER [--build DIR] [--architectures 90a-real] [--no-build]

FOLDER gets `device.tar.xz`, `run` and `CONTENTS.md`: conformance with its cases, the programs of tests/device, the benchmark,
nwm_study with one machine for Tetrominoes (which are drawn, so that no data is carried), and the scripts. On the machine with
the GPU `FOLDER/run` does everything (packed_run.py). Programs are stripped; cuBLAS and PyTorch are found there. It fails when
the folder is larger than --most megabytes, or `run` cannot be started here: where there is no GPU it must get as far as saying
so, with exit status 77.
"""
import argparse
import io
import os
import pathlib
import shutil
import subprocess
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from measuring import PROJECT, git  # noqa: E402

NO_DEVICE = 77
PRESET = 9  # xz's
CARRIED_LIBRARIES = ("libpng", "libz.", "libgif")  # of nwm_study; used where there are none
STUDY_MACHINE = HERE / "study_machine.cu"  # all that run.py trains: the study's others take nvcc half an hour
PROGRAMS = {
    "nwm_conformance": "the reference cases on the device, in float and double",
    "nwm_device_benchmark": "same bits, errors of the precisions, training steps, inference, parts, ceilings",
    "nwm_study": "the study's NWM with the linear readout on Tetrominoes, on the device in tf32",
} | {f"device_{source.stem}": f"tests/device/{source.name}" for source in sorted((PROJECT / "tests/device").glob("*.cu"))
     if source.stem != "nccl"}  # needs several GPUs and MPI
FILES = {  # folder of the project: names
    "benchmarks": ["measuring.py"],
    "benchmarks/device": ["run.py", "tables.py", "packed_run.py"],
    "benchmarks/peers": ["serving.py", "torch_device.py", "torch_models.py", "torch_peer.py", "torch_sequences.py", "torch_trajectory.py"],
    "tests/conformance": ["*.safetensors"]}


def build(folder, architectures, jobs):
    """Programs for any x86-64-v3 processor; only what runs on the device. The compiler's report of every kernel stays in
    DIR/kernels.log, for resources.py."""
    subprocess.run(
        ["cmake", "--preset", "cuda", "-B", folder, f"-DCMAKE_CUDA_ARCHITECTURES={architectures}", "-DCMAKE_CXX_FLAGS=-march=x86-64-v3",
         "-DCMAKE_CUDA_FLAGS=-Xptxas=-v", "-DNWM_CONFORMANCE_ONLY_CUDA=ON", "-DNWM_STUDY_CPU=",
         "-DNWM_STUDY_DEVICE=", f"-DNWM_STUDY_SOURCES={STUDY_MACHINE}"], cwd=PROJECT, check=True)
    with open(folder / "kernels.log", "a") as log:
        done = subprocess.run(["cmake", "--build", folder, "-j", str(jobs), "--target", *PROGRAMS], stdout=log, stderr=log)
    if done.returncode != 0:
        raise SystemExit(f"pack.py: the build failed: {folder / 'kernels.log'}")


def contents(binaries, only_built):
    """[(path in the package, the file's bytes, mode, what it is)]"""
    found, missing, libraries = [], [], set()
    with tempfile.TemporaryDirectory() as scratch:
        for name, what in PROGRAMS.items():
            program, stripped = binaries / name, pathlib.Path(scratch) / name
            if not program.exists():
                missing.append(name)
                continue
            if subprocess.run(["strip", "-o", stripped, program], capture_output=True).returncode != 0:
                stripped = program  # not an object file
            found.append((f"bin/{name}", stripped.read_bytes(), 0o755, what))
            said = subprocess.run(["ldd", program], capture_output=True, text=True).stdout
            libraries |= {pathlib.Path(line.split()[2]) for line in said.splitlines() if line.strip().startswith(CARRIED_LIBRARIES)
                          and len(line.split()) > 2 and line.split()[2].startswith("/")}
        found += [(f"lib/{library.name}", library.read_bytes(), 0o755, "lib") for library in sorted(libraries)]
    if missing and not only_built:
        raise SystemExit(f"pack.py: {binaries}: not there: {', '.join(missing)}")
    for folder, names in FILES.items():
        for pattern in names:
            files = sorted((PROJECT / folder).glob(pattern))
            if not files:
                raise SystemExit(f"pack.py: there is no {folder}/{pattern}")
            found += [(f"{folder}/{f.name}", f.read_bytes(), 0o644, folder) for f in files]
    return found, missing


def pack(found, path):
    """One archive, the same bytes for the same files."""
    with tarfile.open(path, "w:xz", preset=PRESET) as archive:
        for name, data, mode, _ in found:
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(data), mode
            archive.addfile(entry, io.BytesIO(data))


def listing(found, missing, commit, architectures, size):
    def megabytes(n):
        return f"{n / 1e6:.1f} MB"

    lines = ["# What is in this folder", "",
             f"Commit {commit}, machine code for {architectures}. `device.tar.xz` is {megabytes(size)}. On a machine with a GPU, a "
             "driver for CUDA 13, Python and (for the comparison, and for cuBLAS where no toolkit is) PyTorch, `./run` does "
             "everything; `./run --help` says how.", "",
             "| | | unpacked |", "|---|---|---|"]
    lines += [f"| `{name}` | {what} | {megabytes(len(data))} |" for name, data, _, what in found if name.startswith("bin/")]
    for folder in ["lib", *FILES]:
        files = [data for name, data, _, of in found if of == folder]
        if files:
            lines.append(f"| `{folder}/` | {len(files)} files | {megabytes(sum(map(len, files)))} |")
    lines += ["", "Not built, so not here: " + ", ".join(missing) + "."] if missing else []
    return "\n".join(lines) + "\n"


def try_it(folder):
    """Starts `run` as far as the question whether there is a device: (exit status, what it said). In a copy, as nothing of
    it is to stay."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = pathlib.Path(scratch) / "carried"
        shutil.copytree(folder, copy)
        done = subprocess.run([sys.executable, copy / "run", "--backend-check"], capture_output=True, text=True)
        return done.returncode, (done.stdout + done.stderr).strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--build", type=pathlib.Path, default=PROJECT / "build" / "packed")
    parser.add_argument("--architectures", default="90a-real", help='for CMake: "80-real;90a-real" runs on an A100, too')
    parser.add_argument("--jobs", type=int, default=1, help="compilers at a time; some need 2 GB")
    parser.add_argument("--no-build", action="store_true", help="the programs in DIR/bin are the ones")
    parser.add_argument("--only-built", action="store_true", help="programs that are not there are left out")
    parser.add_argument("--most", type=float, default=40, help="megabytes")
    options = parser.parse_args()
    commit = git("rev-parse", "--short", "HEAD") or "unknown"
    if git("status", "--porcelain", "--", "include", "benchmarks", "tests", "examples"):
        commit += "+changes"
    if not options.no_build:
        build(options.build.resolve(), options.architectures, options.jobs)
    found, missing = contents(options.build / "bin", options.only_built)
    found.append(("commit", commit.encode(), 0o644, ""))
    folder = options.folder.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    pack(found, folder / "device.tar.xz")
    shutil.copy(HERE / "packed_run.py", folder / "run")
    os.chmod(folder / "run", 0o755)
    (folder / "CONTENTS.md").write_text(listing(found, missing, commit, options.architectures, (folder / "device.tar.xz").stat().st_size))
    size = sum(f.stat().st_size for f in folder.iterdir() if f.is_file())
    print((folder / "CONTENTS.md").read_text())
    print(f"{folder}: {size / 1e6:.1f} MB")
    if size > 1e6 * options.most:
        raise SystemExit(f"pack.py: expected at most {options.most:g} MB")
    if "nwm_device_benchmark" in missing:
        print("run: not tried: there is no nwm_device_benchmark")
        return 0
    status, said = try_it(folder)
    print(f"run --backend-check: exit {status}: {said}")
    return 0 if status in (0, NO_DEVICE) else 1


if __name__ == "__main__":
    sys.exit(main())
