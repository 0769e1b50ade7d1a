#!/usr/bin/env python3
"""Compares the #include lines of spoa/ with the layers that spoa/CMakeLists.txt declares.

All layers share one include root, so a header of a layer that was not declared would still compile.
Prints FILE:LINE and a sentence for each trespass, and exits 1 when there is one.
"""

import pathlib
import re
import sys

# Third-party headers by the start of their path: the only places below spoa/ that may include
# them, a layer (a folder) or the start of a file's path. The longest start that fits is the rule.
THIRD_PARTY = {
    "hiredis/": ["resp/"],
    "yaml-cpp/": ["config/"],
    "CLI/": ["cli/command_line.cpp"],
    "prometheus/": ["telemetry/"],
    "nlohmann/": ["telemetry/"],
    "boost/asio/": ["net/", "daemon/"],
    "boost/asio.hpp": ["net/", "daemon/"],
    "boost/asio/ssl": ["net/"],
    "openssl/": ["net/"],
    "boost/beast": ["net/http_"],
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
LAYER = re.compile(r"^[ \t]*spoa_layer\s*\(([^)]*)\)", re.MULTILINE)
KEYWORDS = ("SOURCES", "DEPENDS")
OWN = "spoa::"


class Layer:
    """One spoa_layer(): the line it stands on, the layers it names, and all it may see."""

    def __init__(self, line, depends):
        self.line = line
        self.depends = depends
        self.sees = set()


def parse_layers(text):
    """name -> Layer, in the order of the file."""
    without_comments = re.sub(r"#[^\n]*", "", text)
    layers = {}
    for match in LAYER.finditer(without_comments):
        name, *words = match.group(1).split()
        keyword = None
        depends = []
        for word in words:
            if word in KEYWORDS:
                keyword = word
            elif keyword == "DEPENDS" and word.startswith(OWN):
                depends.append(word.removeprefix(OWN))
        layers[name] = Layer(without_comments.count("\n", 0, match.start()) + 1, depends)
    return layers


def resolve(layers):
    """Fills in what each layer may see; yields (line, sentence) for a DEPENDS that is out of order."""
    known = {}
    for name, layer in layers.items():
        layer.sees = {name}
        for other in layer.depends:
            if other in known:
                layer.sees |= known[other].sees
            else:
                yield layer.line, f"layer '{name}' depends on '{other}', which is not declared above it"
        known[name] = layer


def own_trespass(layers, layer, quoted, target):
    """Why a file of `layer` may not include `target` of ours; None when it may."""
    folder, slash, _ = target.partition("/")
    if folder in layers:
        if folder not in layers[layer].sees:
            return f"layer '{layer}' includes \"{target}\", but does not depend on '{folder}'"
    elif quoted:
        what = f"'{folder}' is no layer" if slash else "it does not begin with its layer"
        return f"layer '{layer}' includes \"{target}\": {what}"
    return None


def third_party_trespass(path, target):
    """Why the file at `path` below spoa/ may not include the library's `target`; None when it may."""
    starts = [start for start in THIRD_PARTY if target.startswith(start)]
    if not starts:
        return None
    allowed = THIRD_PARTY[max(starts, key=len)]
    if any(path.startswith(place) for place in allowed):
        return None
    return f"<{target}> may be included only in {' and '.join(allowed)}"


def check_file(root, path, layers):
    """Yields (line, sentence) for each trespass of one source or header."""
    relative = path.relative_to(root / "spoa").as_posix()
    layer, slash, _ = relative.partition("/")
    wiring = not slash  # main.cpp stands outside the layers and may see all of them
    if not wiring and layer not in layers:
        yield 1, f"the folder '{layer}' is no layer of spoa/CMakeLists.txt"
        return
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        match = INCLUDE.match(line)
        if not match:
            continue
        quoted, target = match.group(1) == '"', match.group(2)
        sentence = None if wiring else own_trespass(layers, layer, quoted, target)
        sentence = sentence or third_party_trespass(relative, target)
        if sentence:
            yield number, sentence


def check(root):
    """All trespasses, each as `FILE:LINE: sentence`."""
    declaration = root / "spoa" / "CMakeLists.txt"
    layers = parse_layers(declaration.read_text(encoding="utf-8"))
    if not layers:
        return ["spoa/CMakeLists.txt:1: no spoa_layer() found"]
    told = [f"spoa/CMakeLists.txt:{line}: {sentence}" for line, sentence in resolve(layers)]
    files = [p for p in (root / "spoa").rglob("*") if p.suffix in (".cpp", ".hpp", ".h", ".ipp")]
    for path in sorted(files):
        for line, sentence in check_file(root, path, layers):
            told.append(f"{path.relative_to(root).as_posix()}:{line}: {sentence}")
    return told


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    told = check(root.resolve())
    for line in told:
        print(line)
    return 1 if told else 0


if __name__ == "__main__":
    sys.exit(main())
