//! What a sync will do, computed from both trees before anything is done.

use crate::below::{Below, Branches};
use crate::tree::{FileNode, Node, Tree};

/// Which side becomes like the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Direction {
    /// The server becomes like this machine.
    Up,
    /// This machine becomes like the server.
    Down,
}

/// What the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Rules {
    pub(crate) direction: Direction,
    /// Remove from the target what the source does not have.
    pub(crate) delete: bool,
    /// Make no folder for its own sake.
    pub(crate) only_files: bool,
}

/// One thing to do to the target.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    DeleteFile(Below),
    DeleteFolder(Below),
    MakeFolder(Below),
    Transfer(Below, FileNode),
}

/// All of it, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// How many files are the same on both sides.
    pub(crate) unchanged: usize,
    /// What cannot be done, and why.
    pub(crate) problems: Vec<String>,
    /// What is left alone on purpose.
    pub(crate) notes: Vec<String>,
}

/// Compares size and time, and computes what makes `target` like `source`.
pub(crate) fn plan(source: &Tree, target: &Tree, rules: Rules) -> Plan {
    let mut planner = Planner::new(source, target, rules);
    for (below, node) in source.nodes() {
        if !planner.blocked.hold(below) {
            planner.compare(below, *node);
        }
    }
    if planner.deletes {
        planner.delete_extra();
    }
    planner.plan
}

struct Planner<'a> {
    source: &'a Tree,
    target: &'a Tree,
    rules: Rules,
    deletes: bool,
    /// The server may hide names that begin with a dot: what it does not list may be there.
    hides: bool,
    /// Folders of the target in which something stays, whatever is deleted.
    kept: Branches,
    /// What cannot be done, and so nothing in it.
    blocked: Branches,
    /// What made way for something of another kind.
    replaced: Branches,
    plan: Plan,
}

impl<'a> Planner<'a> {
    fn new(source: &'a Tree, target: &'a Tree, rules: Rules) -> Self {
        let mut planner = Self {
            source,
            target,
            rules,
            deletes: rules.delete,
            hides: rules.direction == Direction::Down && source.may_hide_dots,
            kept: Branches::default(),
            blocked: Branches::default(),
            replaced: Branches::default(),
            plan: Plan::default(),
        };
        if rules.delete {
            planner.look_before_deleting();
        }
        planner
    }

    /// A delete after a listing that was partial, or not understood, would remove what is only not known.
    fn look_before_deleting(&mut self) {
        self.deletes = self.source.doubts.is_empty() && self.target.doubts.is_empty();
        if !self.deletes {
            let text = "nothing is deleted: not all of the files are known";
            self.plan.problems.push(text.to_owned());
        }
        for (below, node) in self.target.nodes() {
            if self.stays(below, *node) {
                below.parents().for_each(|folder| self.kept.add(folder));
            }
        }
    }

    /// Whether something of the target stays even if the source does not have it.
    fn stays(&self, below: &Below, node: Node) -> bool {
        let mut above = below.parents();
        node == Node::Skipped
            || above.any(|folder| self.source.get(&folder) == Some(&Node::Skipped))
            || self.is_unseen(below)
    }

    /// Whether the source may have it and not tell.
    fn is_unseen(&self, below: &Below) -> bool {
        let is_hidden = || below.names().any(|name| name.starts_with(b"."));
        self.hides && is_hidden() && self.source.get(below).is_none()
    }

    fn compare(&mut self, below: &Below, node: Node) {
        match (node, self.target.get(below).copied()) {
            (Node::Skipped, _) | (Node::Folder, Some(Node::Folder)) => {}
            (Node::Folder, None) if self.rules.only_files && !self.has_file(below) => {}
            (_, None) => self.add(below, node),
            (Node::File(file), Some(Node::File(old))) => {
                match differs(&file, &old, self.rules.direction) {
                    true => self.add(below, node),
                    false => self.plan.unchanged += 1,
                }
            }
            (_, Some(Node::Skipped)) => {
                self.block(below, "is something else on the other side, and left alone");
            }
            (_, Some(old)) if self.deletes && !self.kept.contain(below) => {
                self.clear(below, old);
                self.replaced.add(below.clone());
                self.add(below, node);
            }
            _ => self.block(below, "is a file on one side and a folder on the other"),
        }
    }

    fn has_file(&self, folder: &Below) -> bool {
        let mut inside = self.source.inside(folder);
        inside.any(|(_, node)| matches!(node, Node::File(_)))
    }

    fn add(&mut self, below: &Below, node: Node) {
        let below = below.clone();
        match node {
            Node::Folder => self.plan.steps.push(Step::MakeFolder(below)),
            Node::File(file) => self.plan.steps.push(Step::Transfer(below, file)),
            Node::Skipped => {}
        }
    }

    fn block(&mut self, below: &Below, why: &str) {
        self.plan.problems.push(format!("{below} {why}"));
        self.blocked.add(below.clone());
    }

    /// Removes something, and what is in it before it.
    fn clear(&mut self, below: &Below, old: Node) {
        for (inner, node) in self.target.inside(below).rev() {
            self.plan.delete(inner, *node);
        }
        self.plan.delete(below, old);
    }

    /// Removes what only the target has, from the leaves to the top.
    fn delete_extra(&mut self) {
        let mut unseen = 0;
        for (below, node) in self.target.nodes().rev() {
            if self.source.get(below).is_some() || self.replaced.hold(below) {
                continue;
            }
            if self.stays(below, *node) {
                unseen += usize::from(self.is_unseen(below));
            } else if *node == Node::Folder && self.kept.contain(below) {
                let text = format!("the folder {below} is kept, for something in it is");
                self.plan.notes.push(text);
            } else {
                self.plan.delete(below, *node);
            }
        }
        if unseen > 0 {
            let text =
                format!("{unseen} names with a dot in front are kept: the server may hide its own");
            self.plan.notes.push(text);
        }
    }
}

impl Plan {
    fn delete(&mut self, below: &Below, node: Node) {
        self.steps.push(match node {
            Node::Folder => Step::DeleteFolder(below.clone()),
            _ => Step::DeleteFile(below.clone()),
        });
    }
}

/// Whether a file of the source has to be sent. An upload gets the server's time, so that up the newer one counts; down,
/// a file gets the time of its source, and any other is a difference.
fn differs(source: &FileNode, target: &FileNode, direction: Direction) -> bool {
    match (source.size, target.size) {
        (Some(size), Some(old)) if size != old => return true,
        (Some(_), Some(_)) => {}
        // Nothing to compare but the time; without that, better too often than not at all.
        _ if source.time.is_none() || target.time.is_none() => return true,
        _ => {}
    }
    let (Some(time), Some(old)) = (source.time, target.time) else {
        return false;
    };
    let later = time.seconds - old.seconds;
    let slack = time.slack.max(old.slack);
    match direction {
        Direction::Up => later > slack,
        Direction::Down => later.abs() > slack,
    }
}

#[cfg(test)]
mod tests;
