"""What the site has: its pages in the order of the menu, and where a link of a page leads on it."""
import pathlib
import re

project = pathlib.Path(__file__).resolve().parents[2]

# Group of the menu: (source in the project, name of the page, its words in the menu). A source of None: the page is made
# here, or by Doxygen.
MENU = {
    "Start": [
        ("docs/README.md", "index", "What this is"),
        ("docs/hear-the-shape.md", "hear-the-shape", "Hear the shape"),
        ("docs/first-machine.md", "first-machine", "Your first machine"),
    ],
    "Guides": [
        ("docs/sequences.md", "sequences", "Sequences"),
        ("docs/drums-and-simulations.md", "drums-and-simulations", "Drums and simulations"),
        ("docs/on-a-gpu.md", "on-a-gpu", "On a GPU"),
        ("docs/threads.md", "threads", "Threads"),
        ("docs/ranks.md", "ranks", "Training over ranks"),
        ("docs/simulation-over-ranks.md", "simulation-over-ranks", "Simulations over ranks"),
        ("docs/reproducing-the-study.md", "reproducing-the-study", "Reproducing the study"),
    ],
    "A part of your own": [
        ("docs/own-cell.md", "own-cell", "Cell"),
        ("docs/own-readout.md", "own-readout", "Readout"),
        ("docs/own-boundary.md", "own-boundary", "Boundary"),
        ("docs/own-model.md", "own-model", "Model"),
        ("docs/own-loss.md", "own-loss", "Loss"),
        ("docs/own-optimizer.md", "own-optimizer", "Optimiser"),
        ("docs/own-backend.md", "own-backend", "Backend"),
    ],
    "Understand": [
        ("docs/design.md", "design", "Design"),
        ("docs/systems.md", "systems", "The systems, as equations"),
        ("docs/glossary.md", "glossary", "Glossary"),
    ],
    "Reference": [
        (None, "files", "Headers"),
        (None, "annotated", "Types"),
        (None, "namespaces", "Namespaces"),
        (None, "concepts", "Concepts"),
        (None, "names", "All names, A to Z"),
        (None, "example-programs", "Example programs"),
    ],
    "Project": [
        ("README.md", "readme", "Readme: setup and results"),
        ("benchmarks/README.md", "benchmarks", "Benchmarks"),
        ("CHANGELOG.md", "changes", "Changes"),
        ("CONTRIBUTING.md", "contributing", "Contributing"),
    ],
}
PAGES = {source: name for group in MENU.values() for source, name, _ in group if source}
PAGES["examples/README.md"] = "example-programs"


def example_page(source):
    """The page that shows the file `source` of examples/, or None."""
    match = re.fullmatch(r"examples/([\w]+)\.(cpp|hpp|cu)", source)
    return f"example-{match[1]}-{match[2]}".replace("_", "-") if match else None


def anchor(page, heading):
    """The name of a heading on the site: GitHub's, behind the page's, as names there are the whole site's."""
    plain = re.sub(r"[`*]|\]\([^)]*\)|\[", "", heading).strip().lower()
    return page + "--" + re.sub(r"[^\w\- ]", "", plain).replace(" ", "-")


def leads_to(source, target):
    """Where the link `target` of the page `source` leads on the site; None where the site does not have it.

    Headers and folders of headers are header:PATH, which finish.py replaces when Doxygen has named their pages.
    """
    if re.match(r"[a-z]+:", target):
        return target
    path, _, place = target.partition("#")
    if path:
        path = (project / source).parent.joinpath(path).resolve().relative_to(project).as_posix()
    else:
        path = source
    if not (project / path).exists():
        return target  # so that it leads nowhere
    if path in PAGES:
        page = PAGES[path]
        return f"{page}.html" + (f"#{page}--{place}" if place else "")
    if path.startswith("include/nwm/"):
        return "header:" + path.removeprefix("include/")
    return f"{page}.html" if (page := example_page(path)) else None
