"""python3 benchmarks/device/run.py --self-test: run.py's evaluation of its programs' output. tried.json was written by
run.py --host, PyTorch included, and cut to a few configurations; its figures are for tiny sizes on a processor."""
import argparse
import json
import pathlib
import tempfile
import unittest
from unittest import mock

import run
import tables

HERE = pathlib.Path(__file__).resolve().parent


def made_up():
    """A report with simple ratios."""
    ours = [{"name": "ceiling/copy", "median_ms": 1.0, "bytes": 2e9, "flops": 0},
            {"name": "ceiling/matrix/float32", "median_ms": 2.0, "bytes": 1, "flops": 1e11},
            {"name": "train_step/nwm/tetrominoes/linear/float32", "median_ms": 4.0, "items": 64, "flops": 1e11, "bytes": 2e9,
             "peak_bytes": 1e9, "taken_bytes": 1.2e9},
            {"name": "train_step/cnn/tetrominoes/16/float32", "error": "no room"},
            {"name": "part/waves/64x64x2/forward/float32", "median_ms": 3.0, "items": 64, "flops": 1e10, "bytes": 2e9},
            {"name": "check/same_bits/small", "steps": 5, "passed": True}]
    peers = [{"name": "train_step/nwm/tetrominoes/linear", "variant": v, "precision": "float32", "median_ms": ms, "peak_bytes": 3e9}
             for v, ms in (("eager", 48.0), ("compile_step", 10.0), ("compile", 9.0))]
    peers.append({"name": "train_step/nwm/tetrominoes/linear", "variant": "graph", "precision": "float32", "error": "out of memory"})
    peers.append({"name": "train_step/nwm/tetrominoes/linear", "variant": "graph_compile_step", "precision": "float32",
                  "median_ms": 6.0, "peak_bytes": 5e9})
    return {"device": {"name": "made up"}, "date": "2000-01-01T00:00:00", "commit": "none", "torch": {}, "minutes": 1.0,
            "configurations": run.CONFIGURATIONS, "batch": 64, "conformance": {"cases": 3, "failures": []}, "results": ours, "peers": peers,
            "programs": [{"program": "device_kernels", "passed": True, "outcome": "all agree"}], "sanitizer": [],
            "left_out": ["infer"]}


class Parsing(unittest.TestCase):
    def test_conformance(self):
        found = tables.parse_conformance("nwm-linear cuda float 1.00e-07 2.00e-06 ok\n"
                                         "nwm-fft cuda float 1.00e-07 4.00e-06 ok\n"
                                         "nwm-fft cuda double 1.00e-16 2.00e-15 FAIL\n"
                                         "unet-2 no-instantiation\n"
                                         "cnn-2 FAIL (somewhere: something: expected success, found trouble)\n")
        self.assertEqual(found["cases"], 3)
        self.assertEqual(len(found["failures"]), 3)
        self.assertEqual(found["worst_gradient"], {"float": 4e-6, "double": 2e-15})

    def test_json_lines_that_end_early(self):
        self.assertEqual(tables.parse_json_lines('noise\n{"a": 1}\n{"b": 2'), [{"a": 1}])

    def test_study(self):
        self.assertEqual(tables.parse_study("run_name,iou_foreground,acc_foreground\nnwm,0.9,0.95\n"),
                         {"iou_foreground": 0.9, "acc_foreground": 0.95})
        self.assertIn("error", tables.parse_study("run_name\n"))
        self.assertIn("error", tables.parse_study("run_name,iou_foreground,acc_foreground\nnwm,,\n"))

    def test_sanitizer(self):
        self.assertEqual(tables.parse_sanitizer("========= ERROR SUMMARY: 0 errors\n"), 0)
        self.assertEqual(tables.parse_sanitizer("========= ERROR SUMMARY: 12 errors\n"), 12)
        self.assertEqual(tables.parse_sanitizer("========= RACECHECK SUMMARY: 2 hazards displayed (2 errors, 0 warnings)\n"), 2)
        self.assertIsNone(tables.parse_sanitizer("Segmentation fault\n"))


class Figures(unittest.TestCase):
    def test_floor_is_the_larger_of_the_two(self):
        report = made_up()
        limits = tables.ceilings(report["results"])
        self.assertAlmostEqual(limits["bytes"], 2e12)
        self.assertAlmostEqual(limits["flops"]["float32"], 5e13)
        by_name = {r["name"]: r for r in report["results"]}
        milliseconds, what = tables.floor(by_name["train_step/nwm/tetrominoes/linear/float32"], limits)
        self.assertAlmostEqual(milliseconds, 2.0)
        self.assertEqual(what, "products")
        milliseconds, what = tables.floor(by_name["part/waves/64x64x2/forward/float32"], limits)
        self.assertAlmostEqual(milliseconds, 1.0)
        self.assertEqual(what, "bytes")

    def test_ratios_are_to_the_fastest_of_all_and_of_a_kind(self):
        row = tables.model_rows(made_up(), "train_step")[0]
        self.assertEqual(row["fastest"]["variant"], "graph_compile_step")
        self.assertAlmostEqual(row["times_fastest"], 1.5)
        self.assertAlmostEqual(row["times_eager"], 12)
        self.assertAlmostEqual(row["times_compiled"], 2.25)
        self.assertAlmostEqual(row["times_graph"], 1.5)
        text = tables.text(made_up())
        self.assertIn("| graph_compile_step | 6 | 1.5 |", text)
        self.assertIn("| nwm/tetrominoes/linear | float32 | 4 | 48 | 12 | 9 | 2.25 | 6 | 1.5 |", text)

    def test_channels_last_is_of_the_kind_it_speeds_up(self):
        for variant, wanted in (("nhwc", "eager"), ("compile_nhwc", "compiled"), ("graph", "graph"), ("graph_nhwc", "graph"),
                                ("graph_compile", "graph")):
            self.assertEqual(tables.kind(variant), wanted)
        report = made_up()
        report["peers"].append(report["peers"][0] | {"variant": "nhwc", "median_ms": 40.0})
        self.assertAlmostEqual(tables.model_rows(report, "train_step")[0]["times_eager"], 10)

    def test_memory_is_compared_with_what_was_measured_alike(self):
        row = tables.model_rows(made_up(), "train_step")[0]
        self.assertAlmostEqual(row["memory_eager"], 3)
        self.assertAlmostEqual(row["memory_fastest"], 5)
        self.assertIn("| nwm/tetrominoes/linear | float32 | 1 | 3 | 3 | 5 | 5 |", tables.text(made_up()))
        report = made_up()
        mine = next(r for r in report["results"] if "peak_bytes" in r)
        del mine["peak_bytes"]  # only by how much the free memory fell
        self.assertNotIn("memory_eager", tables.model_rows(report, "train_step")[0])
        self.assertIn("| nwm/tetrominoes/linear | float32 | 1.2 taken | 3 | - | 5 | - |", tables.text(report))

    def test_inference_has_the_same_tables(self):
        report = made_up()
        for entries in (report["results"], report["peers"]):
            entries += [e | {"name": e["name"].replace("train_step/", "infer/")} for e in entries if "train_step" in e["name"]]
        text = tables.text(report)
        for title in ("Inference", "Inference, PyTorch's variants by kind", "Inference, memory"):
            self.assertIn(f"## {title}\n", text)
        self.assertEqual(text.count("| graph_compile_step | 6 | 1.5 |"), 2)

    def test_aims(self):
        found = {what: (relation, wanted, value) for what, relation, wanted, value in tables.aims(made_up())}
        self.assertEqual(found["nwm/tetrominoes/linear float32: ms"], ("at most", 6.5, 4.0))
        self.assertAlmostEqual(found["waves/64x64x2/forward/float32: share of its floor"][2], 1 / 3)
        text = tables.text(made_up())
        self.assertIn("linear float32: ms: wanted at most 6.5, found 4: met", text)
        self.assertIn("cnn/tetrominoes/16 float32: ms: wanted at most 7, not measured", text)
        self.assertIn("share of its floor: wanted at least 0.5, found 0.333: MISSED", text)
        report = made_up() | {"study": [{"epochs": 300, "precision": "tf32", "seconds": 200.0, "iou_foreground": 0.967,
                                         "acc_foreground": 0.98}]}
        report["results"].append({"name": "train_step/nwm/multi_mnist/linear/tf32", "median_ms": 60.0, "items": 64, "flops": 1,
                                  "bytes": 1, "peak_bytes": 12e9})
        text = tables.text(report)
        self.assertIn("multi_mnist/linear tf32: ms: wanted at most 55, found 60: MISSED", text)
        self.assertIn("multi_mnist/linear tf32: GB: wanted at most 15, found 12: met", text)
        self.assertIn("Tetrominoes: s: wanted at most 210, found 200: met", text)
        self.assertIn("300 epochs, tf32: 200 s, foreground IoU 0.967", text)

    def test_failures_are_told(self):
        report = made_up()
        text = tables.text(report)
        self.assertIn("| failed |", text)
        self.assertIn("train_step/cnn/tetrominoes/16/float32: FAILED: no room", text)
        self.assertIn("graph float32: out of memory", text)
        self.assertIn("Left out: infer", text)
        report["left_out"] += ["^part/ (not in this build)", "a: eager (no PyTorch: No module (torch))", "b: eager (no PyTorch: No module (torch))"]
        for line in ("Left out, not in this build: part\n", "Left out, no PyTorch: No module (torch): a: eager; b: eager\n", "Left out: infer\n"):
            self.assertIn(line, tables.text(report))
        del report["left_out"][1:]
        self.assertFalse(tables.passed(report))
        report["results"] = [r for r in report["results"] if "error" not in r]
        self.assertTrue(tables.passed(report))
        report["results"][-1]["passed"] = False
        self.assertFalse(tables.passed(report))
        self.assertIn("two runs differ", tables.text(report))
        report["results"][-1]["passed"] = True
        report["programs"][0] |= {"passed": False, "outcome": "exit 1: couple 3.0 FAIL"}
        self.assertFalse(tables.passed(report))
        self.assertIn("device_kernels: FAILED: exit 1: couple 3.0 FAIL", tables.text(report))

    def test_every_configuration_has_a_peer(self):
        self.assertEqual(tables.peer_name("train_step/nwm/multi_mnist/linear_every10"), "train_step/nwm/multi_mnist/linear")
        self.assertEqual(tables.peer_name("infer/cnn/tetrominoes/16"), "infer/cnn/tetrominoes/16")


def precision(tf32, bf16, machine="cnn/tetrominoes/16"):
    return {"name": f"check/precision/{machine}", "tf32": tf32, "bf16": bf16}


class Checks(unittest.TestCase):
    def report(self, *results):
        report = made_up() | {"sanitizer": [{"tool": t, "program": "p", "passed": True, "outcome": "silent"} for t in ("memcheck", "racecheck")]}
        report["results"] = [r for r in report["results"] if "error" not in r] + list(results)
        return report

    def verdicts(self, report):
        return {c["check"]: c["passed"] for c in tables.checks(report)}

    def test_every_machine_has_a_bound(self):
        for machine in ["small", *run.CONFIGURATIONS]:
            for p, stated in zip(tables.PRECISIONS, (2 ** -21, 2 ** -11, 2 ** -8)):
                self.assertGreater(tables.error_bound(machine, p), 10 * stated)
                self.assertLess(tables.error_bound(machine, p), 60 * stated + 1e-4)

    def test_few_images_may_err_more(self):
        small = {"name": "check/float32/small", "float32": 1.1e-6, "tf32": 5.4e-3, "bf16": 0.12}  # of two images on a host
        self.assertFalse(tables.passed(self.report(small)))
        self.assertTrue(tables.passed(self.report(small) | {"images": 2}))
        self.assertFalse(tables.passed(self.report(small | {"bf16": 0.5}) | {"images": 2}))

    def test_errors_within_bounds_pass(self):
        report = self.report(precision(6.8e-3, 5e-2), {"name": "check/float32/small", "float32": 4.8e-7, "tf32": 5.6e-4, "bf16": 5e-3})
        self.assertTrue(tables.passed(report))
        self.assertEqual(set(self.verdicts(report).values()), {True})
        text = tables.text(report)
        self.assertIn("| gradients in tf32 | passed | 2 compared, nearest to its bound check/precision/cnn/tetrominoes/16: 6.8e-03 of 2.1e-02 |", text)
        self.assertIn("check/precision/cnn/tetrominoes/16: relative error of the gradient: tf32 6.8e-03 (at most 2.1e-02)", text)

    def test_a_planted_error_fails(self):
        small = {"name": "check/float32/small", "float32": 4.8e-7, "tf32": 5.6e-4, "bf16": 5e-3, "passed": True}
        for planted, where in ((precision(3e-2, 5e-2), "tf32"), (precision(6.8e-3, 0.3), "bf16"), (precision(None, 5e-2), "tf32"),
                               (small | {"float32": 5.6e-4}, "float32"), (small | {"tf32": 2e-2, "bf16": 3e-2}, "tf32"),
                               (precision(6.8e-3, 6.8e-3), "bf16")):  # as on the first run: tf32 in all but name
            report = self.report(planted)
            self.assertFalse(tables.passed(report))
            wrong = {check for check, passed in self.verdicts(report).items() if passed is False}
            self.assertEqual(wrong, {f"gradients in {where}"})
            self.assertIn(f"| gradients in {where} | **FAILED** | {planted['name']} ", tables.text(report))

    def test_the_programs_own_verdict_counts(self):
        self.assertFalse(tables.passed(self.report({"name": "check/float32/small", "float32": 4.8e-7, "passed": False})))
        self.assertFalse(tables.passed(self.report({"name": "check/precision/small", "error": "no room"})))
        self.assertIn("| checks that ended in an error | **FAILED** | check/precision/small: no room |",
                      tables.text(self.report({"name": "check/precision/small", "error": "no room"})))

    def test_what_did_not_run_is_said_and_is_no_failure(self):
        report = self.report() | {"conformance": None, "programs": []}
        report["results"] = [r for r in report["results"] if "check" not in r["name"]]
        report["sanitizer"] = [{"tool": "memcheck", "program": "p", "passed": None, "outcome": "skipped: no compute-sanitizer"}]
        self.assertEqual(set(self.verdicts(report).values()), {None})
        self.assertTrue(tables.passed(report))
        text = tables.text(report)
        for line in ("| conformance in float32 and double | **not run** |", "| memcheck is silent | **not run** | p skipped: no compute-sanitizer |",
                     "| racecheck is silent | **not run** |", "| the same bits twice | **not run** |"):
            self.assertIn(line, text)

    def test_each_check_has_a_line(self):
        report = self.report(precision(6.8e-3, 5e-2))
        report["conformance"] = {"cases": 3, "failures": ["nwm-fft FAIL"]}
        report["sanitizer"][1] |= {"passed": False, "outcome": "2 errors, exit 1"}
        report["programs"].append({"program": "device_machine", "passed": False, "outcome": "exit 1: gru FAIL"})
        report["results"].append({"name": "check/same_bits/cnn/tetrominoes/16", "steps": 5, "passed": False})
        report["done"] = ["conformance", "check/precision"]
        self.assertFalse(tables.passed(report))
        text = tables.text(report)
        for line in ("| conformance in float32 and double | **FAILED** | 3 cases, 1 failed |", "| gradients in float32 | **not run** | not run |",
                     "| gradients in bf16 | passed |", "| the same bits twice | **FAILED** | check/same_bits/cnn/tetrominoes/16 has others |",
                     "| kernels and machines as on the host | **FAILED** | device_kernels all agree; device_machine exit 1: gru FAIL |",
                     "| memcheck is silent | passed | p silent |", "| racecheck is silent | **FAILED** | p 2 errors, exit 1 |",
                     "| aims | in a table below | 1 met, 1 missed, 19 not measured: no failure |", "Run, in this order: conformance; check/precision"):
            self.assertIn(line, text)

    def test_every_aim_is_listed(self):
        lines = tables.aim_lines(self.report())
        self.assertEqual(len(lines), 15 + 3 + 1 + 2)
        self.assertIn("- unet/multi_mnist/4 bf16: ms: wanted at most 3, not measured", lines)


class Recorded(unittest.TestCase):
    def test_table_of_a_run(self):
        report = json.loads((HERE / "tried.json").read_text())
        rows = [r for r in tables.model_rows(report, "train_step") if r["name"] == "cnn/tetrominoes/16"]
        self.assertEqual([r["precision"] for r in rows], list(tables.PRECISIONS))
        for row in rows:
            self.assertGreater(row["times_eager"], 0)
            self.assertGreater(row["floor"][0], 0)
        text = tables.text(report)
        self.assertIn("all passed", text)
        self.assertIn("the same bits after 5 steps", text)
        columns = {line.count("|") for line in text.splitlines() if line.startswith(("| cnn", "| configuration"))}
        self.assertEqual(len(columns), 1)
        self.assertTrue(tables.passed(report))


class Machine:
    """Stands for the GPU, its programs and PyTorch: answers what run.py calls, each call `seconds` long."""

    def __init__(self, seconds=1.0, ends_at=None):
        self.now, self.seconds, self.ends_at, self.asked = 0.0, seconds, ends_at, []

    def monotonic(self):
        return self.now

    def call(self, command, limit, environment=None):
        command = [str(c) for c in command]
        program = pathlib.Path(command[0]).name
        if program == "nvidia-smi" or program == "ldd":
            return 0, "1.0\n", ""
        if self.ends_at is not None and self.now >= self.ends_at:
            raise KeyboardInterrupt  # as when the command's time is over
        self.now += min(self.seconds, limit)
        if program == "nwm_device_benchmark":
            self.asked.append(command[command.index("--only") + 1])
            name = self.asked[-1].strip("^/").replace("(float32|same_bits)", "same_bits")
            result = {"name": name, "passed": True, "steps": 5.0} if name.startswith("check") else {"name": name + "/float32"}
            if not name.startswith("check"):
                result |= {"median_ms": 1.0, "items": 64, "flops": 1, "bytes": 1}
            pathlib.Path(command[command.index("--json") + 1]).write_text(json.dumps({"device": {"name": "GPU"}, "results": [result]}))
            return 0, "", ""
        if program == "nwm_conformance":
            return 0, "nwm-linear cuda float 1e-07 2e-06 ok\n", ""
        if program == "nwm_study":
            if "--help" in command:
                return 0, "--epochs\n", ""
            self.asked.append("study/" + command[command.index("--epochs") + 1])
            folder = pathlib.Path(command[command.index("--out") + 1])
            folder.mkdir()
            (folder / "results.csv").write_text("run_name,iou_foreground,acc_foreground\nnwm,0.9,0.95\n")
            return 0, "", ""
        if "--info" in command:
            return 0, json.dumps({"torch": "2.0"}) + "\n", ""
        name, variant = command[2:4]  # python, torch_device.py, ...
        self.asked.append((name, variant))
        return 0, "".join(json.dumps({"name": name, "variant": variant, "precision": p, "batch": 64, "median_ms": 2.0,
                                      "peak_bytes": 1.0}) + "\n" for p in command[5].split(",")), ""


class Runs(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(self.enterContext(tempfile.TemporaryDirectory()))
        for program in ("nwm_device_benchmark", "nwm_study"):
            (self.folder / program).touch()
        self.enterContext(mock.patch.object(run, "say"))

    def enterContext(self, manager):  # a method of its own since Python 3.11
        result = manager.__enter__()
        self.addCleanup(manager.__exit__, None, None, None)
        return result

    def run_on(self, machine, minutes=25, resumed=None):
        options = argparse.Namespace(binaries=self.folder, host=False, out=self.folder / "report.json", minutes=minutes, only="",
                                     seconds=0.1, batch=64, python="python3", cases=self.folder, commit="c0ffee")
        with mock.patch.object(run, "call", machine.call), mock.patch.object(run.time, "monotonic", machine.monotonic):
            it = run.Run(options)
            self.assertEqual(it.prepare(), (None, 0))
            if resumed:
                it.resume(resumed)
            it.work()
        return it.report

    def saved(self):
        return json.loads((self.folder / "report.json").read_text())

    def test_everything_is_measured(self):
        machine = Machine()
        report = self.run_on(machine)
        self.assertEqual(report["left_out"], [])
        self.assertEqual(len(machine.asked), len(set(machine.asked)))
        for task in ("train_step", "infer"):
            for configuration in ("cnn/tetrominoes/16", "unet/multi_mnist/4"):
                for variant in ("eager", "graph", "compile"):
                    self.assertIn((f"{task}/{configuration}", variant), machine.asked)
            for configuration in tables.STEP_AIMS:
                variants = {v for n, v in (a for a in machine.asked if isinstance(a, tuple)) if n == f"{task}/{configuration}"}
                self.assertLessEqual(set(tables.KINDS), {tables.kind(v) for v in variants})
        self.assertIn("^infer/", machine.asked)
        self.assertEqual([s["iou_foreground"] for s in report["study"]], [0.9, 0.9])
        self.assertEqual(self.saved()["checks"], tables.checks(report))
        self.assertEqual(len(self.saved()["aims"]), 21)
        self.assertLess(machine.asked.index("^train_step/nwm/tetrominoes/linear/"), machine.asked.index("^infer/"))

    def test_nothing_is_started_when_time_is_short(self):
        machine = Machine(seconds=25)
        report = self.run_on(machine)
        self.assertLessEqual(machine.now, 25 * 60)
        self.assertIn("conformance", report["done"])
        self.assertIn("train_step/nwm/tetrominoes/linear: graph", report["done"])
        self.assertIn("train_step/nwm/tetrominoes/linear: compile", report["left_out"])
        self.assertEqual(self.saved()["left_out"], report["left_out"])

    def test_a_run_that_is_ended_keeps_what_it_had_and_goes_on(self):
        machine = Machine(ends_at=20)
        with self.assertRaises(KeyboardInterrupt):
            self.run_on(machine)
        saved = self.saved()
        self.assertEqual(saved["conformance"]["cases"], 1)
        self.assertGreater(len(saved["done"]), 10)
        self.assertIn("conformance: 1 cases, all passed", (self.folder / "report.md").read_text())
        second = Machine()
        report = self.run_on(second, resumed=saved)
        self.assertFalse(set(a for a in machine.asked if a != "^ceiling/") & set(second.asked))
        self.assertEqual(report["left_out"], [])
        whole = self.run_on(Machine())
        for field in ("results", "peers"):
            def key(r):
                return r["name"], r.get("variant", ""), r.get("precision", "")
            self.assertEqual(sorted(map(key, report[field])), sorted(map(key, whole[field])))
        self.assertGreater(report["minutes"], saved["minutes"])

    def test_another_device_does_not_go_on(self):
        report = self.run_on(Machine())
        with self.assertRaisesRegex(SystemExit, "expected .*GPU.*, found .*another"):
            self.run_on(Machine(), resumed=report | {"device": {"name": "another"}})

    def test_no_device(self):
        def call(command, limit, environment=None):
            return (1, "", "nwm_device_benchmark: no device") if "--json" in command else (0, "", "")
        options = argparse.Namespace(binaries=self.folder, host=False, batch=64, commit="c0ffee")
        with mock.patch.object(run, "call", call):
            self.assertEqual(run.Run(options).prepare(), ("no device: nwm_device_benchmark: no device", 77))


class Calls(unittest.TestCase):
    def test_a_program_that_takes_too_long_is_ended(self):
        status, out, _ = run.call(["sh", "-c", "echo started; sleep 60"], 0.5)
        self.assertIsNone(status)
        self.assertEqual(out, "started\n")

    def test_a_program_that_is_not_there(self):
        self.assertEqual(run.call(["/nowhere/at/all"], 1)[0], 127)


if __name__ == "__main__":
    unittest.main()
