//! Making one side like the other: both trees are looked at, a plan is computed, and the plan is carried out.

mod apply;
mod filter;
mod plan;

use std::fs;
use std::path::Path;

use ftp_driver::Runtime;

pub(crate) use filter::Filter;
pub(crate) use plan::Direction;
use plan::{Plan, Rules, Step};

use crate::failure::{Exit, Failure};
use crate::parallel::Sessions;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::tree::{FileNode, Node, Stamp, Tree, walk_local, walk_remote};

/// What to make alike, and how.
#[derive(Debug)]
pub(crate) struct Job<'a> {
    pub(crate) local: &'a Path,
    pub(crate) remote: &'a RemotePath,
    pub(crate) direction: Direction,
    pub(crate) delete: bool,
    pub(crate) dry_run: bool,
    pub(crate) filter: Filter,
}

/// Makes the target of the job like its source.
pub(crate) async fn run<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    job: &Job<'_>,
) -> Result<(), Failure> {
    let session = &mut sessions.first;
    let local = local_tree(job)?;
    let mut remote = remote_tree(session, job).await?;
    ask_for_times(session, job, &mut remote, &local).await?;
    let (source, target) = match job.direction {
        Direction::Up => (&local, &remote),
        Direction::Down => (&remote, &local),
    };
    local.report(&session.console);
    remote.report(&session.console);
    let plan = plan::plan(source, target, job.rules());
    plan.report(session);
    if job.dry_run {
        return apply::show(job, &plan);
    }
    let done = apply::apply(sessions, job, &plan).await?;
    let console = &sessions.first.console;
    console.say(format_args!("{done}, {} unchanged", plan.unchanged));
    Ok(())
}

impl Job<'_> {
    fn rules(&self) -> Rules {
        Rules {
            direction: self.direction,
            delete: self.delete,
            only_files: self.filter.chooses_files(),
        }
    }
}

impl Plan {
    fn report<R: Runtime>(&self, session: &Session<R>) {
        for note in &self.notes {
            session.console.note(note);
        }
        for problem in &self.problems {
            session.console.problem(problem);
        }
    }
}

/// The local tree; an empty one where the target is not there yet.
fn local_tree(job: &Job<'_>) -> Result<Tree, Failure> {
    let is_new = job.direction == Direction::Down && !job.local.exists();
    match is_new {
        false => walk_local(job.local, &job.filter),
        true => {
            if !job.dry_run {
                let made = fs::create_dir_all(job.local);
                made.map_err(|error| Failure::local(job.local, &error))?;
            }
            Ok(Tree::default())
        }
    }
}

/// The remote tree; an empty one where the target is not there yet.
async fn remote_tree<R: Runtime>(session: &mut Session<R>, job: &Job<'_>) -> Result<Tree, Failure> {
    match walk_remote(session, job.remote, &job.filter).await {
        Err(failure) if job.direction == Direction::Up && failure.exit() == Exit::NotFound => {
            if !job.dry_run {
                session.make_folders(job.remote).await?;
            }
            Ok(Tree::default())
        }
        tree => tree,
    }
}

/// A LIST tells times of a clock that is not known. Where the size does not decide, the server is asked for each file.
async fn ask_for_times<R: Runtime>(
    session: &mut Session<R>,
    job: &Job<'_>,
    remote: &mut Tree,
    local: &Tree,
) -> Result<(), Failure> {
    for (below, node) in remote.nodes_mut() {
        let (Node::File(file), Some(Node::File(here))) = (node, local.get(below)) else {
            continue;
        };
        if is_undecided(file, here) {
            let path = below.remote(job.remote)?;
            file.time = session.modified(&path).await?.map(Stamp::of_date);
        }
    }
    Ok(())
}

const fn is_undecided(file: &FileNode, other: &FileNode) -> bool {
    match (file.size, other.size) {
        (Some(size), Some(other)) => size == other && file.time.is_none(),
        _ => file.time.is_none(),
    }
}
