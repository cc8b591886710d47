#!/usr/bin/env python3
"""Tests and measures the device backend on one GPU, unattended, in 25 minutes at most.

    python3 benchmarks/device/run.py build/cuda/bin [--out FILE.json] [--resume] [--minutes 25]

BINARIES is the folder with nwm_device_benchmark, nwm_conformance and device_*. In order of importance: conformance, each
precision's error, two equal runs, the sanitizer, training steps beside PyTorch's, a training of the study, parts and their
floors, compiled PyTorch, inference. When time is short, nothing new is started, and the report lists what was left out.
Writes the JSON, and the tables as text beside it, again after each part: a run that is ended keeps what it had, and
--resume goes on from there.
Exit status 77 without a GPU, 1 when something is wrong (a check failed, an error of a precision beyond its bound; a figure that
misses its aim is not wrong), 0 otherwise.
"""
import argparse
import datetime
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
import tables  # noqa: E402
from measuring import PROJECT, clean_environment, git  # noqa: E402

PEER = HERE.parent / "peers" / "torch_device.py"
CONFIGURATIONS = ["nwm/tetrominoes/linear", "nwm/multi_mnist/linear", "nwm/multi_mnist/linear_every10",
                  "lstm/tetrominoes/linear", "cnn/tetrominoes/16", "unet/multi_mnist/4", "nwm/mnist/linear",
                  "nwm/tetrominoes/fft", "nwm/tetrominoes/last"]
AIMED = [c for c in CONFIGURATIONS if c in tables.STEP_AIMS]
FIRST = AIMED[:2]
OTHERS = [c for c in CONFIGURATIONS if c not in AIMED and c not in tables.PEER_NAMES]
BY_CHANNELS_LAST = ["nwm/multi_mnist/linear", "lstm/tetrominoes/linear", "cnn/tetrominoes/16", "unet/multi_mnist/4"]
NO_DEVICE = 77
LOOPS = ("nwm/", "lstm/")  # compiled step by step: unrolled they take minutes to compile
SANITIZED_CASES = ["nwm-linear", "lstm-last", "cnn-2"]


def say(line):
    print(line, file=sys.stderr, flush=True)


def call(command, limit, environment=None):
    """(exit status or None when it ran out of time, stdout, stderr). Ends the program and its child processes."""
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        try:
            process = subprocess.Popen([str(c) for c in command], stdin=subprocess.DEVNULL, stdout=out, stderr=err,
                                       env=environment, start_new_session=True)
        except OSError as error:
            return 127, "", str(error)
        try:
            status = process.wait(timeout=limit)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)  # its own session, with only its children in it
            process.wait()
            status = None
        texts = []
        for file in (out, err):
            file.seek(0)
            texts.append(file.read())
    return status, *texts


def last_line(text):
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip()[:300] if lines else "nothing said"


def library_folders(python):
    """Folders that may hold CUDA's libraries, besides the system's: a toolkit's, or PyTorch's."""
    status, out, _ = call([python, "-c", "import sys, json; print(json.dumps(sys.path))"], 30)
    packages = [pathlib.Path(p) for p in json.loads(out)] if status == 0 else []
    folders = [f for p in packages for f in sorted(p.glob("nvidia/*/lib"))]
    folders += [f for pattern in ("cuda*/lib64", "cuda*/lib", "cuda*/targets/*/lib")
                for f in sorted(pathlib.Path("/usr/local").glob(pattern))]
    return [str(f) for f in folders if f.is_dir()]


def missing_libraries(program, environment):
    _, out, _ = call(["ldd", program], 30, environment)
    return [line.split()[0] for line in out.splitlines() if "not found" in line]


def count_gpus():
    _, out, _ = call(["nvidia-smi", "--list-gpus"], 20)
    return sum(line.startswith("GPU ") for line in out.splitlines())


class Run:
    """One run: its programs and time limits, and the report so far."""

    def __init__(self, options):
        self.options = options
        self.begin = time.monotonic()
        self.binaries = options.binaries.resolve()
        suffix = "_host" if options.host else ""
        self.benchmark = self.binaries / f"nwm_device_benchmark{suffix}"
        self.backend, self.peer_device = ("device", "cpu") if options.host else ("cuda", "cuda")
        self.environment, self.peer_environment = clean_environment(), clean_environment()
        status = git("status", "--porcelain", "--", "include", "benchmarks")
        self.report = {
            "device": {}, "driver": "", "torch": {}, "minutes": 0.0, "batch": options.batch,
            "images": 2 if options.host else tables.IMAGES, "configurations": CONFIGURATIONS,
            "date": datetime.datetime.now().astimezone().isoformat(timespec="seconds"),
            "commit": options.commit or git("rev-parse", "--short", "HEAD"), "changed": bool(status) and not options.commit,
            "conformance": None, "programs": [], "results": [], "peers": [], "sanitizer": [], "study": [], "left_out": [], "done": []}
        self.before = 0.0  # minutes of the runs that this one resumes
        self.scratch = tempfile.TemporaryDirectory()

    def left(self):
        return 60 * self.options.minutes - (time.monotonic() - self.begin)

    def resume(self, report):
        """Goes on with the report of a run that was ended or ran out of time. What failed in it stays failed."""
        for field in ("device", "driver", "commit"):
            mine, theirs = self.report[field], report.get(field)
            if mine and theirs and mine != theirs:
                raise SystemExit(f"run.py: --resume: {field}: expected {mine}, found {theirs}")
        floors = {r["name"] for r in report["results"] if r["name"].startswith("ceiling/")}
        now = [r for r in self.report["results"] if r["name"] not in floors]
        self.report |= {k: report[k] for k in ("conformance", "programs", "peers", "sanitizer", "study", "done")}
        self.report["results"] = report["results"] + now
        self.before = report["minutes"]

    # ---- before anything ----------------------------------------------------------------------------------
    def prepare(self):
        """(the reason why a run is impossible, the exit status that says so); (None, 0) when it is possible."""
        if not self.benchmark.exists():
            return f"{self.benchmark}: not there; build it with: cmake --workflow --preset cuda", 1
        programs = [self.benchmark] + [p for name in ("nwm_conformance", "nwm_study") if (p := self.binaries / name).exists()]
        if any(missing_libraries(p, self.environment) for p in programs):
            paths = library_folders(self.options.python) + [str(self.binaries.parent / "lib"), self.environment.get("LD_LIBRARY_PATH", "")]
            self.environment["LD_LIBRARY_PATH"] = os.pathsep.join(p for p in paths if p)
        lacking = missing_libraries(self.benchmark, self.environment)
        if lacking:
            return f"{self.benchmark.name}: libraries that are not there: {', '.join(lacking)}", 1
        results, error = self.ours("^ceiling/", 60, 0.3)
        if not results:
            return f"no device: {error}", NO_DEVICE
        wrong = [r for r in results if "error" in r]
        if wrong:
            return f"{wrong[0]['name']}: {wrong[0]['error']}", 1
        _, out, _ = call(["nvidia-smi", "--query-gpu=driver_version", "--format=csv,noheader"], 20)
        self.report["driver"] = out.split("\n")[0].strip()
        return None, 0

    # ---- the parts ----------------------------------------------------------------------------------------
    def ours(self, only, limit, seconds):
        """Runs nwm_device_benchmark; its results go into the report even if it fails in the end."""
        file = pathlib.Path(self.scratch.name) / "ours.json"
        file.unlink(missing_ok=True)
        status, out, err = call([self.benchmark, "--only", only, "--seconds", seconds, "--json", file], limit, self.environment)
        found = json.loads(file.read_text()) if file.exists() else {"results": [], "device": {}}
        self.report["device"] = found["device"] or self.report["device"]
        self.report["results"] += found["results"]
        if status is None:
            return found["results"], f"stopped after {limit:.0f} s"
        # A benchmark's error is in the results; here the program itself ended too early.
        return found["results"], last_line(err) if status not in (0, 1) or not found["results"] else None

    def ours_or_error(self, only, limit):
        results, error = self.ours(only, limit, self.options.seconds)
        if error and "expected a name of --list" in error:  # this build does not have the benchmark
            self.report["left_out"].append(f"{only} (not in this build)")
        elif error:
            self.report["results"].append({"name": only.strip("^$/"), "error": error})

    def conformance(self, limit):
        program = self.binaries / "nwm_conformance"
        status, out, err = call([program, self.options.cases, "--backend", self.backend], limit, self.environment)
        found = tables.parse_conformance(out)
        if status is None:
            found["error"] = f"stopped after {limit:.0f} s"
        elif found["cases"] == 0 or (status != 0 and not found["failures"]):
            found["error"] = f"exit {status}: {last_line(err or out)}"
        self.report["conformance"] = found

    def peer(self, configuration, variant, precisions, limit, task="train_step"):
        name = tables.peer_name(f"{task}/{configuration}")
        wanted = [p for p in precisions if not any((q["name"], q["variant"], q["precision"]) == (name, variant, p)
                                                   for q in self.report["peers"])]
        if not wanted:
            return
        # Batches that did not fit for eager are not tried again: every try may mean a compilation.
        fits = [q["batch"] for q in self.report["peers"] if q["name"] == name and q["variant"] == "eager" and "batch" in q
                and q["precision"] in wanted]
        first = min(fits, default=self.options.batch)
        status, out, err = call(
            [self.options.python, PEER, name, variant, "--precisions", ",".join(wanted), "--batch", self.options.batch,
             "--first-batch", first, "--seconds", self.options.seconds, "--device", self.peer_device], limit, self.peer_environment)
        found = tables.parse_json_lines(out)
        self.report["peers"] += found
        for precision in wanted[len(found):]:
            self.report["peers"].append({
                "name": name, "variant": variant, "precision": precision,
                "error": f"no answer in {limit:.0f} s" if status is None else last_line(err)})

    def programs(self, limit):
        """Runs the programs of tests/device that were built: kernels and whole models against the host; and the one that
        needs several GPUs over as many ranks, four at most."""
        end = time.monotonic() + limit
        for program in sorted(self.binaries.glob("device_*")):
            entry = {"program": program.name}
            command, environment = [program], self.environment
            if program.name == "device_nccl":
                gpus, launcher = count_gpus(), shutil.which("mpiexec")
                if gpus < 2 or not launcher:
                    self.report["left_out"].append(f"device_nccl ({'no mpiexec' if gpus > 1 else 'fewer than two GPUs'})")
                    continue
                command = [launcher, "-n", str(min(gpus, 4)), program]
                environment = environment | {"OMPI_ALLOW_RUN_AS_ROOT": "1", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1"}
            status, out, err = call(command, max(end - time.monotonic(), 1), environment)
            said = last_line(err or "\n".join(line for line in out.splitlines() if "FAIL" in line) or out)
            entry |= {"passed": status == 0, "outcome": "all agree" if status == 0 else
                      "not done in time" if status is None else f"exit {status}: {said}"}
            self.report["programs"].append(entry)

    def sanitizer(self, tool, program, arguments, limit):
        folders = [str(p) for p in pathlib.Path("/usr/local").glob("cuda*/bin")]
        checker = shutil.which("compute-sanitizer") or shutil.which("compute-sanitizer", path=os.pathsep.join(folders))
        entry = {"tool": tool, "program": program, "passed": None}
        self.report["sanitizer"].append(entry)
        if not checker or not (self.binaries / program).exists():
            entry["outcome"] = f"skipped: no {'compute-sanitizer' if not checker else program}"
            return
        status, out, err = call([checker, "--tool", tool, self.binaries / program, *arguments], limit, self.environment)
        errors = tables.parse_sanitizer(out + err)
        if status is None:
            entry["outcome"] = f"not done in {limit:.0f} s"
        elif "not supported" in out + err:
            entry["outcome"] = f"skipped: {last_line(out + err)}"
        elif errors is None:
            entry |= {"passed": False, "outcome": f"exit {status}: {last_line(err or out)}"}
        else:
            entry |= {"passed": errors == 0 and status == 0,
                      "outcome": "silent" if errors == 0 and status == 0 else f"{errors} errors, exit {status}"}

    def study(self, epochs, limit):
        """Trains the study's NWM on Tetrominoes, data, validation and test included."""
        program, folder = self.binaries / "nwm_study", pathlib.Path(self.scratch.name) / f"study{epochs}"
        entry = {"epochs": epochs, "precision": "float32"}
        if not program.exists():
            self.report["left_out"].append(f"study/{epochs} (no nwm_study)")
            return
        command = [program, "--backend", "device", "--model", "nwm", "--readout", "linear", "--data", "tetrominoes", "--seeds", "0",
                   "--epochs", str(epochs), "--out", folder]
        if "--precision" in call([program, "--help"], 30, self.environment)[1]:
            command += ["--precision", "tf32"]
            entry["precision"] = "tf32"
        begin = time.monotonic()
        status, out, err = call(command, limit, self.environment)
        entry["seconds"] = time.monotonic() - begin
        results = folder / "results.csv"
        if status is None:
            entry["error"] = f"stopped after {limit:.0f} s"
        elif status != 0 or not results.exists():
            entry["error"] = f"exit {status}: {last_line(err or out)}"
        else:
            entry |= tables.parse_study(results.read_text())
        self.report["study"].append(entry)

    def small_cases(self):
        """A folder with the few cases that are quick under a sanitizer."""
        folder = pathlib.Path(self.scratch.name) / "cases"
        folder.mkdir(exist_ok=True)
        for name in SANITIZED_CASES:
            case = self.options.cases / f"{name}.safetensors"
            if case.exists():
                shutil.copy(case, folder)
        return folder

    # ---- all of it ----------------------------------------------------------------------------------------
    def jobs(self):
        """(name, seconds needed to start, most seconds it may take, a function of the seconds it gets). A name with a
        blank needs PyTorch."""
        every, one = tables.PRECISIONS, ("float32",)

        def compiled(configuration):
            return "compile_step" if configuration.startswith(LOOPS) else "compile"

        def ours(name, least, most):
            return name, least, most, lambda s: self.ours_or_error(f"^{name}/", s)

        def peer(configuration, variant, least, most, task="train_step", precisions=every):
            return (f"{task}/{configuration}: {variant}", least, most,
                    lambda s: self.peer(configuration, variant, precisions, s, task))

        yield "conformance", 20, 100, self.conformance
        yield "device_*", 10, 150, self.programs
        yield ours("check/precision", 10, 45)
        yield "check/same_bits", 10, 45, lambda s: self.ours_or_error("^check/(float32|same_bits)/", s)
        yield "memcheck", 15, 60, lambda s: self.sanitizer(
            "memcheck", "nwm_conformance", [self.small_cases(), "--backend", self.backend, "--precision", "float"], s)
        yield "memcheck/kernels", 15, 90, lambda s: self.sanitizer("memcheck", "device_kernels", [], s)
        yield "racecheck", 15, 90, lambda s: self.sanitizer("racecheck", "device_kernels", [], s)
        yield "racecheck/heads", 15, 60, lambda s: self.sanitizer("racecheck", "device_model_kernels", [], s)
        for c in CONFIGURATIONS:
            yield ours(f"train_step/{c}", 10, 45)
        for c in AIMED:
            yield peer(c, "eager", 15, 60)
            yield peer(c, "graph", 15, 40)
        yield ours("part", 15, 60)
        yield "study/30", 30, 120, lambda s: self.study(30, s)
        for c in AIMED:
            yield peer(c, compiled(c), 20, 120)
        for c in BY_CHANNELS_LAST:
            yield peer(c, "graph_nhwc", 15, 40)
        yield ours("infer", 10, 90)
        for c in AIMED:
            yield peer(c, "eager", 15, 30, "infer")
            yield peer(c, "graph", 15, 30, "infer")
        for c in AIMED:
            yield peer(c, "graph_" + compiled(c), 20, 90)
        for c in AIMED:
            yield peer(c, compiled(c), 20, 60, "infer")
        for c in ("cnn/tetrominoes/16", "unet/multi_mnist/4"):
            yield peer(c, "compile_nhwc", 20, 90)
            yield peer(c, "graph_nhwc", 15, 30, "infer")
        yield "study/300", 200, 600, lambda s: self.study(300, s)
        for c in OTHERS:
            yield peer(c, "eager", 15, 40)
            yield peer(c, "graph", 15, 40)
        for c in OTHERS:
            yield peer(c, compiled(c), 20, 60, precisions=one)
        yield peer(FIRST[0], "compile", 60, 200, precisions=one)

    def work(self):
        status, out, err = call([self.options.python, PEER, "--info", "--device", self.peer_device], 60,
                              self.peer_environment)
        about = tables.parse_json_lines(out)
        self.report["torch"] = about[0] if about else {"error": last_line(err)}
        for name, least, most, job in self.jobs():
            if not re.search(self.options.only, name) or name in self.report["done"]:
                continue
            if " " in name and not about:
                self.report["left_out"].append(f"{name} (no PyTorch: {self.report['torch']['error']})")
            elif self.left() < least:
                self.report["left_out"].append(name)
            else:
                limit, start = min(most, self.left()), time.monotonic()
                try:
                    job(limit)
                except Exception as error:  # the next may still work
                    self.report["left_out"].append(f"{name} ({type(error).__name__}: {error})")
                self.report["done"].append(name)
                say(f"{time.monotonic() - self.begin:6.1f} s  {name} ({time.monotonic() - start:.1f} s)")
            self.write()

    def write(self):
        """Writes the report and its text, each whole or not at all."""
        self.report["minutes"] = self.before + (time.monotonic() - self.begin) / 60
        self.report["checks"] = tables.checks(self.report)
        self.report["aims"] = [dict(zip(("what", "relation", "wanted", "found"), aim)) for aim in tables.aims(self.report)]
        if self.options.out:
            for path, text in ((self.options.out, json.dumps(self.report, indent=1) + "\n"),
                               (self.options.out.with_suffix(".md"), tables.text(self.report))):
                part = path.with_name(path.name + ".part")
                part.write_text(text)
                part.replace(path)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binaries", nargs="?", type=pathlib.Path, default=PROJECT / "build" / "cuda" / "bin")
    parser.add_argument("--out", type=pathlib.Path, help="JSON (benchmarks/results/<date>-<device>.json is a good place)")
    parser.add_argument("--resume", action="store_true", help="go on with the run that --out holds, if it holds one")
    parser.add_argument("--minutes", type=float, default=25)
    parser.add_argument("--only", default="", metavar="REGEX", help="the parts whose names, as they are said, match")
    parser.add_argument("--seconds", type=float, default=0.4, help="of each measurement")
    parser.add_argument("--batch", type=int, default=64, help="of PyTorch; ours is built in")
    parser.add_argument("--python", default=sys.executable, help="that has PyTorch")
    parser.add_argument("--cases", type=pathlib.Path, default=PROJECT / "tests" / "conformance")
    parser.add_argument("--commit", help="that the programs were built from, where this is no checkout")
    parser.add_argument("--backend-check", action="store_true", help="only whether there is a GPU that can be used")
    parser.add_argument("--host", action="store_true",
                        help="try all of it on the processor in tiny sizes (nwm_device_benchmark_host): no figures")
    parser.add_argument("--self-test", action="store_true", help="of this script; needs no GPU and no programs")
    options = parser.parse_args()
    if options.self_test:
        import unittest
        suite = unittest.defaultTestLoader.discover(str(HERE), pattern="*_test.py")
        return 0 if unittest.TextTestRunner(verbosity=2).run(suite).wasSuccessful() else 1
    run = Run(options)
    problem, status = run.prepare()
    if problem:
        say(f"run.py: {problem}")
        return status
    if options.backend_check:
        print(f"{run.report['device'].get('name')}: can be used")
        return 0
    if options.resume and options.out and options.out.exists():
        run.resume(json.loads(options.out.read_text()))
    run.work()
    print(tables.text(run.report))
    return 0 if tables.passed(run.report) else 1


if __name__ == "__main__":
    sys.exit(main())
