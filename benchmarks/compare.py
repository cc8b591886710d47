#!/usr/bin/env python3
"""Compares nwm with PyTorch or deepwave: both rates and their ratio, measured in turn on the same number of threads.

    cmake --workflow --preset benchmark
    python3 benchmarks/peers/install_torch.py build/peer
    python3 benchmarks/compare.py                              all benchmarks that both programs have
    python3 benchmarks/compare.py train_step/nwm/tetrominoes   names that contain one of these texts
    python3 benchmarks/compare.py wave/                        only the waves, beside deepwave

In every round each program measures once, one after the other, in an order that rotates from round to round. The table
shows medians, with smallest and largest in brackets. The ratio compares nwm with the fastest PyTorch variant (of all
--peer): it is the median over the rounds of the quotient of two figures taken seconds apart. The GEMM peak is the fastest
matrix product that any program measured. Writes results/<name>.json and .md.
"""
import argparse
import json
import os
import pathlib
import select
import statistics
import subprocess
import sys
import time

from measuring import PROJECT, clean_environment, describe, machine, names, run_benchmarks, spread

PEERS = PROJECT / "benchmarks" / "peers"
PEER, WAVE_PEER = PEERS / "torch_peer.py", PEERS / "deepwave_peer.py"
NORM_TOLERANCE = 1e-3  # relative: both compute the same in float32, some hundred steps
PEAKS = ["part/gemm_peak/eigen", "part/gemm_peak/nwm"]
README_BEGIN, README_END = "<!-- results of compare.py -->", "<!-- end of results -->"


def program(name):
    """The peer program for a configuration."""
    return WAVE_PEER if name.startswith("wave/") else PEER


class Server:
    """A running peer program for one configuration and variant."""

    def __init__(self, python, name, variant, threads):
        environment = clean_environment() | {"OMP_NUM_THREADS": str(threads), "TORCHINDUCTOR_COMPILE_THREADS": "1"}
        self.label = variant
        self.process = subprocess.Popen(
            [python, str(program(name)), "--serve", name, variant, "--threads", str(threads)], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, bufsize=1, env=environment)

    def answer(self, limit):
        ready, _, _ = select.select([self.process.stdout], [], [], limit)
        line = self.process.stdout.readline() if ready else ""
        if not line:
            return {"error": "ended" if ready else f"no answer in {limit:.0f} s"}
        return json.loads(line)

    def measure(self, seconds):
        self.process.stdin.write(f"{seconds}\n")
        return self.answer(60 * seconds + 600)

    def stop(self):
        self.process.kill()
        self.process.wait()


def peer_output(python, *arguments, script=PEER):
    run = subprocess.run([python, str(script), *arguments], capture_output=True, text=True, env=clean_environment())
    if run.returncode != 0:
        raise SystemExit(f"{python} {script.name} {' '.join(arguments)}: exit {run.returncode}\n{run.stderr[-2000:]}")
    return run.stdout


def has_deepwave(python):
    return subprocess.run([python, "-c", "import importlib.util, sys; sys.exit(importlib.util.find_spec('deepwave') is None)"]
                          ).returncode == 0


def start_peers(name, peers, variants, options):
    """The peers that started, and the messages of those that failed."""
    servers, failures = [], {}
    for index, python in enumerate(peers):
        for variant in variants[index]:
            server = Server(python, name, variant, options.threads)
            server.label = variant if len(peers) == 1 else f"{variant} (peer {index + 1})"
            answer = server.answer(options.compile_limit)
            if answer.get("ready"):
                say(f"    {server.label}: ready after {answer['warm_up_seconds']} s")
                servers.append(server)
            else:
                say(f"    {server.label}: left out: {answer.get('error')}")
                failures[server.label] = answer.get("error")
                server.stop()
    return servers, failures


def compare(name, peers, variants, peers_peak, options):
    say(f"{name}")
    servers, failures = start_peers(name, peers, variants, options)
    ours, peaks, peak_bytes, norms = [], [], 0, []
    theirs = {s.label: [] for s in servers}
    memory = {s.label: 0 for s in servers}

    def measure_ours():
        nonlocal peak_bytes
        counters, _, bytes_used = run_benchmarks(options.binary, [name], options.threads, options.seconds)
        ours.append(counters[name])
        peak_bytes = max(peak_bytes, bytes_used)
        counters, _, _ = run_benchmarks(options.binary, PEAKS, options.threads, min(options.seconds, 0.5))
        peaks.extend(counters[p]["GFLOP/s"] for p in PEAKS)

    def measure_peer(server):
        answer = server.measure(options.seconds)
        if "error" in answer:
            raise SystemExit(f"{name}, {server.label}: {answer['error']}")
        theirs[server.label].append(answer["items_per_second"])
        if "norm" in answer:
            norms.append(answer["norm"])
        memory[server.label] = answer["peak_bytes"]

    try:
        turns = [measure_ours] + [lambda s=s: measure_peer(s) for s in servers]
        for round_number in range(options.rounds):
            shift = round_number % len(turns)
            for turn in turns[shift:] + turns[:shift]:
                turn()
    finally:
        for server in servers:
            server.stop()
    for found in norms:
        if not abs(found - ours[-1]["norm"]) <= NORM_TOLERANCE * abs(found):
            raise SystemExit(f"{name}: not the same wave: expected norm {found}, found {ours[-1]['norm']}")
    rates = [c["items_per_second"] for c in ours]
    result = {"name": name, "items_per_second": spread(rates), "peak_bytes": peak_bytes, "gemm_peak": max(peaks + [peers_peak]),
              "gflops": spread([c.get("GFLOP/s", 0) for c in ours]),
              "share_of_peak": statistics.median(c.get("GFLOP/s", 0) for c in ours) / max(peaks + [peers_peak]),
              "peers": {k: spread(v) | {"peak_bytes": memory[k]} for k, v in theirs.items()}, "left_out": failures}
    if theirs:
        best = max(theirs, key=lambda k: statistics.median(theirs[k]))
        result["best_peer"] = best
        result["ratio"] = spread([a / b for a, b in zip(rates, theirs[best])])
        say(f"    {result['items_per_second']['median']:.3g} against {result['peers'][best]['median']:.3g} items/s "
            f"({best}): {result['ratio']['median']:.2f}x")
    return result


def number(value):
    if value >= 1e6:
        return f"{value / 1e6:.4g} M"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}"


def bracket(s):
    return f"{number(s['median'])} [{number(s['min'])}, {number(s['max'])}]"


def table(report):
    lines = [f"# nwm and its peers, {report['threads']} threads, float32", "", describe(report["machine"]), ""]
    lines += [f"Peer {i + 1}: PyTorch {p['torch']}, {p['blas']}, {p['cpu_capability']}, its SGEMM {p['gemm_gflops']} GFLOP/s"
              for i, p in enumerate(report["peers"])]
    lines += [f"deepwave {p['deepwave']} with PyTorch {p['torch']}" for p in report["wave_peers"]]
    lines += ["", f"{report['rounds']} rounds of {report['seconds']} s; images/s (wave/*: site updates/s): median [min, max].", "",
              "| configuration | nwm | share of GEMM peak | memory | best peer | its variant | memory | ratio |",
              "|---|---|---|---|---|---|---|---|"]
    for r in report["results"]:
        row = [r["name"], bracket(r["items_per_second"]),
               f"{100 * r['share_of_peak']:.0f} % of {number(r['gemm_peak'])}" if r["gflops"]["median"] > 0 else "-",
               f"{r['peak_bytes'] / 1e6:.0f} MB"]
        if "best_peer" in r:
            peer = r["peers"][r["best_peer"]]
            row += [bracket(peer), r["best_peer"], f"{peer['peak_bytes'] / 1e6:.0f} MB", f"**{bracket(r['ratio'])}**"]
        else:
            row += ["-"] * 4
        lines.append("| " + " | ".join(row) + " |")
    lines += ["", "All variants:", "", "| configuration | variant | items/s |", "|---|---|---|"]
    for r in report["results"]:
        lines += [f"| {r['name']} | {k} | {bracket(v)} |" for k, v in r["peers"].items()]
        lines += [f"| {r['name']} | {k} | left out: {v} |" for k, v in r["left_out"].items()]
    return "\n".join(lines) + "\n"


def say(text):
    print(text, file=sys.stderr, flush=True)


def write_whole(path, text):
    part = path.with_name(path.name + ".part")
    part.write_text(text)
    part.replace(path)


def put_into_readme(text):
    path = PROJECT / "benchmarks" / "README.md"
    before, rest = path.read_text().split(README_BEGIN)
    after = rest.split(README_END)[1]
    body = "\n".join("**" + line[2:] + "**" if line.startswith("# ") else line for line in text.splitlines())
    write_whole(path, f"{before}{README_BEGIN}\n{body}\n{README_END}{after}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("texts", nargs="*", help="parts of names; all when none")
    parser.add_argument("--binary", default=str(PROJECT / "build" / "benchmark" / "bin" / "nwm_benchmark"))
    parser.add_argument("--peer", action="append", metavar="PYTHON",
                        help="a Python that has torch (default build/peer/bin/python); may be given several times")
    parser.add_argument("--variants", help="of the peer, with commas between (default: all it has)")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measurement")
    parser.add_argument("--compile-limit", type=float, default=1800, help="seconds torch.compile may take before a "
                        "variant is left out")
    parser.add_argument("--name", help="of the results' files (default: date and commit)")
    parser.add_argument("--readme", action="store_true", help="put the table into benchmarks/README.md too")
    parser.add_argument("--out", type=pathlib.Path, default=PROJECT / "benchmarks" / "results")
    options = parser.parse_args()
    peers = options.peer or [str(PROJECT / "build" / "peer" / "bin" / "python")]
    for program in [options.binary, *peers]:
        if not pathlib.Path(program).exists():
            raise SystemExit(f"compare.py: {program}: not there; see the top of this file")

    here = machine()
    if here["busy"]:
        say(f"compare.py: the machine is busy (load {here['load']}): the figures will be marked")
    our_names = names(options.binary, "^(train_step|infer|wave)/")

    def both(script, python):
        return [n for n in peer_output(python, "--list", script=script).split() if n in our_names
                and (not options.texts or any(t in n for t in options.texts))]

    def information(script, pythons):
        return [json.loads(peer_output(p, "--info", "--threads", str(options.threads), script=script)) for p in pythons]

    wave_peers = [p for p in peers if has_deepwave(p)]
    models = both(PEER, peers[0])
    waves = both(WAVE_PEER, wave_peers[0]) if wave_peers else []
    if not wave_peers and any(n.startswith("wave/") for n in our_names):
        say("compare.py: wave/* is left out: no peer has deepwave (install_torch.py --deepwave)")
    if not models and not waves:
        raise SystemExit(f"compare.py: no configuration contains {' or '.join(options.texts)}")
    about = information(PEER, peers) if models else []
    wave_about = information(WAVE_PEER, wave_peers) if waves else []

    def variants(every):
        return [[v for v in (options.variants.split(",") if options.variants else i["variants"]) if v in i["variants"]]
                for i in every]

    peers_peak = max([i["gemm_gflops"] for i in about], default=0)
    begin = time.time()
    report = {"machine": here, "threads": options.threads, "rounds": options.rounds, "seconds": options.seconds,
              "context": run_benchmarks(options.binary, PEAKS, options.threads, 0.1)[1], "peers": about,
              "wave_peers": wave_about,
              "results": [compare(n, peers, variants(about), peers_peak, options) for n in models]
              + [compare(n, wave_peers, variants(wave_about), peers_peak, options) for n in waves]}
    report["minutes"] = round((time.time() - begin) / 60, 1)
    text = table(report)
    print(text)
    options.out.mkdir(parents=True, exist_ok=True)
    name = options.name or f"{here['date'][:10]}-{here['commit']}"
    write_whole(options.out / f"{name}.json", json.dumps(report, indent=1) + "\n")
    write_whole(options.out / f"{name}.md", text)
    if options.readme:
        put_into_readme(text)
    say(f"compare.py: written to {options.out / name}.json and .md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
