"""python3 benchmarks/device/run.py --self-test: run.py's evaluation of its programs' output. tried.json was written by
run.py --host, PyTorch included, and cut to a few configurations; its figures are for tiny sizes on a processor."""
import json
import pathlib
import unittest

import run
import tables

HERE = pathlib.Path(__file__).resolve().parent


def made_up():
    """A report with simple ratios."""
    ours = [{"name": "ceiling/copy", "median_ms": 1.0, "bytes": 2e9, "flops": 0},
            {"name": "ceiling/matrix/float32", "median_ms": 2.0, "bytes": 1, "flops": 1e11},
            {"name": "train_step/nwm/tetrominoes/linear/float32", "median_ms": 4.0, "items": 64, "flops": 1e11, "bytes": 2e9,
             "memory_bytes": 1e9},
            {"name": "train_step/cnn/tetrominoes/16/float32", "error": "no room"},
            {"name": "part/waves/64x64x2/forward/float32", "median_ms": 3.0, "items": 64, "flops": 1e10, "bytes": 2e9},
            {"name": "check/same_bits/small", "steps": 5, "passed": True}]
    peers = [{"name": "train_step/nwm/tetrominoes/linear", "variant": v, "precision": "float32", "median_ms": ms, "peak_bytes": 3e9}
             for v, ms in (("eager", 48.0), ("compile_step", 10.0), ("compile", 9.0))]
    peers.append({"name": "train_step/nwm/tetrominoes/linear", "variant": "graph", "precision": "float32", "error": "out of memory"})
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

    def test_ratios_are_to_the_fastest_of_a_kind(self):
        row = tables.model_rows(made_up(), "train_step")[0]
        self.assertAlmostEqual(row["times_eager"], 12)
        self.assertAlmostEqual(row["times_compiled"], 2.25)
        self.assertAlmostEqual(row["times_memory"], 3)
        self.assertNotIn("times_graph", row)

    def test_aims(self):
        found = {what: (wanted, value) for what, wanted, value in tables.aims(made_up())}
        self.assertEqual(found["nwm/tetrominoes/linear float32: faster than eager"], (10, 12))
        self.assertEqual(found["nwm/tetrominoes/linear float32: faster than compiled"], (3, 2.25))
        self.assertAlmostEqual(found["waves/64x64x2/forward/float32: share of its floor"][1], 1 / 3)
        text = tables.text(made_up())
        self.assertIn("faster than eager: wanted 10, found 12: met", text)
        self.assertIn("faster than compiled: wanted 3, found 2.25: MISSED", text)
        self.assertIn("share of its floor: wanted 0.5, found 0.333: MISSED", text)

    def test_failures_are_told(self):
        report = made_up()
        text = tables.text(report)
        self.assertIn("| failed |", text)
        self.assertIn("train_step/cnn/tetrominoes/16/float32: FAILED: no room", text)
        self.assertIn("graph float32: out of memory", text)
        self.assertIn("Left out: infer", text)
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


class Calls(unittest.TestCase):
    def test_a_program_that_takes_too_long_is_ended(self):
        status, out, _ = run.call(["sh", "-c", "echo started; sleep 60"], 0.5)
        self.assertIsNone(status)
        self.assertEqual(out, "started\n")

    def test_a_program_that_is_not_there(self):
        self.assertEqual(run.call(["/nowhere/at/all"], 1)[0], 127)


if __name__ == "__main__":
    unittest.main()
