"""python3 benchmarks/device/run.py --self-test: what resources.py reads from the compiler's reports, and its floors."""
import contextlib
import io
import pathlib
import shutil
import sys
import tempfile
import unittest
from unittest import mock

import resources

STENCIL = "nwm::Stencil<16ul, 16ul, 3ul, nwm::Periodic, false>"
GRID = "nwm::Batched<nwm::Grid<128ul, 128ul, nwm::Periodic>, 64ul>"
RUN = f"nwm::model::TimeSegment<nwm::cell::WaveOn<nwm::Periodic>, {GRID}, 16ul, 100ul, float, nwm::model::NoInput>"
MANGLED = {  # a short kernel each, as compiled
    "_ZN3nwm6device9run_blockINS0_12TileGradientINS_7StencilILm16ELm16ELm3ENS_8PeriodicELb0EEENS_7BatchedINS_4GridILm128ELm128ES4_EELm64EEEfLm1ELm100EEEEEvT_":
        f"void nwm::device::run_block<nwm::device::TileGradient<{STENCIL}, {GRID}, float, 1ul, 100ul> >(nwm::device::TileGradient<{STENCIL}, {GRID}, float, 1ul, 100ul>)"}


def correlate(direction, end, name="Correlate", precision=""):
    return resources.Type(f"nwm::device::{name}<{STENCIL}, {GRID}, (nwm::device::Direction){direction}, float, 1ul, 1ul, {end}{precision}>")


class Reports(unittest.TestCase):
    def test_ptxas(self):
        name = next(iter(MANGLED))
        text = (f"ptxas info    : Compiling entry function '{name}' for 'sm_90a'\nptxas info    : Function properties for {name}\n"
                "    16 bytes stack frame, 24 bytes spill stores, 32 bytes spill loads\n"
                "ptxas info    : Used 127 registers, used 1 barriers, 16 bytes cumulative stack size\n"
                "ptxas info    : Compiling entry function 'plain' for 'sm_90a'\nptxas info    : Used 8 registers\n")
        self.assertEqual(resources.parse(text), {name: (127, 24), "plain": (8, 0)})

    def test_cuobjdump(self):
        text = (" Function plain:\n  REG:40 STACK:0 SHARED:0 LOCAL:0 CONSTANT[0]:912 TEXTURE:0 SURFACE:0 SAMPLER:0\n")
        self.assertEqual(resources.parse(text), {"plain": (40, None)})

    @unittest.skipUnless(shutil.which("c++filt"), "no c++filt")
    def test_table(self):
        name, plain = next(iter(MANGLED.items()))
        self.assertEqual(resources.demangled([name]), {name: plain})
        body = resources.body_of(plain)
        small = name.replace("Lm128ELm128E", "Lm17ELm35E")
        lines = resources.table({name: (127, 24), small: (1, 0)}, sizes={body.text: (40 * 1024, 512)})
        self.assertEqual(len(lines), 3)
        self.assertIn("| `TileGradient` | 128×128, 64 images, 16 to 16, 100 steps | 512 | 127 | 24 | 40 | 1 |", lines[2])
        self.assertIn("| 9474 (float32 products) |", lines[2])


class Floors(unittest.TestCase):
    def test_types(self):
        t = correlate(0, f"nwm::device::StageSite<{RUN}, 0ul>")
        self.assertEqual((t.name, len(t.arguments), t[6].name, t[6][0][0].name), ("Correlate", 7, "StageSite", "WaveOn"))
        self.assertEqual(resources.grid(t[1]), (128, 128, 64))

    def test_a_field_of_16_channels_moves_67_megabytes(self):
        field = 4 * 128 * 128 * 64 * 16
        forward = resources.work_of(correlate(0, f"nwm::device::StageSite<{RUN}, 0ul>"))
        self.assertEqual(forward.bytes, 7 * field)
        self.assertEqual(forward.flops, 288 * field / 4)
        self.assertEqual(forward.floor()[1], "bytes")
        self.assertAlmostEqual(forward.floor()[0], 156.6, 1)  # µs a step
        back = resources.work_of(correlate(1, f"nwm::device::StageSent<{RUN}, 0ul, 0ul>"))
        self.assertEqual(back.bytes, 16 * field)
        self.assertIn("16 to 16, adjoint, and the step before", back.what)
        self.assertEqual(resources.work_of(correlate(1, "nwm::device::AddTo<float, 1ul>")).bytes, 3 * field)

    def test_tensor_cores_are_faster_and_full_takes_three_products(self):
        end = "nwm::device::Set<(nwm::Activation)0, float, 1ul>"
        half = resources.work_of(correlate(0, end, "TensorCorrelate", ", nwm::device::precision::Tf32"))
        full = resources.work_of(correlate(0, end, "TensorCorrelate", ", nwm::device::precision::Full"))
        self.assertEqual((half.rate, full.rate), ("fp16", "3 × fp16"))
        self.assertEqual(half.floor()[1], "bytes")

    def test_resident_waves(self):
        run = resources.Type(RUN.replace("128ul", "64ul").replace("16ul, 100ul", "2ul, 100ul"))
        for name, milliseconds in (("ResidentForward", 0.21), ("ResidentBackward", 0.28)):
            floor = resources.work_of(resources.Type(f"nwm::device::{name}<{run.text}>")).floor()
            self.assertEqual(floor[1], "bytes")
            self.assertAlmostEqual(floor[0] / 1e3, milliseconds, 2)

    def test_two_blocks_an_image(self):
        run = RUN.replace("128ul", "64ul").replace("16ul, 100ul", "2ul, 100ul")
        one, two = (resources.body_of(f"void nwm::device::run_{kind}<nwm::device::{body} >(int)") for kind, body in (
            ("block", f"ResidentBackward<{run}, 2ul, 1ul>"), ("cluster", f"InCluster<nwm::device::ResidentBackward<{run}, 2ul, 2ul> >")))
        self.assertEqual(resources.work_of(one).what, "64×64×2, 64 images, 100 steps, 2 tiles")
        self.assertEqual(resources.work_of(two).what, resources.work_of(one).what + ", two blocks an image")
        self.assertEqual(resources.work_of(two).bytes, resources.work_of(one).bytes)
        self.assertIsNone(resources.work_of(resources.Type(two.text.replace("WaveOn", "Driven"))))

    def test_a_tape_that_is_its_series(self):
        run = RUN.replace("NoInput>", "NoInput, nwm::cell::SeriesMap<nwm::cell::WaveOn<nwm::Periodic> > >")
        field, steps = 4 * 128 * 128 * 64 * 16, 100
        for body, fields in (("ClusterForward<{}, nwm::device::precision::Full>", 1), ("ClusterBackward<{}, nwm::device::precision::Full>", 3),
                             ("ResidentForward<{}, 1ul>", 1), ("ResidentBackward<{}, 2ul, 1ul>", 2)):
            self.assertEqual(resources.work_of(resources.Type("nwm::device::" + body.format(run))).bytes, fields * steps * field)
        forward = resources.work_of(correlate(0, f"nwm::device::StageSite<{run}, 0ul>"))
        back = resources.work_of(correlate(1, f"nwm::device::StageSent<{run}, 0ul, 0ul>"))
        self.assertEqual((forward.bytes, back.bytes), (6 * field, 14 * field))

    def test_clusters(self):
        field, steps = 4 * 128 * 128 * 64 * 16, 100
        bodies = {(name, p): resources.body_of(f"void nwm::device::run_cluster<nwm::device::{name}<{RUN}, nwm::device::precision::{p}> >(int)")
                  for name in ("ClusterForward", "ClusterBackward") for p in ("Full", "Bf16")}
        forward, back = (resources.work_of(bodies[name, "Full"]) for name in ("ClusterForward", "ClusterBackward"))
        self.assertEqual((forward.bytes, back.bytes), (3 * steps * field, 5 * steps * field))
        self.assertEqual((forward.flops, forward.rate), (288 * steps * field / 4, "3 × fp16"))
        self.assertEqual(resources.work_of(bodies["ClusterForward", "Bf16"]).rate, "fp16")
        self.assertAlmostEqual(forward.floor()[0] / 1e3, 6.71, 2)
        self.assertEqual(back.what, "128×128×16, 64 images, 100 steps, float32")
        other = resources.Type(bodies["ClusterForward", "Full"].text.replace("WaveOn", "Driven"))
        self.assertIsNone(resources.work_of(other))

    def test_metrics_and_reductions(self):
        found = resources.work_of(resources.Type("nwm::loss::MeasureImages<nwm::loss::CrossEntropy, 11ul, 64ul, 16384ul, false, float>"))
        self.assertEqual((found.flops, found.bytes), (0, 64 * 16384 * 45))

        def reduction(kernel, op="Sum"):
            return resources.work_of(resources.Type(f"nwm::device::ReduceSections<nwm::device::{op}, nwm::device::Lane<float>, nwm::{kernel}, "
                                                    "nwm::device::SetResult<double> >"))
        self.assertEqual(reduction("loss::CrossEntropyKernel<6ul, false, float>").bytes, 64 * 4096 * 4 * 13)
        self.assertEqual(reduction("loss::CrossEntropyKernel<6ul, true, float>").bytes, 64 * 4096 * 4 * 14)
        self.assertEqual(reduction("layer::detail::NormSlope<262144ul, float>").bytes, 8 * 262144 * 8)
        self.assertEqual(reduction("layer::detail::SquaredDeviation<1048576ul, float>").what, "sum of SquaredDeviation, 4 channels of 1,048,576")
        self.assertEqual(reduction("kernel::Square<float>").bytes, 4e6)
        self.assertEqual(reduction("device::ReadRows<float>", "Largest<float>").what, "largest of ReadRows, a million numbers")
        self.assertIsNone(reduction("kernel::Other<float>"))
        self.assertIsNone(reduction("loss::CrossEntropyKernel<3ul, false, float>"))

    def test_what_is_of_the_study(self):
        def of(text):
            body = resources.Type(text)
            return resources.of_the_study(body, resources.work_of(body))
        head = "nwm::device::FusedHead<nwm::layer::Head<102ul, 6ul, nwm::head::Hidden<{}> >, nwm::device::precision::Full, nwm::device::ScoresOnly>"
        self.assertTrue(of(head.format("256ul, 256ul, 256ul")))
        self.assertFalse(of(head.format("64ul, 20ul")))
        gradient = "nwm::device::TileGradient<nwm::Stencil<1ul, 4ul, 3ul, nwm::Zero, true>, {}, float, 1ul, 1ul>"
        self.assertTrue(of(gradient.format(GRID)))
        for grid in (GRID.replace("64ul>", "3ul>"), GRID.replace("128ul", "32ul"), "nwm::Grid<128ul, 128ul, nwm::Periodic>"):
            self.assertFalse(of(gradient.format(grid)))
        metrics = "nwm::loss::MeasureImages<nwm::loss::CrossEntropy, 11ul, 64ul, {}ul, false, float>"
        self.assertTrue(of(metrics.format(4096)))
        self.assertFalse(of(metrics.format(256)))

    def test_heads(self):
        mlp, loss = "nwm::layer::Head<102ul, 6ul, nwm::head::Hidden<256ul, 256ul, 256ul> >", "nwm::loss::Kernel"
        products, pixels = 102 * 256 + 2 * 256 * 256 + 256 * 6, 262144
        both = resources.work_of(resources.Type(f"nwm::device::FusedHead<{mlp}, nwm::device::precision::Tf32, {loss}>"))
        self.assertEqual((both.flops, both.rate), (4 * products * pixels, "fp16"))
        self.assertEqual(both.bytes, pixels * (4 * 102 * 2 + 4 * 6 + 2 * (102 + 768 + 768 + 6)))
        scores = resources.work_of(resources.Type(f"nwm::device::FusedHead<{mlp}, nwm::device::precision::Full, nwm::device::ScoresOnly>"))
        self.assertEqual((scores.flops, scores.bytes, scores.rate), (2 * products * pixels, pixels * 4 * 108, "3 × fp16"))
        self.assertIn("102-256-256-256-6, 262,144 pixels, forward", scores.what)
        weights = resources.work_of(resources.Type(f"nwm::device::HeadGradient<{mlp}, nwm::device::precision::Full, 1ul>"))
        self.assertEqual((weights.flops, weights.bytes), (2 * 65536 * pixels, 4 * 512 * pixels))

    def test_another_body_has_no_floor(self):
        self.assertIsNone(resources.work_of(resources.Type("nwm::device::Other<float>")))
        self.assertIsNone(resources.work_of(resources.Type("nwm::device::Correlate<float>")))

    def test_blocks_beside_each_other(self):
        self.assertEqual(resources.blocks_beside(128, 64 * 1024, 512), 1)
        self.assertEqual(resources.blocks_beside(32, 5 * 1024, 128), 16)
        self.assertEqual(resources.blocks_beside(32, 100 * 1024, 128), 2)


class Spills(unittest.TestCase):
    CLUSTER = f"void nwm::device::run_cluster<nwm::device::ClusterBackward<{RUN}, nwm::device::precision::Full> >(int)"
    UNKNOWN = "void nwm::device::run_block<nwm::device::Other<nwm::Grid<8ul, 8ul, nwm::Zero>, float> >(int)"
    MAP = "void cub::static_kernel<cub::op_wrapper_t<long, nwm::device::AtLane<float, nwm::optimizer::AdamRule<float> >, int> >(long)"

    def run_on(self, *names):
        log = "".join(f"Compiling entry function '{i}'\n 0 bytes stack frame, {4 * (i + 1)} bytes spill stores, 0 bytes spill loads\n"
                      "Used 255 registers\n" for i in range(len(names)))
        log = log.replace("function '", "function 'k")
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as said, \
                mock.patch.object(resources, "demangled", lambda found: {n: names[int(n[1:])] for n in found}), \
                mock.patch.object(resources, "asked", lambda bodies: {}):
            path = pathlib.Path(folder) / "log"
            path.write_text(log)
            with mock.patch.object(sys, "argv", ["resources.py", str(path)]):
                return resources.main(), out.getvalue(), said.getvalue()

    def test_each_is_listed_with_its_number_and_reason(self):
        status, out, _ = self.run_on(self.CLUSTER)
        self.assertEqual(status, 0)
        self.assertIn("| `ClusterBackward` | 128×128×16, 64 images, 100 steps, float32 | – | 255 | 4 |", out)
        self.assertIn("- `ClusterBackward`, 128×128×16, 64 images, 100 steps, float32: 4 bytes. Before the loop over steps", out)
        status, out, _ = self.run_on(self.CLUSTER, self.CLUSTER.replace("float", "double"))
        self.assertEqual(status, 0)
        self.assertIn("double: 8 bytes. In double", out)

    def test_one_without_a_reason_fails(self):
        for unknown, name in ((self.UNKNOWN, "Other"), (self.MAP, "map of AdamRule")):
            status, out, said = self.run_on(self.CLUSTER, unknown)
            self.assertEqual(status, 1)
            self.assertIn(f"- `{name}`", out)
            self.assertIn("8 bytes. **Not explained.**", out)
            self.assertIn(f"without a reason in spills.py: {name}", said)

    def test_none(self):
        with mock.patch.object(resources, "parse", lambda text: {"k0": (255, 0)}):
            status, out, _ = self.run_on(self.CLUSTER)
        self.assertEqual(status, 0)
        self.assertIn("No kernel spills.", out)


COMPILER = """#!{python}
import pathlib, sys
source, program = sys.argv[-3], sys.argv[-1]
lines = open(source).read().splitlines()
wrong = [i for i, line in enumerate(lines, 1) if "Unheard" in line]
sys.stderr.write("".join(f"{{source}}:{{i}}:5: error: Unheard is not known\\n" for i in wrong))
pathlib.Path(program).write_text("#!/bin/sh\\n" + "echo 1024 256\\n" * sum("using B" in line for line in lines))
pathlib.Path(program).chmod(0o755)
sys.exit(bool(wrong))
"""


class Sizes(unittest.TestCase):
    def test_a_type_that_is_not_known_leaves_the_others(self):
        with tempfile.TemporaryDirectory() as folder, contextlib.redirect_stderr(io.StringIO()) as said:
            compiler = pathlib.Path(folder) / "compiler"
            compiler.write_text(COMPILER.format(python=sys.executable))
            compiler.chmod(0o755)
            found = resources.asked([resources.Type("nwm::device::Unheard<float>"), resources.Type("nwm::device::Known<float>")], compiler)
        self.assertEqual(found, {"nwm::device::Known<float>": (1024, 256)})
        self.assertIn("Unheard is not known", said.getvalue())


class Pages(unittest.TestCase):
    def test_the_table_is_put_between_the_marks(self):
        with tempfile.TemporaryDirectory() as folder:
            page = pathlib.Path(folder) / "page.md"
            page.write_text(f"before\n{resources.BEGIN}\nold\n{resources.END}\nafter\n")
            for _ in range(2):
                resources.put_into(page, ["| new |"])
            self.assertEqual(page.read_text(), f"before\n{resources.BEGIN}\n| new |\n{resources.END}\nafter\n")
            page.write_text("no marks")
            with self.assertRaisesRegex(SystemExit, "expected the marks"):
                resources.put_into(page, [])


if __name__ == "__main__":
    unittest.main()
