#!/usr/bin/env python3
"""Registers, spills and shared memory of the device's kernels, beside their floors.

    nvcc ... -Xptxas -v -c FILE.cu 2> LOG          or   cuobjdump -res-usage OBJECT > LOG
    python3 benchmarks/device/resources.py LOG... [--into benchmarks/device/NOTES.md] [--only REGEX]

Prints a table of the bodies of blocks and of clusters (nwm/backend/device/block.hpp, cluster.hpp) in float that were compiled for the
study's sizes, and below it every kernel that spills, in any size, with the reason that spills.py has for it. Exit status 1 where one has none.
Shared memory and threads are asked of the types themselves, by a small program that g++ compiles; without one they are left out. --into puts
all of it between the page's marks. A kernel is one row whatever machines it was compiled for. New bodies get a floor by a line in WORK.
"""
import argparse
import pathlib
import re
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))
import spills  # noqa: E402
from tables import short  # noqa: E402

PROJECT = HERE.parent.parent
# Measured on an H100 (benchmarks/results): bytes a second of copying, operations a second of products.
BYTES = 3.0e12
RATES = {"float32": 51e12, "tf32": 364e12, "fp16": 660e12, "3 × fp16": 220e12}
BEGIN, END = "<!-- resources.py: begin -->", "<!-- resources.py: end -->"


# ---- what the compiler said ------------------------------------------------------------------------------------
def parse(text):
    """{mangled name: (registers, spilled bytes or None)} of ptxas's -v or of cuobjdump -res-usage."""
    found, name, spilled = {}, None, 0
    for line in text.splitlines():
        if entry := re.search(r"Compiling entry function '(\w+)'", line):
            name, spilled = entry[1], 0
        elif spill := re.search(r"(\d+) bytes spill stores", line):
            spilled = int(spill[1])
        elif name and (used := re.search(r"Used (\d+) registers", line)):
            found[name], name = (int(used[1]), spilled), None
        elif entry := re.search(r"^\s*Function (\w+):", line):
            name = entry[1]
        elif name and (used := re.search(r"REG:(\d+) STACK:(\d+)", line)):
            found[name], name = (int(used[1]), None), None  # what is spilled stands among the stack's other bytes
    return found


def demangled(names):
    names = list(names)
    out = subprocess.run(["c++filt"], input="\n".join(names), capture_output=True, text=True, check=True).stdout
    return dict(zip(names, out.splitlines()))


# ---- types -----------------------------------------------------------------------------------------------------
class Type:
    """A name and its template arguments, as a demangler writes them."""

    def __init__(self, text):
        self.text = text.strip()
        name, self.arguments = self.text, []
        at = self.text.find("<")
        if at > 0 and self.text.endswith(">"):
            name, depth, begin = self.text[:at], 0, at + 1
            for i, c in enumerate(self.text[at + 1:-1], at + 1):
                depth += (c in "<({") - (c in ">)}")
                if c == "," and depth == 0:
                    self.arguments.append(Type(self.text[begin:i]))
                    begin = i + 1
            self.arguments.append(Type(self.text[begin:-1]))
        self.name = name.rpartition("::")[2]

    def __getitem__(self, i):
        return self.arguments[i]

    def number(self):
        return int(re.search(r"(\d+)u?l*$", self.text)[1])

    def all(self):
        yield self
        for argument in self.arguments:
            yield from argument.all()


def body_of(plain):
    """The type of the body that a kernel runs, or None."""
    found = re.match(r"void nwm::device::run_(?:block|cluster)<(.*)>\(", plain)
    if not found:
        return None
    text, depth = found[1], 0
    for i, c in enumerate(text):  # the parameter list repeats the type: it ends where the brackets close
        depth += (c == "<") - (c == ">")
        if depth < 0:
            return Type(text[:i])
    return Type(text)


def grid(type_):
    """(height, width, images)"""
    images = type_[1].number() if type_.name == "Batched" else 1
    cut = type_[0] if type_.name == "Batched" else type_
    return cut[0].number(), cut[1].number(), images


# ---- floors ----------------------------------------------------------------------------------------------------
class Work:
    """A launch's operations and fewest bytes, and the unit that does the operations."""

    def __init__(self, what, flops, fields, rate="float32"):
        self.what, self.flops, self.bytes, self.rate = what, flops, fields, rate

    def floor(self):
        """(microseconds, what decides)"""
        by_bytes, by_products = 1e6 * self.bytes / BYTES, 1e6 * self.flops / RATES[self.rate]
        return (by_bytes, "bytes") if by_bytes >= by_products else (by_products, f"{self.rate} products")


# Fields that a stage's end reads and writes beside the stencil's own, of each of its channels, by cell: z, omega, alpha in, y, z and
# the coupled value out; on the way back 15. Where the tape is its series the coupled value stays away, and on the way back z, too.
STAGE_FIELDS = {("StageSite", "WaveOn"): 6, ("StageSent", "WaveOn"): 15}
SERIES_FIELDS = {("StageSite", "WaveOn"): 5, ("StageSent", "WaveOn"): 13}


def is_series(type_):
    """Whether the run of steps in a type has a tape that is its series."""
    return any(t.name == "SeriesMap" for t in type_.all())


PRECISIONS = {"Full": "float32", "Tf32": "tf32", "Bf16": "bf16"}


def rate_of(type_, at):
    """Of a tensor core's body: its precision is argument `at`."""
    return "3 × fp16" if type_[at].name == "Full" else "fp16"


def on_tensor_cores(work, type_, at):
    """The same work, which says its precision: argument `at`."""
    return Work(f"{work.what}, {PRECISIONS.get(type_[at].name, type_[at].name)}", work.flops, work.bytes, rate_of(type_, at))


def correlate(t):
    (c_in, c_out, side), (height, width, images) = (a.number() for a in t[0].arguments[:3]), grid(t[1])
    sites = height * width * images
    c_from, c_to = (c_out, c_in) if t[2].text.endswith("1") else (c_in, c_out)
    end, cell = t[6].name, next((x.name for x in t[6].all() if x.name in {c for _, c in STAGE_FIELDS}), "")
    fields = (SERIES_FIELDS if is_series(t[6]) else STAGE_FIELDS).get((end, cell), 2 if end == "AddTo" else 1)
    what = {"Set": "", "AddTo": ", added", "StageSite": ", and the step", "StageSent": ", and the step before"}
    way = ", adjoint" if t[2].text.endswith("1") else ""
    return Work(f"{height}×{width}, {images} images, {c_in} to {c_out}{way}{what.get(end, ', ' + end)}",
                2 * c_in * c_out * side * side * sites, 4 * sites * (c_from + fields * c_to))


def gradient(t):
    (c_in, c_out, side), (height, width, images) = (a.number() for a in t[0].arguments[:3]), grid(t[1])
    steps = t[4].number()
    sites = height * width * images * steps
    return Work(f"{height}×{width}, {images} images, {c_in} to {c_out}" + (f", {steps} steps" if steps > 1 else ""),
                2 * c_in * c_out * side * side * sites, 4 * sites * (c_in + c_out))


def resident(operations, whole, series):
    """Whole runs of the wave cell: operations of a number and step beside the stencil's, fields of a whole tape and of a series a step."""
    def work(t):
        run, fields = t[0], series if is_series(t[0]) else whole
        (height, width, images), channels, steps = grid(run[1]), run[2].number(), run[3].number()
        numbers = height * width * images * channels
        stencil, back = 18 * channels, t.name == "ResidentBackward"
        copies = f", {t[1].number()} tile" + "s" * (t[1].number() > 1) if back and len(t.arguments) > 1 else ""  # of the coupled value's gradient
        return Work(f"{height}×{width}×{channels}, {images} images, {steps} steps{copies}",
                    numbers * steps * (stencil * (2 if back else 1) + operations), 4 * numbers * steps * fields)
    return work


def in_two_blocks(t):
    """A resident body with two blocks an image."""
    work = WORK[t[0].name](t[0])
    return Work(work.what + ", two blocks an image", work.flops, work.bytes, work.rate)


def clustered(whole, series):
    """The same in clusters, on tensor cores. What is not the tape stays on the chip."""
    def work(t):
        run, fields = t[0], series if is_series(t[0]) else whole
        (height, width, images), channels, steps = grid(run[1]), run[2].number(), run[3].number()
        numbers = height * width * images * channels
        return Work(f"{height}×{width}×{channels}, {images} images, {steps} steps", numbers * steps * 18 * channels, 4 * numbers * steps * fields)
    return work


def head(t):
    """(widths from the features to the scores, pixels of the study's batch with that head, whether numbers are split in two)"""
    widths = [t[0][0].number(), *(w.number() for w in t[0][2].arguments), t[0][1].number()]
    return widths, 64 * 64 * 64 if max(widths[1:-1]) > 32 else 64 * 128 * 128, 2 if t[1].name == "Full" else 1


def fused_head(t):
    """Scores; with a loss also the gradient of the features, and what the weights' gradients need of each layer, in 16 bits."""
    (widths, pixels, parts), trains = head(t), t[2].name != "ScoresOnly"
    products = sum(a * b for a, b in zip(widths, widths[1:]))
    kept = 2 * parts * (sum(widths[:-1]) + sum(widths[1:])) + 4 * widths[0] if trains else 0
    return Work("-".join(map(str, widths)) + f", {pixels:,} pixels" + (", forward and back" if trains else ", forward"),
                (4 if trains else 2) * products * pixels, pixels * (4 * (widths[0] + widths[-1]) + kept))


def head_gradient(t):
    (widths, pixels, parts), layer = head(t), t[2].number()
    a, b = widths[layer:layer + 2]
    return Work(f"{a} to {b}, {pixels:,} pixels", 2 * a * b * pixels, 2 * parts * (a + b) * pixels)


def head_weights(t):
    """The weights of all products, forward and back, in 16 bits."""
    widths, _, parts = head(t)
    weights = sum(a * b for a, b in zip(widths, widths[1:]))
    return Work("-".join(map(str, widths)), 0, 4 * weights + 4 * parts * weights)


def measure(t):
    """Metrics of a pass: scores and targets in, a class a byte where the loss is a cross-entropy."""
    outputs, images, sites = (a.number() for a in t.arguments[1:4])
    target = 1 if "CrossEntropy" in t[0].name else 4 * outputs
    return Work(f"{t[0].name}, {outputs} scores, {images} images of {sites:,} pixels", 0, images * sites * (4 * outputs + target))


PIXELS = {6: 64 * 64 * 64, 11: 64 * 128 * 128}  # of the study's batches, by classes: Tetrominoes, Multi-MNIST
MILLION = {"Read": 4, "ReadRows": 4, "Square": 4, "MaskByRelu": 12, "ReadParts": 8, "Ask": 8}  # bytes that a number of a sum takes


def reduction(t):
    """Rows reduced to a number each. Their sizes are no part of most types: then the floor is that of a million numbers."""
    kernel = t[2]
    what = f"{t[0].name.lower()} of {kernel[0].name if kernel.name == 'Ask' else kernel.name}"
    if kernel.name == "CrossEntropyKernel":  # class and scores in, slopes out
        classes, weighted = kernel[0].number(), kernel[1].text in ("true", "1", "(bool)1")
        return Work(f"{what}, {classes} classes{', weighted' if weighted else ''}, {PIXELS[classes]:,} pixels", 0,
                    PIXELS[classes] * 4 * (1 + weighted + 2 * classes))
    if kernel.name in ("NormSlope", "SquaredDeviation"):  # of the U-Net: of each grid half the height and width and twice the channels
        n = kernel[0].number()
        channels = 4 * round((64 * 128 * 128 / n) ** 0.5)
        return Work(f"{what}, {channels} channels of {n:,}", 0, 4 * channels * n * (2 if kernel.name == "NormSlope" else 1))
    return Work(f"{what}, a million numbers", 0, 1e6 * MILLION[kernel.name])


WORK = {"FusedHead": lambda t: on_tensor_cores(fused_head(t), t, 1), "HeadGradient": lambda t: on_tensor_cores(head_gradient(t), t, 1),
        "HeadWeights": lambda t: on_tensor_cores(head_weights(t), t, 1),
        "Correlate": correlate, "TensorCorrelate": lambda t: on_tensor_cores(correlate(t), t, 7),
        "TileGradient": gradient, "TensorGradient": lambda t: on_tensor_cores(gradient(t), t, 5),
        # y, z and the coupled value out a step, or y alone; on the way back these and the series' gradient in
        "ResidentForward": resident(19, 3, 1), "ResidentBackward": resident(30, 4, 2), "InCluster": in_two_blocks,
        # the same; on the way back the coupled value's gradient goes out, too: the weights' gradient is another kernel's
        "ClusterForward": lambda t: on_tensor_cores(clustered(3, 1)(t), t, 1), "ClusterBackward": lambda t: on_tensor_cores(clustered(5, 3)(t), t, 1),
        "MeasureImages": measure, "ReduceSections": reduction}
HEADS = ("FusedHead", "HeadGradient", "HeadWeights")
WAVES = ("ResidentForward", "ResidentBackward", "ClusterForward", "ClusterBackward")


def work_of(body):
    inner = body[0] if body.name == "InCluster" else body
    if inner.name in WAVES and inner[0][0].name != "WaveOn":
        return None
    try:
        return WORK[body.name](body) if body.name in WORK else None
    except (IndexError, KeyError, TypeError, ValueError):
        return None  # its arguments are others than they were


# ---- what the types say ----------------------------------------------------------------------------------------
def asked(bodies, compiler="g++"):
    """{text of a body: (bytes of shared memory, threads)}, without those that the compiler does not take."""
    headers = ["nwm/nwm.hpp"] + sorted(f"nwm/{folder}/{h.name}" for folder in ("backend/device", "cell", "layer", "loss", "optimizer")
                                       for h in (PROJECT / "include/nwm" / folder).glob("*.hpp") if h.name not in ("host.hpp", "systems.hpp"))
    before = [f'#include "{h}"' for h in headers] + ["#include <cstdio>", "int main() {"]
    bodies = [b for b in bodies if "(anonymous namespace)" not in b.text]
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder) / "sizes.cpp"
        while bodies:
            lines = [f'  {{ using B = {b.text}; std::printf("%zu %zu\\n", sizeof(typename B::Shared), std::size_t{{B::threads}}); }}' for b in bodies]
            source.write_text("\n".join(before + lines + ["}"]) + "\n")
            done = subprocess.run([compiler, "-std=c++20", "-O0", "-fopenmp", f"-I{PROJECT / 'include'}", "-isystem", "/usr/include/eigen3",
                                   source, "-o", source.with_suffix("")], capture_output=True, text=True)
            if done.returncode == 0:
                out = subprocess.run([source.with_suffix("")], capture_output=True, text=True, check=True).stdout
                return {b.text: tuple(map(int, line.split())) for b, line in zip(bodies, out.splitlines())}
            print("resources.py: " + next((x for x in done.stderr.splitlines() if "error" in x), "?"), file=sys.stderr)
            wrong = {int(at) - len(before) - 1 for at in re.findall(r"sizes\.cpp:(\d+):\d+: error", done.stderr)}
            kept = [b for i, b in enumerate(bodies) if i not in wrong]
            bodies = kept if len(kept) < len(bodies) else []
    return {}


def blocks_beside(registers, shared, threads):
    """Blocks that a multiprocessor of compute capability 9.0 runs at once."""
    warps = -(-threads // 32)
    of_registers = 65536 // (-(-registers // 8) * 8 * 32 * warps)
    return min(of_registers, 227 * 1024 // (shared + 1024), 2048 // (32 * warps), 32)


# ---- the table -------------------------------------------------------------------------------------------------
def in_double(body):
    """Whether its numbers are; sums of float are taken in double."""
    if body.name == "ReduceSections" and len(body.arguments) > 2:
        return body[1].text.endswith("<double>") and body[2].name != "ReadParts"
    return "double" in body.text


def of_the_study(body, work):
    """Whether it was compiled for the study's sizes, not for a test's."""
    if body.name in HEADS:  # hidden layers of 32 or of 256
        hidden = set(head(body)[0][1:-1]) if work else ()
        return len(hidden) == 1 and min(hidden) >= 32
    if body.name == "ReduceSections":
        return work is not None
    if body.name == "MeasureImages":
        return body[3].number() >= 56 * 56
    grids = [g for g in body.all() if g.name == "Batched" and g[0].name == "Grid"]
    return any(grid(g)[0] >= 56 and grid(g)[2] >= 16 for g in grids)


def rows(usage, only):
    """[(kernel, what it does, registers, spilled, body, work)], each once, those with the study's sizes."""
    found = {}
    for name, plain in demangled(usage).items():
        body = body_of(plain)
        if body is None or in_double(body) or "(anonymous namespace)" in body.text or not re.search(only, body.text):
            continue
        work = work_of(body)
        if not of_the_study(body, work):
            continue
        found.setdefault(body.text, (body.name, work, *usage[name], body))
    # Bodies that do the same for several machines differ in types only; a row for all that the table cannot tell apart.
    seen, kept = set(), []
    for name, work, registers, spilled, body in sorted(found.values(), key=lambda r: (r[0], r[1].what if r[1] else r[4].text)):
        key = (name, work.what, registers, spilled) if work else (name, registers, spilled)
        if key not in seen:
            seen.add(key)
            kept.append((name, work, registers, spilled, body))
    return kept


def table(usage, only="", sizes=None):
    kept = rows(usage, only)
    sizes = asked([r[4] for r in kept]) if sizes is None else sizes
    lines = ["| kernel | | threads | registers | spilled, bytes | shared memory, KiB | blocks beside each other | floor, µs |",
             "|---|---|---|---|---|---|---|---|"]
    for name, work, registers, spilled, body in kept:
        shared, threads = sizes.get(body.text, (None, None))
        floor = work.floor() if work else None
        lines.append(f"| `{name}` | {work.what if work else ''} | {threads or '–'} | {registers} | {'–' if spilled is None else spilled} | "
                     + (f"{shared / 1024:.3g} | {blocks_beside(registers, shared, threads)} | " if threads else "– | – | ")
                     + (f"{short(floor[0])} ({floor[1]}) |" if floor else "– |"))
    return lines


def spilled(usage):
    """[(kernel, what it does, bytes, the reason or None)], the study's first: every kernel of ours that spills, each once."""
    found = {}
    for name, plain in demangled(n for n, (_, bytes_) in usage.items() if bytes_).items():
        body = body_of(plain)
        if body:
            work = work_of(body)
            study = of_the_study(body, work) and not in_double(body)
            kernel, what = body.name, work.what if study and work else ("double" if in_double(body) else "float") + ", a test's sizes"
            if work and not study and body.name in WAVES + HEADS:
                what = f"{work.what}, " + ("double" if in_double(body) else "a test's sizes")
        elif mapped := re.search(r"AtLane<\w+, (nwm::[\w:]+)", plain):
            kernel, what, study = "map of " + mapped[1].rpartition("::")[2], "", False
        else:
            continue
        reason = next((text for pattern, text in spills.REASONS if re.search(pattern, (body.text if body else plain))), None)
        entry = found.setdefault((not study, kernel, what, reason), [])
        entry.append(usage[name][1])
    return [(kernel, what, sizes, reason) for (_, kernel, what, reason), sizes in sorted(found.items(), key=lambda e: e[0][:3])]


def spill_lines(usage):
    """A line for each kernel and reason, with all sizes."""
    grouped = {}
    for kernel, what, sizes, reason in spilled(usage):
        size = f"{sizes[0]}" if min(sizes) == max(sizes) else f"{min(sizes)} to {max(sizes)}"
        text = (f"{what}: " if what else "") + f"{size} bytes" + (f" in {len(sizes)} kernels" if len(sizes) > 1 else "")
        grouped.setdefault((kernel, reason), []).append(text)
    lines = [f"- `{kernel}`, " + "; ".join(texts) + f". {reason or '**Not explained.**'}" for (kernel, reason), texts in grouped.items()]
    return ["", "What spills, in bytes a thread, and why:", "", *lines] if lines else ["", "No kernel spills."]


def put_into(page, lines):
    text = page.read_text()
    if text.count(BEGIN) != 1 or text.count(END) != 1:
        raise SystemExit(f"{page}: expected the marks {BEGIN} and {END}, each once")
    before, _, rest = text.partition(BEGIN)
    page.write_text(before + BEGIN + "\n" + "\n".join(lines) + "\n" + END + rest.partition(END)[2])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("logs", nargs="+", type=pathlib.Path)
    parser.add_argument("--into", type=pathlib.Path, help="a page with the marks")
    parser.add_argument("--only", default="", metavar="REGEX", help="the bodies whose types match")
    options = parser.parse_args()
    usage = {}
    for log in options.logs:
        usage |= parse(log.read_text(errors="replace"))
    lines = table(usage, options.only)
    if len(lines) == 2:
        raise SystemExit("resources.py: no body of a block in these logs")
    lines += spill_lines(usage)
    if options.into:
        put_into(options.into, lines)
    else:
        print("\n".join(lines))
    unexplained = sorted({kernel for kernel, _, _, reason in spilled(usage) if reason is None})
    if unexplained:
        print("resources.py: spills without a reason in spills.py: " + ", ".join(unexplained), file=sys.stderr)
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
