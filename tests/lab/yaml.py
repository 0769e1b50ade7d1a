"""Nested dicts, lists and scalars as the YAML a person would write."""

import json


def to_yaml(value, depth=0):
    """Block mappings and lists; scalars and empty things as JSON writes them, which is YAML too."""
    indent = "  " * depth
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            if isinstance(item, (dict, list)) and item:
                lines.append(f"{indent}{key}:\n{to_yaml(item, depth + 1)}")
            else:
                lines.append(f"{indent}{key}: {json.dumps(item)}\n")
        return "".join(lines)
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            text = to_yaml(item, depth + 1) if isinstance(item, (dict, list)) else json.dumps(item) + "\n"
            lines.append(f"{indent}- {text.lstrip()}")
        return "".join(lines)
    return f"{indent}{json.dumps(value)}\n"
