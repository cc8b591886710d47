"""python3 benchmarks/device/run.py --self-test: a folder of pack.py unpacks, runs and says that there is no device. Its programs are
stand-ins."""
import argparse
import contextlib
import io
import json
import pathlib
import stat
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import pack
import run

NO_GPU = "#!/bin/sh\necho 'nwm_device_benchmark: no CUDA-capable device is detected' >&2\nexit 1\n"


class Packing(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        (self.folder / "build/bin").mkdir(parents=True)
        for name in pack.PROGRAMS:
            self.program(name, NO_GPU)
        few = mock.patch.dict(pack.FILES, {"tests/conformance": ["nwm-linear.safetensors"]})
        few.start()
        self.addCleanup(few.stop)

    def program(self, name, text):
        path = self.folder / "build/bin" / name
        path.write_text(text)
        path.chmod(path.stat().st_mode | stat.S_IXUSR)

    def pack(self, *options):
        arguments = ["pack.py", str(self.folder / "carried"), "--build", str(self.folder / "build"), "--no-build", *options]
        with mock.patch.object(sys, "argv", arguments), mock.patch.object(pack, "PRESET", 0), contextlib.redirect_stdout(io.StringIO()) as out:
            return pack.main(), out.getvalue()

    def test_no_device(self):
        status, said = self.pack()
        self.assertEqual(status, 0)
        self.assertIn("run --backend-check: exit 77: run.py: no device: nwm_device_benchmark: no CUDA-capable device", said)
        carried = self.folder / "carried"
        self.assertEqual({f.name for f in carried.iterdir()}, {"device.tar.xz", "run", "CONTENTS.md"})
        done = subprocess.run([carried / "run", "--report", self.folder / "report"], capture_output=True, text=True)
        self.assertEqual(done.returncode, 77)
        self.assertFalse((carried / "report").exists())

    def test_a_library_is_missing(self):
        self.program("nwm_device_benchmark", "#!/bin/sh\nexit 127\n")
        with mock.patch.object(pack, "try_it", lambda folder: (1, "libraries that are not there")):
            self.assertEqual(self.pack()[0], 1)

    def test_programs_that_are_not_there(self):
        (self.folder / "build/bin/device_kernels").unlink()
        with self.assertRaisesRegex(SystemExit, "not there: device_kernels"):
            self.pack()
        self.assertIn("Not built, so not here: device_kernels.", self.pack("--only-built")[1])

    def test_too_large(self):
        with self.assertRaisesRegex(SystemExit, "expected at most 0.1 MB"):
            self.pack("--most", "0.1")

    def test_cases_and_scripts_are_in_it(self):
        self.pack()
        with pack.tarfile.open(self.folder / "carried/device.tar.xz") as archive:
            names = archive.getnames()
        for name in ("bin/nwm_study", "bin/device_kernels", "benchmarks/peers/torch_device.py", "tests/conformance/nwm-linear.safetensors",
                     "benchmarks/device/tables.py", "commit"):
            self.assertIn(name, names)
        self.assertNotIn("bin/device_nccl", names)

    def device(self, tf32):
        """Programs as on a device. The benchmark writes the file after --json, with such errors, and says that each call was made."""
        self.program("nwm_device_benchmark", "#!" + sys.executable + "\nimport sys, json\nw = sys.argv\n"
                     f"open({str(self.folder / 'calls')!r}, 'a').write(w[w.index('--only') + 1] + '\\n')\n"
                     f"name, tf32 = w[w.index('--only') + 1].strip('^/'), {tf32}\n"
                     "name = name + '/cnn/tetrominoes/16' if name == 'check/precision' else name\n"
                     "json.dump({'device': {'name': 'GPU'}, 'results': [{'name': name, 'passed': True, 'tf32': tf32, 'bf16': 8 * tf32, "
                     "'steps': 5.0}]}, open(w[w.index('--json') + 1], 'w'))\n")
        self.program("nwm_conformance", "#!/bin/sh\necho nwm-linear cuda float 1e-7 2e-6 ok\n")
        for name in pack.PROGRAMS:
            if name.startswith("device_"):
                self.program(name, "#!/bin/sh\nexit 0\n")

    def test_the_study_has_the_machine_that_run_trains(self):
        asked = []

        def call(command, limit, environment=None):
            asked.append([str(word) for word in command])
            return 0, "--precision", ""
        it = run.Run(argparse.Namespace(binaries=self.folder / "build/bin", host=False, batch=64, commit="c0ffee"))
        with mock.patch.object(run, "call", call):
            it.study(30, 10)
        said = dict(zip(asked[-1][1::2], asked[-1][2::2]))
        machine = " ".join(pack.STUDY_MACHINE.read_text().split())
        for part in (f"add_readout<{said['--data'].capitalize()}, Device<precision::{said['--precision'].capitalize()}>, nwm::cell::Wave, "
                     f"nwm::readout::{said['--readout'].capitalize()}", f'("{said["--model"]}")'):
            self.assertIn(part, machine)

    def test_on_a_device_it_measures_and_goes_on(self):
        self.device(5e-3)
        self.pack()
        command = [self.folder / "carried/run", "--report", self.folder / "report", "--only", "conformance|^check/|device_"]
        for _ in range(2):
            done = subprocess.run(command, capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stderr)
        report = json.loads((self.folder / "report/report.json").read_text())
        self.assertEqual(report["done"], ["conformance", "device_*", "check/precision", "check/same_bits"])
        self.assertIn("conformance: 1 cases, all passed", (self.folder / "report/report.md").read_text())
        self.assertIn("device_machine: all agree", (self.folder / "report/report.md").read_text())
        calls = (self.folder / "calls").read_text().split()
        self.assertEqual(sorted(c for c in calls if "ceiling" not in c), sorted(set(c for c in calls if "ceiling" not in c)))

    def test_on_a_device_a_planted_error_of_a_precision_fails(self):
        self.device(0.5)
        self.pack()
        done = subprocess.run([self.folder / "carried/run", "--report", self.folder / "report", "--only", "^check/precision"],
                              capture_output=True, text=True)
        self.assertEqual(done.returncode, 1, done.stderr)
        self.assertIn("| gradients in tf32 | **FAILED** | check/precision/cnn/tetrominoes/16 5.0e-01 is more than 2.1e-02 |", done.stdout)


if __name__ == "__main__":
    unittest.main()
