#!/usr/bin/env python3
"""Compares the commands in the code of the agent with the list of docs/security.md, "Every command".

What is said to Redis and Sentinel is made by put_command and put_auth, what is said to HAProxy stands in
spoa/haproxy_api. Prints a sentence for each that one side alone has, and exits 1 when there is one.
"""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
TO_HAPROXY = ("spoa/haproxy_api/command.cpp", "spoa/haproxy_api/master_cli.cpp")

# put_command(request, {"INFO", "sentinel"}), and the subcommands that sentinel/interview joins to SENTINEL.
WORDS = re.compile(r"put_command\(\s*[^,]+,\s*\{([^}]*)\}", re.S)
SUBCOMMAND = re.compile(r"\bput\(\"([A-Z-]+)\"\)")
VARIABLE_FIRST = re.compile(r"words\{\"([A-Z]+)\"\}")
# A command of HAProxy's at the start of a string, after a `;` or after `@!PID `.
HAPROXY = re.compile(r"\"(?:[^\"]*;)?((?:set|get|show|shutdown|add|del|clear|enable|disable|experimental-mode|prompt|reload)"
                     r" [a-z]+(?: (?:server|state))?)\b")


def commands_to_redis():
    found = set()
    for file in sorted((ROOT / "spoa").rglob("*.cpp")):
        text = file.read_text()
        for words in WORDS.findall(text):
            literals = re.findall(r"\"([^\"]+)\"", words)
            if len(literals) == len(words.split(",")):
                found.add(" ".join(literals))
            elif literals and literals[0] not in ("SENTINEL", "AUTH"):
                raise SystemExit(f"{file}: {{{words}}} is not understood: teach {__file__}")
        if "put_auth(" in text:
            found.add("AUTH")
        if "put_command(round.request" in text:
            found |= {f"SENTINEL {word}" for word in SUBCOMMAND.findall(text)}
        found |= set(VARIABLE_FIRST.findall(text))
    return found


def commands_to_haproxy():
    found = set()
    for name in TO_HAPROXY:
        text = (ROOT / name).read_text()
        found |= set(HAPROXY.findall(text))
        if "\"@!\"" in text:
            found.add("@!PID")
    return found


def commands_in_docs():
    text = (ROOT / "docs/security.md").read_text()
    (section,) = re.findall(r"^## Every command\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    to_redis, to_haproxy = set(), set()
    for row in re.findall(r"^\| (.*) \|$", section, re.M)[1:]:
        to, commands = row.split(" | ")[:2]
        (to_haproxy if "HAProxy" in to else to_redis).update(re.findall(r"`([^`]+)`", commands))
    return to_redis, to_haproxy


def main():
    to_redis, to_haproxy = commands_in_docs()
    faults = []
    for what, sent, listed in (("Redis, Sentinel or nutcracker", commands_to_redis(), to_redis),
                               ("HAProxy", commands_to_haproxy(), to_haproxy)):
        assert len(sent) > 5, f"no commands to {what} were found in the code"
        faults += [f"docs/security.md: `{each}` is sent to {what} and not listed" for each in sorted(sent - listed)]
        faults += [f"docs/security.md: `{each}` is listed and never sent to {what}" for each in sorted(listed - sent)]
    print("\n".join(faults))
    return 1 if faults else 0


if __name__ == "__main__":
    raise SystemExit(main())
