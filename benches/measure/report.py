"""What was measured, as a table for people and as JSON for programs."""
import json
import statistics


class Results:
    """The values of each metric and contestant, in the order of the rounds, and what could not be measured."""

    def __init__(self, facts):
        self.facts = facts
        self.metrics = []
        self.values = {}
        self.ours = []
        self.notes = []
        self.versions = {}

    def metric(self, metric):
        self.metrics.append(metric)
        self.values[metric.name] = {}

    def add(self, values, contestant):
        for name, value in values.items():
            self.values[name].setdefault(contestant, []).append(value)

    def note(self, text):
        if text not in self.notes:
            self.notes.append(text)

    def medians(self, metric):
        return {name: statistics.median(values) for name, values in self.values[metric.name].items()}

    def best_peer(self, metric):
        """The peer with the least, and how much that is."""
        medians = self.medians(metric)
        peers = [(value, name) for name, value in medians.items() if name not in self.ours and name != "bound"]
        return min(peers, default=(None, None))[::-1]

    def ratio(self, metric, label):
        """Ours to the best peer."""
        mine, (_, best) = self.medians(metric).get(label), self.best_peer(metric)
        return mine / best if mine is not None and best else None

    def verdict(self, metric, label):
        """How the goal stands, where it can be told."""
        goal, medians = metric.goal, self.medians(metric)
        if goal is None:
            return ""
        mine, other = medians.get(label), medians.get(goal.of) if goal.of else 1
        if mine is None or not other:
            return "?"
        return f"{mine / other:.2f}: {'met' if mine <= goal.factor * other else 'missed'}" if goal.of else (
            "met" if mine <= goal.factor else "missed")

    def rows(self):
        """A row for each metric and each of our contestants that was measured, or one without ours."""
        for metric in self.metrics:
            labels = [label for label in self.ours if label in self.values[metric.name]]
            for label in labels or self.ours[:1]:
                yield metric, label

    def markdown(self):
        lines = ["| | what | unit | ours | best peer | ratio | goal | stands at |", "|---|---|---|---|---|---|---|---|"]
        for metric, label in self.rows():
            mine = self.medians(metric).get(label)
            peer, best = self.best_peer(metric)
            ratio = self.ratio(metric, label)
            suffix = "" if label == "ours" else f" ({label})"
            cells = [metric.name, metric.what, metric.unit, f"{figure(mine)}{suffix}", f"{peer} {figure(best)}" if peer else "–",
                     f"{ratio:.2f}" if ratio is not None else "–", metric.goal.text() if metric.goal else "",
                     self.verdict(metric, label)]
            lines.append("| " + " | ".join(cells) + " |")
        return "\n".join([*lines, "", *self.details(), "", *self.conditions()])

    def details(self):
        """Every contestant's median, with the least and the most."""
        names = list(dict.fromkeys(name for metric in self.metrics for name in self.values[metric.name]))
        yield "Medians (least–most):"
        yield ""
        yield "| | " + " | ".join(names) + " |"
        yield "|---" * (len(names) + 1) + "|"
        for metric in self.metrics:
            cells = [spread(self.values[metric.name].get(name)) for name in names]
            yield f"| {metric.name} | " + " | ".join(cells) + " |"

    def conditions(self):
        yield "- " + "; ".join(f"{key}: {value}" for key, value in self.facts.items())
        yield "- " + "; ".join(version for version in self.versions.values() if version)
        for note in self.notes:
            yield f"- {note}"

    def json(self):
        metrics = [
            {
                "metric": metric.name, "what": metric.what, "unit": metric.unit,
                "goal": metric.goal.text() if metric.goal else None,
                "best peer": self.best_peer(metric)[0],
                "ratio": {label: self.ratio(metric, label) for label in self.ours},
                "contestants": {
                    name: {"median": statistics.median(values), "min": min(values), "max": max(values), "values": values}
                    for name, values in self.values[metric.name].items()
                },
            }
            for metric in self.metrics
        ]
        whole = {"conditions": self.facts, "versions": self.versions, "notes": self.notes, "metrics": metrics}
        return json.dumps(whole, indent=2, ensure_ascii=False)


def figure(value):
    """Three digits that count."""
    if value is None:
        return "–"
    return f"{value:.0f}" if value >= 100 else f"{value:.3g}" if value >= 1 else f"{value:.{2 if value >= 0.1 else 3}f}"


def spread(values):
    if not values:
        return "–"
    return f"{figure(statistics.median(values))} ({figure(min(values))}–{figure(max(values))})"
