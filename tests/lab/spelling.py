"""A monitored name, as others write it."""

import re
import urllib.parse


def identifier(name):
    """As in the names of HAProxy's proxies."""
    return re.sub(rb"[^A-Za-z0-9._-]", lambda byte: b":%02x" % ord(byte[0]), name.encode()).decode()


def in_url(name):
    return urllib.parse.quote(name, safe="")


def in_sentinel_file(name):
    """As a word of Sentinel's file: quoted where it has to be."""
    return name if re.fullmatch(r"[!#-&(-~]+", name) else '"' + re.sub(r'(["\\])', r"\\\1", name) + '"'


def in_path(name):
    """As part of a file's name."""
    return re.sub(r"[^\w.-]", "_", name)[:40]
