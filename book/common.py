"""What book/check and book/draw share: where things are, how quotes are read, how programs are run."""

import hashlib
import os
import re
import subprocess
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BOOK = ROOT / "book"
SRC = BOOK / "src"
OUTPUTS = SRC / "outputs"
FIGURES = SRC / "figures"
EXERCISES = BOOK / "exercises"

CHAPTER = re.compile(r"(\d\d)-[a-z0-9-]+\.md")
INCLUDE = re.compile(r"\{\{#(?:rustdoc_)?include\s+([^}:\s]+)(?::([^}\s]+))?\s*\}\}")
# The same words as mdBook's, so that both see the same lines.
ANCHOR = re.compile(r"ANCHOR:\s*([\w-]+)")
ANCHOR_END = re.compile(r"ANCHOR_END:\s*([\w-]+)")


def chapters():
    return sorted(path for path in SRC.glob("*.md") if CHAPTER.fullmatch(path.name))


def pages():
    return sorted(SRC.glob("*.md"))


def exercises():
    return sorted(path.parent for path in EXERCISES.glob("*/task.md"))


def anchored(path, anchor):
    """The numbers (from 1) and texts of the lines between the anchors; None when there are no such anchors."""
    inside, found, closed, lines = False, False, False, []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if (end := ANCHOR_END.search(text)) and end[1] == anchor:
            inside, closed = False, True
        elif (start := ANCHOR.search(text)) and start[1] == anchor:
            inside = found = True
        elif inside and not ANCHOR.search(text) and not ANCHOR_END.search(text):
            lines.append((number, text))
    return lines if found and closed else None


def code_lines(path):
    """The numbers of the lines that hold code: no blanks, no comments, no tests at the end of the file."""
    numbers = []
    for number, text in enumerate(path.read_text().splitlines(), 1):
        if text.startswith("#[cfg(test)]"):
            break
        if text.strip() and not text.strip().startswith("//"):
            numbers.append(number)
    return numbers


class Figure:
    """A line of book/figures/*.txt: which example drew it, the hash of that example's source, how it was drawn."""

    def __init__(self, listing, line):
        self.listing, self.line = listing, line
        self.name, self.example, self.hash, *self.options = line.split()

    @property
    def path(self):
        return FIGURES / f"{self.name}.svg"

    @property
    def now(self):
        return hashlib.sha256(source(self.example).read_bytes()).hexdigest()


def figures():
    listings = [BOOK / "figures.txt", *sorted((BOOK / "figures").glob("*.txt"))]
    for listing in filter(Path.is_file, listings):
        for line in listing.read_text().splitlines():
            if line.strip() and not line.startswith("#"):
                yield Figure(listing, line)


def source(example):
    return ROOT / "examples" / f"{example}.rs"


# What differs from run to run: times and sizes.
MEASURED = re.compile(r"\b\d+(\.\d+)?\s?(ns|µs|ms|s|B|KiB|MiB|GiB)\b")


def run_example(name, trace=None):
    """What an example prints; its trace goes where it is wanted."""
    environment = dict(os.environ)
    environment.pop("GLASSLOOP_TRACE", None)
    if trace:
        environment["GLASSLOOP_TRACE"] = str(trace)
    command = ["cargo", "run", "--quiet", "--example", name]
    build = ["cargo", "build", "--quiet", "--example", name]
    subprocess.run(build, cwd=ROOT, check=True)
    # Its panics are on standard error, and no part of what the book shows.
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60)
    if done.returncode != 0:
        raise RuntimeError(f"the example {name} ended with status {done.returncode}:\n{done.stderr}")
    return done.stdout


def draw(figure):
    with tempfile.TemporaryDirectory() as folder:
        trace = Path(folder) / "trace"
        printed = run_example(figure.example, trace)
        if not trace.is_file():
            raise RuntimeError(f"{figure.example} writes no trace: it needs `file::save_if_asked`")
        glassloop = ["cargo", "run", "--quiet", "--", "timeline", str(trace), *figure.options]
        subprocess.run([*glassloop, "--svg", str(figure.path)], cwd=ROOT, check=True)
    return printed


def glossary():
    """The page made of what the chapters define: src/glossary/NN.txt, `term: what it is (chapter N)`."""
    titles = {path.name[:2]: path.name for path in chapters()}
    terms = {}
    for part in sorted((SRC / "glossary").glob("*.txt")):
        for line in filter(str.strip, part.read_text().splitlines()):
            match = re.fullmatch(r"([^:]+): (.+) \(chapter (\d+)\)", line.strip())
            if not match:
                raise ValueError(f"{part}: not `term: what it is (chapter N)`: {line}")
            term, meaning, number = match.groups()
            page = titles.get(f"{int(number):02}")
            where = f"[chapter {number}]({page})" if page else f"chapter {number}"
            # Whoever defines a term first keeps it: files are read in the order of the chapters.
            terms.setdefault(term.lower(), f"- **{term}**: {meaning.rstrip('.')} ({where}).")
    head = (
        "# Glossary and index\n\nEach term, what it means here, and the chapter that defines it. This page is made of "
        "what stands in `src/glossary/`; `book/draw --glossary` writes it.\n\n"
    )
    return head + "\n".join(terms[term] for term in sorted(terms)) + "\n"
