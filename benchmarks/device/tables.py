"""Evaluates the measurements of run.py: checks and their bounds, floors, ratios, tables, and whether the aims are met."""
import csv
import io
import json

PRECISIONS = ("float32", "tf32", "bf16")
# Kinds of the peer's variants; all others capture the whole step as one CUDA graph.
KINDS = {"eager": ("eager", "nhwc"), "compiled": ("compile_step", "compile", "compile_nhwc"), "graph": ()}
# nwm's configuration and the peer's; only nwm has a choice of checkpointing.
PEER_NAMES = {"nwm/multi_mnist/linear_every10": "nwm/multi_mnist/linear"}
# Of a training step of 64 images on an H100: most milliseconds in float32, tf32 and bf16.
STEP_AIMS = {"nwm/tetrominoes/linear": (6.5, 4, 4), "nwm/multi_mnist/linear": (100, 55, 55),
             "lstm/tetrominoes/linear": (7, 4, 4), "cnn/tetrominoes/16": (7, 4, 3.5), "unet/multi_mnist/4": (3, 3, 3)}
MEMORY_AIMS = {"nwm/multi_mnist/linear": 15e9}  # most bytes
STUDY_AIM = 210  # seconds of the study's training on Tetrominoes, 300 epochs of 10,000 images, at most
WAVES_AIM = 2  # times the floor at most
AIMED_WAVES = ("64x64x2", "128x128x16")
LEFT_TO_MEASURE = "-"
# The error of one product beside the largest number in it: what nwm/backend/device/precision.hpp states, and what tests/device hold every
# kernel to.
STATED_ERRORS = {"float32": 2 ** -21, "tf32": 2 ** -11, "bf16": 2 ** -8}
# Products one behind the other from picture to scores. A step of waves adds dt = 0.1 of its product, so 100 steps count as 10, 20 as 2.
# Encoders have 4 convolutions, heads 4 (wide) or 6 (narrow), readouts 1; the U-Net's five grids 10 down and 12 up.
DEPTHS = {"small": 4 + 2 + 1 + 2, "nwm/tetrominoes/linear": 4 + 10 + 1 + 4, "nwm/tetrominoes/fft": 4 + 10 + 1 + 4,
          "nwm/tetrominoes/last": 4 + 10 + 1 + 4, "nwm/mnist/linear": 4 + 10 + 1 + 4, "nwm/multi_mnist/linear": 4 + 10 + 1 + 6,
          "nwm/multi_mnist/linear_every10": 4 + 10 + 1 + 6, "lstm/tetrominoes/linear": 4 + 20 + 1 + 4, "cnn/tetrominoes/16": 17 + 4,
          "unet/multi_mnist/4": 10 + 12 + 1}
IMAGES = 64  # of a gradient
KINKS = 1e-4  # of a gradient, by pixels where rounding takes a ReLU across 0
NO_OTHER = 1.2  # bf16 that errs less than so many times as much as tf32 is tf32 in all but name


def peer_name(name):
    """The peer's name for our train_step/… or infer/…, without the precision."""
    task, _, model = name.partition("/")
    return f"{task}/{PEER_NAMES.get(model, model)}"


def parse_conformance(text):
    """The lines "name backend precision logits gradients ok|FAIL" and a list of other problems."""
    cases, failures = [], []
    for line in text.splitlines():
        words = line.split()
        if len(words) == 6 and words[5] in ("ok", "FAIL"):
            cases.append({"name": words[0], "backend": words[1], "precision": words[2], "logits": float(words[3]),
                          "gradients": float(words[4]), "passed": words[5] == "ok"})
        elif "FAIL" in words or "no-instantiation" in words:
            failures.append(line.strip())
    failures += [" ".join(map(str, c.values())) for c in cases if not c["passed"]]
    return {"cases": len(cases), "failures": failures,
            "worst_gradient": {p: max((c["gradients"] for c in cases if c["precision"] == p), default=None)
                               for p in ("float", "double")}}


def parse_json_lines(text):
    found = []
    for line in text.splitlines():
        if line.startswith("{"):
            try:
                found.append(json.loads(line))
            except ValueError:
                pass  # cut off with the program
    return found


def parse_sanitizer(text):
    """Errors that compute-sanitizer counted; None when it did not get that far."""
    counts = [line.rpartition("ERROR SUMMARY:")[2].split()[0] for line in text.splitlines() if "ERROR SUMMARY:" in line]
    counts += [line.rpartition("RACECHECK SUMMARY:")[2].split()[0] for line in text.splitlines()
               if "RACECHECK SUMMARY:" in line]
    return sum(int(c) for c in counts) if counts and all(c.isdigit() for c in counts) else None


def parse_study(text):
    """Foreground IoU and accuracy of the one run in nwm_study's results.csv; an error where it has none."""
    rows = list(csv.DictReader(io.StringIO(text)))
    if len(rows) != 1:
        return {"error": f"{len(rows)} rows in results.csv"}
    try:
        return {key: float(rows[0][key]) for key in ("iou_foreground", "acc_foreground")}
    except (KeyError, ValueError) as error:
        return {"error": f"results.csv: {error}"}


# ---- floors ----------------------------------------------------------------------------------------------------
def ceilings(results):
    """Bytes a second of copying, operations a second of products by precision, from measurements of this run."""
    found = {"flops": {}}
    for r in results:
        if "median_ms" not in r or not r["name"].startswith("ceiling/"):
            continue
        if r["name"] == "ceiling/copy":
            found["bytes"] = r["bytes"] / (1e-3 * r["median_ms"])
        elif r["name"].startswith("ceiling/matrix/"):
            found["flops"][r["name"].rpartition("/")[2]] = r["flops"] / (1e-3 * r["median_ms"])
    return found


def floor(result, limits):
    """(milliseconds, "bytes" or "products") as the lower limit of a result; None when a ceiling is missing."""
    rate = limits["flops"].get(result["name"].rpartition("/")[2])
    if not rate or "bytes" not in limits or "median_ms" not in result:
        return None
    by_bytes, by_products = 1e3 * result["bytes"] / limits["bytes"], 1e3 * result["flops"] / rate
    return (by_bytes, "bytes") if by_bytes >= by_products else (by_products, "products")


# ---- rows ------------------------------------------------------------------------------------------------------
def peers_of(report, name, precision):
    """{variant: result} of the peer for our train_step/… or infer/… name."""
    wanted = peer_name(name)
    return {p["variant"]: p for p in report["peers"] if p["name"] == wanted and p["precision"] == precision}


def kind(variant):
    return next((k for k, variants in KINDS.items() if variant in variants), "graph")


def fastest(peers):
    """The result with the least time of a list; None where none has one."""
    return min((p for p in peers if "median_ms" in p), key=lambda p: p["median_ms"], default=None)


def memory_of(result):
    """(bytes, whether they are the most allocated at a time); (None, False) when not measured. Runs before there were
    both kinds on both sides have of ours by how much the free memory fell."""
    if result and result.get("peak_bytes"):
        return result["peak_bytes"], True
    return (result or {}).get("taken_bytes") or (result or {}).get("memory_bytes") or None, False


def model_rows(report, task):
    """One dictionary for each configuration and precision with a figure or an error of nwm or the peer. Its `fastest` is
    the peer's fastest variant of all, times_fastest how many times faster we are."""
    ours = {r["name"]: r for r in report["results"]}
    limits = ceilings(report["results"])
    names = [f"{task}/{c}" for c in report["configurations"]]
    rows = []
    for name in names:
        for precision in PRECISIONS:
            mine, peers = ours.get(f"{name}/{precision}", {}), peers_of(report, name, precision)
            if not mine and not peers:
                continue
            row = {"name": name.partition("/")[2], "precision": precision, "ours": mine, "peers": peers,
                   "fastest": fastest(peers.values())}
            row |= {k: fastest(p for v, p in peers.items() if kind(v) == k) for k in KINDS}
            if "median_ms" in mine:
                for k in ("fastest", *KINDS):
                    if row[k]:  # per image: batches differ only with --host
                        row[f"times_{k}"] = row[k]["median_ms"] / report["batch"] / (mine["median_ms"] / mine["items"])
                row["floor"] = floor(mine, limits)
            mine_bytes, mine_peak = memory_of(mine)
            for k in ("fastest", "eager"):
                theirs, peak = memory_of(row[k])
                if mine_peak and peak:  # only what was measured alike
                    row[f"memory_{k}"] = theirs / mine_bytes
            rows.append(row)
    return rows


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def cell(value, scale=1):
    return LEFT_TO_MEASURE if value is None else short(value / scale)


def shown_time(result, failed=None):
    if result and "median_ms" in result:
        return ("~" if result.get("scaled") else "") + short(result["median_ms"])
    return failed or LEFT_TO_MEASURE


def shown_memory(result):
    size, peak = memory_of(result)
    return LEFT_TO_MEASURE if size is None else ("~" if result.get("scaled") else "") + short(size / 1e9) + ("" if peak else " taken")


def failure(row, of):
    return "failed" if any("error" in p for v, p in row["peers"].items() if of in (kind(v), None)) else None


def lines_of(head, rows):
    """A table's lines; none without rows."""
    table = [head, ["---"] * len(head)] + rows
    return ["| " + " | ".join(cells) + " |" for cells in table] if rows else []


def model_table(report, task):
    """Ours beside the fastest of the peer's variants and the floor."""
    rows = []
    for row in model_rows(report, task):
        mine, best, least = row["ours"], row["fastest"], row.get("floor")
        rows.append([
            row["name"], row["precision"], shown_time(mine, "failed" if "error" in mine else None),
            short(1e3 * mine["items"] / mine["median_ms"]) if "median_ms" in mine else LEFT_TO_MEASURE,
            best["variant"] if best else failure(row, None) or LEFT_TO_MEASURE, shown_time(best), cell(row.get("times_fastest")),
            f"{short(least[0])} ({least[1]})" if least else LEFT_TO_MEASURE,
            f"{100 * least[0] / mine['median_ms']:.0f} %" if least else LEFT_TO_MEASURE])
    return lines_of(["configuration", "precision", "ms", "images/s", "PyTorch's fastest", "its ms", "×", "floor ms",
                     "share of it"], rows)


def variant_table(report, task):
    """The peer's times by kind, and ours beside each."""
    rows = []
    for row in model_rows(report, task):
        if row["peers"]:
            cells = [row["name"], row["precision"], shown_time(row["ours"])]
            for k in KINDS:
                cells += [shown_time(row[k], failure(row, k)), cell(row.get(f"times_{k}"))]
            rows.append(cells)
    return lines_of(["configuration", "precision", "ms", "eager ms", "×", "compiled ms", "×", "graph ms", "×"], rows)


def memory_table(report, task):
    rows = [[row["name"], row["precision"], shown_memory(row["ours"]), shown_memory(row["eager"]), cell(row.get("memory_eager")),
             shown_memory(row["fastest"]), cell(row.get("memory_fastest"))]
            for row in model_rows(report, task) if any(memory_of(row[k])[0] for k in ("ours", "eager", "fastest"))]
    return lines_of(["configuration", "precision", "GB", "eager GB", "×", "fastest's GB", "×"], rows)


def part_table(report):
    limits = ceilings(report["results"])
    lines = ["| part | ms | floor ms | share of it |", "|---|---|---|---|"]
    for r in report["results"]:
        if r["name"].startswith("part/"):
            least = floor(r, limits)
            lines.append(f"| {r['name'].partition('/')[2]} | {shown_time(r, 'failed')} | "
                         + (f"{short(least[0])} ({least[1]}) | {100 * least[0] / r['median_ms']:.0f} % |" if least else "- | - |"))
    return lines if len(lines) > 2 else []


# ---- aims ------------------------------------------------------------------------------------------------------
def aims(report):
    """[(what, "at most" or "at least", wanted, found or None)], for an H100: all of them, measured or not."""
    found, ours, limits = [], {r["name"]: r for r in report["results"]}, ceilings(report["results"])
    for name, wanted in STEP_AIMS.items():
        for precision, most in zip(PRECISIONS, wanted):
            mine = ours.get(f"train_step/{name}/{precision}", {})
            found.append((f"{name} {precision}: ms", "at most", most, mine.get("median_ms")))
            if name in MEMORY_AIMS:
                size = memory_of(mine)[0]
                found.append((f"{name} {precision}: GB", "at most", MEMORY_AIMS[name] / 1e9, size and size / 1e9))
    whole = next((run for run in report.get("study", []) if run["epochs"] == 300 and "error" not in run), {})
    found.append(("the study's training on Tetrominoes: s", "at most", STUDY_AIM, whole.get("seconds")))
    for waves in AIMED_WAVES:
        mine = ours.get(f"part/waves/{waves}/forward/float32", {"name": "/"})
        least = floor(mine, limits)
        found.append((f"waves/{waves}/forward/float32: share of its floor", "at least", 1 / WAVES_AIM,
                      least[0] / mine["median_ms"] if least else None))
    return found


def aim_lines(report):
    lines = []
    for what, relation, wanted, found in aims(report):
        met = found is not None and (found <= wanted if relation == "at most" else found >= wanted)
        lines.append(f"- {what}: wanted {relation} {wanted:g}, "
                     + ("not measured" if found is None else f"found {found:.3g}: {'met' if met else 'MISSED'}"))
    return lines


# ---- checks ----------------------------------------------------------------------------------------------------
def error_bound(machine, precision, images=IMAGES):
    """The most that the gradient of so many images may be off, relative to its norm: the stated error of a product, once a product that the
    machine has in a row, forward and back. Errors of images are independent, so that few images have more of them for their gradient."""
    return (2 * DEPTHS[machine] * STATED_ERRORS[precision] + KINKS) * (IMAGES / images) ** 0.5


def errors(report, result):
    """{precision: (relative error of the gradient, the most that it may be)} of a result of check/precision or check/float32."""
    kind, _, machine = result["name"].removeprefix("check/").partition("/")
    if kind not in ("precision", "float32") or machine not in DEPTHS:
        return {}
    return {p: (result[p], error_bound(machine, p, report.get("images", IMAGES))) for p in PRECISIONS if p in result}


def complaints(report, result):
    """{precision: what is wrong with its error}; a number that is not finite is null in the program's JSON."""
    found = errors(report, result)
    wrong = {p: "not finite" if error is None else f"{error:.1e} is more than {most:.1e}" for p, (error, most) in found.items()
             if error is None or not error <= most}
    tf32, bf16 = (found.get(p, (None, 0))[0] for p in ("tf32", "bf16"))
    if tf32 and bf16 is not None and bf16 < NO_OTHER * tf32:
        wrong.setdefault("bf16", f"{bf16:.1e} is tf32's {tf32:.1e}: tf32 in all but name")
    return wrong


def check_passed(report, result):
    """Of any result: it has no error, says of itself that it passed or says nothing, and its precisions' errors are within bounds."""
    return "error" not in result and result.get("passed", True) and not complaints(report, result)


def checks(report):
    """[{"check", "passed": True, False, or None where it was not run, "outcome"}]: what has to hold, a line each."""
    found = []

    def put(check, passed, outcome):
        found.append({"check": check, "passed": passed, "outcome": outcome})

    conformance, results = report.get("conformance"), [r for r in report["results"] if r["name"].startswith("check/")]
    if not conformance:
        put("conformance in float32 and double", None, "not run")
    else:
        wrong = conformance["failures"] or conformance.get("error")
        worst = conformance.get("worst_gradient", {})
        put("conformance in float32 and double", not wrong,
            conformance.get("error") or f"{conformance['cases']} cases, " + (f"{len(conformance['failures'])} failed" if wrong else "all within bounds")
            + "".join(f", worst gradient in {p} {e:.1e}" for p, e in worst.items() if e is not None))
    programs = report["programs"]
    put("kernels and machines as on the host", all(p["passed"] for p in programs) if programs else None,
        "; ".join(f"{p['program']} {p['outcome']}" for p in programs) or "not run")
    broken = [f"{r['name']}: {r['error']}" for r in results if "error" in r]
    for p in PRECISIONS:
        those = [(r["name"], *errors(report, r)[p]) for r in results if p in errors(report, r)]
        wrong = [f"{r['name']} {complaints(report, r)[p]}" for r in results if p in complaints(report, r)]
        worst = max((x for x in those if x[1] is not None), key=lambda x: x[1] / x[2], default=None)
        put(f"gradients in {p}", not wrong if those else None,
            "; ".join(wrong) or (f"{len(those)} compared, nearest to its bound {worst[0]}: {worst[1]:.1e} of {worst[2]:.1e}" if those else "not run"))
    bits = [r for r in results if r["name"].startswith("check/same_bits") and "passed" in r]
    other = [r["name"] for r in bits if not r["passed"]]
    put("the same bits twice", not other if bits else None,
        "; ".join(f"{name} has others" for name in other) or (f"{len(bits)} compared" if bits else "not run"))
    if broken:
        put("checks that ended in an error", False, "; ".join(broken))
    for tool in ("memcheck", "racecheck"):
        runs = [s for s in report["sanitizer"] if s["tool"] == tool]
        verdicts = [s["passed"] for s in runs]
        put(f"{tool} is silent", False if False in verdicts else None if None in verdicts or not verdicts else True,
            "; ".join(f"{s['program']} {s['outcome']}" for s in runs) or "not run")
    return found


def checks_table(report):
    words = {True: "passed", False: "**FAILED**", None: "**not run**"}
    rows = [[c["check"], words[c["passed"]], c["outcome"]] for c in checks(report)]
    verdicts = [found is not None and (found <= wanted if relation == "at most" else found >= wanted)
                for _, relation, wanted, found in aims(report)]
    unknown = sum(found is None for *_, found in aims(report))
    rows.append(["aims", "in a table below",
                 f"{sum(verdicts)} met, {len(verdicts) - sum(verdicts) - unknown} missed, {unknown} not measured: no failure"])
    return lines_of(["check", "", ""], rows)


def check_lines(report):
    lines = []
    conformance = report.get("conformance")
    if conformance:
        lines.append(f"conformance: {conformance['cases']} cases, "
                     + (f"{len(conformance['failures'])} FAILED" if conformance["failures"]
                        else f"FAILED: {conformance['error']}" if conformance.get("error") else "all passed"))
        lines += [f"    {f}" for f in conformance["failures"][:20]]
    lines += [f"{p['program']}: {p['outcome'] if p['passed'] else 'FAILED: ' + p['outcome']}" for p in report["programs"]]
    for r in report["results"]:
        if not r["name"].startswith("check/"):
            continue
        if "error" in r:
            lines.append(f"{r['name']}: FAILED: {r['error']}")
        elif "passed" in r and r["name"].startswith("check/same_bits/"):
            lines.append(f"{r['name']}: {'the same bits' if r['passed'] else 'FAILED: two runs differ'} after {r['steps']:.0f} steps")
        else:
            bounds = errors(report, r)
            lines.append(f"{r['name']}: relative error of the gradient: "
                         + ", ".join(f"{p} {r[p]:.1e}" + (f" (at most {bounds[p][1]:.1e})" if p in bounds else "")
                                     for p in PRECISIONS if r.get(p) is not None)
                         + ("" if check_passed(report, r) else ": FAILED"))
            lines += [f"    {p}: {what}" for p, what in complaints(report, r).items()]
    for run in report.get("study", []):
        lines.append(f"nwm_study, NWM linear on Tetrominoes, {run['epochs']} epochs, {run['precision']}: "
                     + (f"FAILED: {run['error']}" if "error" in run else
                        f"{run['seconds']:.0f} s, foreground IoU {run['iou_foreground']:.3f}, accuracy {run['acc_foreground']:.3f}"))
    for s in report["sanitizer"]:
        lines.append(f"compute-sanitizer {s['tool']} {s['program']}: {s['outcome']}")
    return lines


def left_out(report):
    """[(reason or nothing, names)]: what was not run."""
    found = {}
    for entry in report["left_out"]:
        name, _, reason = entry.partition(" (") if entry.endswith(")") else (entry, "", "")
        found.setdefault(reason.removesuffix(")"), []).append(name.strip("^/$"))
    return sorted(found.items())


def passed(report):
    """Whether all checks that ran have passed."""
    conformance = report.get("conformance") or {"failures": []}
    return (not conformance["failures"] and not conformance.get("error")
            and all(check_passed(report, r) for r in report["results"])
            and all(p["passed"] for p in report["programs"])
            and not any("error" in run and "stopped" not in run["error"] for run in report.get("study", []))
            and all(s["passed"] is not False for s in report["sanitizer"]))


def text(report):
    """The whole report, the tables last."""
    device, limits = report["device"], ceilings(report["results"])
    lines = [f"# The device backend on {device.get('name')}", "",
             f"driver {report.get('driver') or 'unknown'}; {report['date'][:16].replace('T', ' ')}; commit {report['commit'] or 'unknown'}"
             + (" with changes" if report.get("changed") else "")
             + f"; PyTorch {report['torch'].get('torch', 'not there')}; {report['minutes']:.1f} minutes"]
    if "bytes" in limits:
        lines.append(f"copying {limits['bytes'] / 1e9:.0f} GB/s; products "
                     + ", ".join(f"{p} {limits['flops'][p] / 1e12:.3g} TFLOP/s" for p in PRECISIONS if p in limits["flops"]))
    lines += ["", "## Checks", ""] + checks_table(report)
    lines += ["", "Run, in this order: " + "; ".join(report["done"])] if report.get("done") else []
    for reason, names in left_out(report):
        lines += ["", f"Left out{', ' if reason else ''}{reason}: " + "; ".join(names)]
    lines += ["", "## What each said", ""] + check_lines(report)
    for p in report["peers"]:
        if "error" in p:
            lines.append(f"PyTorch {p['name']} {p['variant']} {p['precision']}: {p['error']}")
    for r in report["results"]:
        if "error" in r and not r["name"].startswith("check/"):
            lines.append(f"{r['name']}: FAILED: {r['error']}")
    for title, table in (
            ("Parts", part_table(report)),
            ("Training steps", model_table(report, "train_step")),
            ("Training steps, PyTorch's variants by kind", variant_table(report, "train_step")),
            ("Training steps, memory", memory_table(report, "train_step")),
            ("Inference", model_table(report, "infer")),
            ("Inference, PyTorch's variants by kind", variant_table(report, "infer")),
            ("Inference, memory", memory_table(report, "infer")),
            ("Aims, set for an H100", aim_lines(report))):
        lines += ["", f"## {title}", ""] + table if table else []
    return "\n".join(lines) + "\n"
