#!/usr/bin/env python3
"""The command `run` of a folder that pack.py made: unpacks it and does everything on this machine's GPU, unattended.

    ./run [--report DIR] [--minutes 25] [options of benchmarks/device/run.py]

In this order: conformance in Full, the programs of tests/device, each precision's error, the same bits twice, memcheck and
racecheck where compute-sanitizer is, then the times beside PyTorch, parts, a training of the study, inference. DIR (default: `report`
beside this file) gets report.json and report.md, written again after each part: when the command is ended, the next call goes
on from there. The report says first which checks passed, failed or were not run. Exit status 77 where there is no GPU, 1 where a check
failed, 0 otherwise.
"""
import argparse
import os
import pathlib
import sys
import tarfile
import tempfile

HERE = pathlib.Path(__file__).resolve().parent


def unpacked():
    """The folder of the unpacked files: beside this one, or where there is room to write."""
    archive = HERE / "device.tar.xz"
    where = HERE / "unpacked" if os.access(HERE, os.W_OK) else pathlib.Path(tempfile.mkdtemp())
    done = where / "complete"
    stamp = f"{archive.stat().st_size} {archive.stat().st_mtime_ns}"
    if not done.exists() or done.read_text() != stamp:
        with tarfile.open(archive) as files:
            files.extractall(where, **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
        for program in (where / "bin").iterdir():
            program.chmod(0o755)
        done.write_text(stamp)
    return where


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--report", type=pathlib.Path, default=HERE / "report")
    options, others = parser.parse_known_args()
    folder = unpacked()
    options.report.mkdir(parents=True, exist_ok=True)
    os.execv(sys.executable, [
        sys.executable, str(folder / "benchmarks/device/run.py"), str(folder / "bin"), "--cases", str(folder / "tests/conformance"),
        "--commit", (folder / "commit").read_text(), "--out", str(options.report.resolve() / "report.json"), "--resume", *others])


if __name__ == "__main__":
    main()
