"""The bound: a small C program that does nothing but the necessary system calls (bound.c), where there is a C compiler."""
import shutil
import subprocess
from pathlib import Path

import servers


def recipe(work):
    compiler = shutil.which("cc")
    if compiler is None:
        return servers.Recipe("bound", missing="there is no C compiler")
    program = work / "bound"
    source = Path(__file__).with_name("bound.c")
    subprocess.run([compiler, "-O2", "-pthread", "-Wall", "-o", program, source], check=True)

    def start(place, port):
        return [str(program), str(place.root), str(port)]

    return servers.Recipe("bound", command=start, tls=False, scenarios=("S1", "S2", "S3", "S4", "S9"))
