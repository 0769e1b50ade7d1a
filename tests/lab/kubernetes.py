"""Kustomize's output, and what the Kubernetes API takes, as Debian's python3-kubernetes describes it.

Both come from scripts/fetch-kubernetes, and are named when they are missing.
"""

import ast
import functools
import re
import subprocess

import yaml

from .agent import ROOT

CACHE = ROOT / "build/cache/kubernetes"
KUBECTL = CACHE / "usr/bin/kubectl"
CLIENT = CACHE / "usr/lib/python3/dist-packages/kubernetes/client"

SIMPLE = {"str": str, "int": int, "bool": bool, "float": (int, float), "object": object}

# What the description calls a text, and the API takes only some of.
WORDS = {
    "imagePullPolicy": {"Always", "IfNotPresent", "Never"},
    "medium": {"", "Memory"},
    "nodeTaintsPolicy": {"Honor", "Ignore"},
    "policyTypes": {"Ingress", "Egress"},
    "protocol": {"TCP", "UDP", "SCTP"},
    "restartPolicy": {"Always", "OnFailure", "Never"},
    "type": {"RuntimeDefault", "RollingUpdate", "ClusterIP"},
    "unhealthyPodEvictionPolicy": {"AlwaysAllow", "IfHealthyBudget"},
    "whenUnsatisfiable": {"DoNotSchedule", "ScheduleAnyway"},
}


def must_be_fetched():
    for path in (KUBECTL, CLIENT):
        assert path.exists(), f"{path} is missing: run scripts/fetch-kubernetes"


def render(folder):
    """The objects that `kubectl kustomize` makes of a folder; it may say nothing besides."""
    must_be_fetched()
    done = subprocess.run([KUBECTL, "kustomize", folder], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    return list(yaml.safe_load_all(done.stdout))


def _table(text, name):
    return ast.literal_eval(re.search(rf"^    {name} = (\{{.*?^    \}})", text, re.M | re.S).group(1))


@functools.cache
def _fields(model):
    """JSON name → (type, whether it must be there)."""
    file = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", model).lower()
    text = (CLIENT / f"models/{file}.py").read_text()
    needed = set(re.findall(r"Invalid value for `(\w+)`, must not be `None`", text))
    types, names = _table(text, "openapi_types"), _table(text, "attribute_map")
    return {names[key]: (types[key], key in needed) for key in types}


@functools.cache
def _paths():
    return "\n".join(file.read_text() for file in (CLIENT / "api").glob("*_api.py"))


def _is_served(api_version, kind):
    plural = re.sub("ys$", "ies", f"{kind.lower()}s")
    root = "apis" if "/" in api_version else "api"
    return f"'/{root}/{api_version}/namespaces/{{namespace}}/{plural}'" in _paths()


def _problems(value, wanted, where):
    if listed := re.fullmatch(r"list\[(.*)\]", wanted):
        if not isinstance(value, list):
            yield f"{where}: not a list"
            return
        for number, element in enumerate(value):
            yield from _problems(element, listed.group(1), f"{where}[{number}]")
    elif mapped := re.fullmatch(r"dict\(str, (.*)\)", wanted):
        if not isinstance(value, dict):
            yield f"{where}: not a mapping"
            return
        for key, element in value.items():
            yield from _problems(element, mapped.group(1), f"{where}.{key}")
    elif wanted in SIMPLE:
        if not isinstance(value, SIMPLE[wanted]) or (wanted == "int" and isinstance(value, bool)):
            yield f"{where}: {value!r} is no {wanted}"
    elif not isinstance(value, dict):
        yield f"{where}: not a mapping"
    else:
        fields = _fields(wanted)
        yield from (f"{where}.{key}: no such field" for key in value.keys() - fields.keys())
        yield from (f"{where}.{key}: missing" for key, (_, needed) in fields.items() if needed and key not in value)
        for key in value.keys() & fields.keys():
            yield from _problems(value[key], fields[key][0], f"{where}.{key}")
            for word in value[key] if isinstance(value[key], list) else [value[key]]:
                if key in WORDS and word not in WORDS[key]:
                    yield f"{where}.{key}: {word!r} is none of {sorted(WORDS[key])}"


def problems(thing):
    """All that the API would not take of an object, each with its place."""
    must_be_fetched()
    kind = thing["kind"]
    if not _is_served(thing["apiVersion"], kind):
        return [f"no {kind} in {thing['apiVersion']}"]
    return sorted(_problems(thing, f"V1{kind}", kind))
