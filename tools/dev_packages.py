"""Prints the development packages of pyproject.toml, quoted for make: pip before 25.1 cannot
read dependency groups itself."""

from __future__ import annotations

import shlex
import tomllib
from pathlib import Path

if __name__ == "__main__":
    project = tomllib.loads(Path("pyproject.toml").read_text())
    print(" ".join(shlex.quote(package) for package in project["dependency-groups"]["dev"]))
