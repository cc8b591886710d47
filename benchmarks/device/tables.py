"""Evaluates the measurements of run.py: floors, ratios, tables, and whether the aims are met."""
import json

PRECISIONS = ("float32", "tf32", "bf16")
COMPILED = ("compile_step", "compile", "compile_nhwc")
# nwm's configuration and the peer's; only nwm has a choice of checkpointing.
PEER_NAMES = {"nwm/multi_mnist/linear_every10": "nwm/multi_mnist/linear"}
# Of a training step at the same precision: times faster than eager and than compiled, and less memory than eager.
AIMS = {"nwm/tetrominoes/linear": (10, 3, None), "nwm/multi_mnist/linear": (5, 2, 4),
        "nwm/multi_mnist/linear_every10": (5, 2, 4)}
WAVES_AIM = 2  # times the floor at most
LEFT_TO_MEASURE = "-"


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


def fastest(peers, variants):
    fine = [peers[v] for v in variants if "median_ms" in peers.get(v, {})]
    return min(fine, key=lambda p: p["median_ms"]) if fine else None


def model_rows(report, task):
    """One dictionary for each configuration and precision with a figure or an error of nwm or the peer."""
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
                   "eager": fastest(peers, ["eager"]), "compiled": fastest(peers, COMPILED),
                   "graph": fastest(peers, ["graph"])}
            if "median_ms" in mine:
                for kind in ("eager", "compiled", "graph"):
                    if row[kind]:  # per image: batches differ only with --host
                        row[f"times_{kind}"] = row[kind]["median_ms"] / report["batch"] / (mine["median_ms"] / mine["items"])
                if row["eager"] and mine.get("memory_bytes", 0) > 0:
                    row["times_memory"] = row["eager"]["peak_bytes"] / mine["memory_bytes"]
                row["floor"] = floor(mine, limits)
            rows.append(row)
    return rows


def short(value):
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def shown_time(result, failed=None):
    if result and "median_ms" in result:
        return ("~" if result.get("scaled") else "") + short(result["median_ms"])
    return failed or LEFT_TO_MEASURE


def failure(row, variants):
    errors = [row["peers"][v]["error"] for v in variants if "error" in row["peers"].get(v, {})]
    return "failed" if errors else None


def model_table(report, task):
    lines = ["| configuration | precision | ms | images/s | eager ms | × | compiled ms | × | graph ms | × | memory GB | eager GB "
             "| × | floor ms | share of it |", "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|"]
    for row in model_rows(report, task):
        mine, cells = row["ours"], [row["name"], row["precision"]]
        cells.append(shown_time(mine, "failed" if "error" in mine else None))
        cells.append(short(1e3 * mine["items"] / mine["median_ms"]) if "median_ms" in mine else LEFT_TO_MEASURE)
        for kind, variants in (("eager", ["eager"]), ("compiled", COMPILED), ("graph", ["graph"])):
            cells.append(shown_time(row[kind], failure(row, variants)))
            cells.append(short(row[f"times_{kind}"]) if f"times_{kind}" in row else LEFT_TO_MEASURE)
        cells.append(short(mine["memory_bytes"] / 1e9) if mine.get("memory_bytes") else LEFT_TO_MEASURE)
        eager = row["eager"]
        cells.append(("~" if eager.get("scaled") else "") + short(eager["peak_bytes"] / 1e9)
                     if eager and eager.get("peak_bytes") else LEFT_TO_MEASURE)
        cells.append(short(row["times_memory"]) if "times_memory" in row else LEFT_TO_MEASURE)
        least = row.get("floor")
        cells.append(f"{short(least[0])} ({least[1]})" if least else LEFT_TO_MEASURE)
        cells.append(f"{100 * least[0] / mine['median_ms']:.0f} %" if least else LEFT_TO_MEASURE)
        lines.append("| " + " | ".join(cells) + " |")
    return lines if len(lines) > 2 else []


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
    """[(what, wanted, found or None)]: found is to be at least wanted."""
    found = []
    for row in model_rows(report, "train_step"):
        if row["name"] in AIMS:
            for kind, wanted in zip(("eager", "compiled", "memory"), AIMS[row["name"]]):
                if wanted:
                    found.append((f"{row['name']} {row['precision']}: {'less memory than eager' if kind == 'memory' else 'faster than ' + kind}",
                                  wanted, row.get(f"times_{kind}")))
    limits = ceilings(report["results"])
    for r in report["results"]:
        if r["name"].startswith("part/waves/") and "/forward/" in r["name"]:
            least = floor(r, limits)
            found.append((f"{r['name'].partition('/')[2]}: share of its floor", 1 / WAVES_AIM,
                          least[0] / r["median_ms"] if least else None))
    return found


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
            lines.append(f"{r['name']}: relative error of the gradient: "
                         + ", ".join(f"{p} {r[p]:.1e}" for p in PRECISIONS if r.get(p) is not None)
                         + ("" if r.get("passed", True) else ": FAILED"))
    for s in report["sanitizer"]:
        lines.append(f"compute-sanitizer {s['tool']} {s['program']}: {s['outcome']}")
    return lines


def passed(report):
    """Whether all checks that ran have passed."""
    conformance = report.get("conformance") or {"failures": []}
    return (not conformance["failures"] and not conformance.get("error")
            and all("error" not in r and r.get("passed", True) for r in report["results"])
            and all(p["passed"] for p in report["programs"])
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
    lines += [""] + check_lines(report)
    lines += ["", "Left out: " + "; ".join(report["left_out"])] if report["left_out"] else []
    for p in report["peers"]:
        if "error" in p:
            lines.append(f"PyTorch {p['name']} {p['variant']} {p['precision']}: {p['error']}")
    for r in report["results"]:
        if "error" in r and not r["name"].startswith("check/"):
            lines.append(f"{r['name']}: FAILED: {r['error']}")
    for title, table in (("Parts", part_table(report)), ("Inference", model_table(report, "infer")),
                         ("Training steps", model_table(report, "train_step"))):
        lines += ["", f"## {title}", ""] + table if table else []
    wanted = aims(report)
    lines += ["", "## Aims", ""] if wanted else []
    for what, least, found in wanted:
        lines.append(f"- {what}: wanted {least:g}, " + ("not measured" if found is None else
                     f"found {found:.3g}: {'met' if found >= least else 'MISSED'}"))
    return "\n".join(lines) + "\n"
