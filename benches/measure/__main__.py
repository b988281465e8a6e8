"""Measures this project's server and client beside others, in one run. `--help` tells how; README.md what is measured."""
import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import bound
import clients
import cpu
import machine
import scenarios
import servers
from report import Results

UNITS = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}


def main():
    options = arguments()
    if options.self_test:
        print(*cpu.self_test(), sep="\n")
        return 0
    # Servers are stopped and files removed then, too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    machine.enter_network()
    machine.prepare_network()
    machine.raise_limits()
    work = Path(tempfile.mkdtemp(prefix="ftp-measure-", dir=options.dir))
    try:
        results = measure(options, work)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    if options.json:
        Path(options.json).write_text(results.json() + "\n", encoding="utf-8")
    print(results.markdown())
    return 0


def arguments():
    parser = argparse.ArgumentParser(prog="benches/measure", description=__doc__)
    add = parser.add_argument
    add("scenarios", nargs="*", metavar="S1", help="which of S1 S1t S2 S2t S3 S4 S5 S7 S9 (default: all)")
    add("--rounds", type=int, default=5, metavar="N", help="rounds, each of every contestant in turn (default 5)")
    add("--quick", action="store_true", help="3 rounds, 256M, 1,000 idle sessions: a first look")
    add("--size", type=byte_count, metavar="256M", help="the size of the big file (default 1G)")
    add("--sessions", type=int, metavar="N", help="idle sessions of S5 (default 10,000; a fiftieth for servers that fork)")
    add("--only", action="append", default=[], metavar="NAME", help="only this peer (repeatable); ours are always there")
    add("--ours", action="append", metavar="[LABEL=]COMMAND",
        help="our server, with options of its own if need be; repeatable, to compare builds or options")
    add("--runtime", choices=("tokio", "async-std", "both"), default="tokio", help="the runtime of our server")
    add("--client", default="target/release/ftp-client", metavar="PATH", help="our client")
    add("--dir", default="/var/tmp", help="where the files are: a real file system with room for three big files")
    add("--no-pin", dest="pin", action="store_false", help="let servers and clients wander between the cores")
    add("--json", metavar="FILE", help="write every value there")
    add("--self-test", action="store_true", help="check the counting of CPU time against processes that know theirs")
    options = parser.parse_args()
    known = [scenario.key for scenario in scenarios.ALL] + ["S7"]
    if unknown := set(options.scenarios) - set(known):
        parser.error(f"no such scenario: {' '.join(unknown)} (there are {' '.join(known)})")
    options.scenarios = options.scenarios or known
    options.rounds = min(options.rounds, 3) if options.quick else options.rounds
    options.size = options.size or (256 << 20 if options.quick else 1 << 30)
    options.sessions = options.sessions or (1000 if options.quick else 10_000)
    options.ours = options.ours or default_ours(options.runtime)
    return options


def byte_count(text):
    number, unit = (text[:-1], text[-1].upper()) if text[-1:].isalpha() else (text, "")
    return int(number) * UNITS.get(unit, 1)


def default_ours(runtime):
    program = "target/release/ftp-server"
    if runtime == "both":
        return [f"ours={program} --runtime tokio", f"async-std={program} --runtime async-std"]
    return [f"ours={program} --runtime {runtime}"]


def measure(options, work):
    place = make_place(work, options)
    size = scenarios.Size(big=options.size, idle=options.sessions, idle_forked=max(options.sessions // 50, 10))
    scenarios.make_files(place.root, size)
    probe = cpu.group("probe")
    probe.remove()
    results = Results(machine.describe(work, options.pin, probe.how))
    for warning in machine.warnings(results.facts):
        results.note(warning)
    recipes = contestants(options, work, results)
    for scenario in scenarios.ALL:
        if scenario.key in options.scenarios:
            settle(place, scenario.cores if options.pin else machine.Cores.ALL)
            compare_servers(scenario, recipes, place, size, options.rounds, results)
    if "S7" in options.scenarios:
        settle(place, machine.Cores.APART if options.pin else machine.Cores.ALL)
        compare_clients(recipes, place, options, results)
    return results


def settle(place, cores):
    """Where servers will run, and this program and the clients that it starts."""
    place.cores, clients = cores.sets()
    os.sched_setaffinity(0, clients)


def make_place(work, options):
    """Folders that servers which change their user can reach."""
    work.chmod(0o755)
    root = work / "root"
    settings = work / "settings"
    here = work / "here"
    for folder in (root, settings, here):
        folder.mkdir()
    place = servers.Place(settings, root, certificate=servers.certificate(settings))
    machine.spread(root)
    return place


def contestants(options, work, results):
    ours = [servers.our_recipe(option) for option in options.ours]
    peers = [recipe for recipe in servers.peers() if not options.only or recipe.name in options.only]
    there = []
    for recipe in (*ours, *peers, bound.recipe(work)):
        if recipe.missing:
            results.note(f"{recipe.name} is left out: {recipe.missing}")
        else:
            there.append(recipe)
            results.versions[recipe.name] = recipe.version
    results.ours = [recipe.name for recipe in ours]
    return there


def compare_servers(scenario, recipes, place, size, rounds, results):
    """Every server in turn, round after round."""
    for metric in scenario.metrics:
        results.metric(metric)
    place.tls = scenario.tls
    able = []
    for recipe in recipes:
        if scenario.key in recipe.scenarios or not recipe.scenarios:
            if not scenario.tls or recipe.tls:
                able.append(recipe)
            elif recipe.name != "bound":
                results.note(f"{scenario.key}: {recipe.name} is left out: it has no TLS here")
    if scenario.fresh:
        for _ in range(rounds):
            for recipe in able:
                attempt(scenario, results, recipe.name, lambda recipe=recipe: once(scenario, recipe, place, size))
        return
    with contextlib.ExitStack() as running:
        there = [server for recipe in able if (server := start(scenario, recipe, place, size, results))]
        for server in there:
            running.callback(server.stop)
        for _ in range(rounds):
            for server in list(there):
                if not attempt(scenario, results, server.name, lambda server=server: scenario.measure(server, size)):
                    there.remove(server)


def start(scenario, recipe, place, size, results):
    """Starts and warms it up; none when that fails."""
    server = None
    try:
        server = servers.Server(recipe, place)
        scenario.warm_up(server, size)
        return server
    except Exception as error:
        failed(scenario.key, recipe.name, error, results)
        if server:
            server.stop()
        return None


def once(scenario, recipe, place, size):
    with servers.Server(recipe, place) as server:
        return scenario.measure(server, size)


def attempt(scenario, results, name, action):
    """One contestant that fails does not end the run; the table says so."""
    try:
        values = action()
    except Exception as error:
        failed(scenario.key, name, error, results)
        return False
    results.add(values, name)
    shown = ", ".join(f"{key} {value:.4f}" for key, value in values.items())
    print(f"{name}: {shown}", file=sys.stderr)
    return True


def failed(key, name, error, results):
    print(f"{key}: {name} failed: {error!r}", file=sys.stderr)
    results.note(f"{key}: {name} failed: {type(error).__name__}: {error}")


def compare_clients(recipes, place, options, results):
    """Every client in turn against one server, the same for all."""
    for metric in clients.S7.metrics:
        results.metric(metric)
    there, missing = clients.all_clients(options.client)
    for program in missing:
        results.note(f"S7: {program} is left out: not installed")
    recipe = next((recipe for name in ("vsftpd", "Pure-FTPd", "ours") for recipe in recipes if recipe.name == name), None)
    if recipe is None:
        results.note("S7: no server to measure clients against")
        return
    place.tls = False
    results.note(f"S7: the server is {recipe.name}")
    here = place.root.parent / "here"
    folder = place.folder()
    server = start(clients.S7(), recipe, place, options.size, results)
    if server is None:
        return
    with server:
        for _ in range(options.rounds):
            for client in list(there):
                results.versions.setdefault(f"client {client.name}", client.version)
                both = lambda client=client: clients.measure(client, server, folder, here, options.size)
                if not attempt(clients.S7, results, client.name, both):
                    there.remove(client)


if __name__ == "__main__":
    sys.exit(main())
