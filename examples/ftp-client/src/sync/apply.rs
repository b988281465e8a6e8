//! Carrying a plan out, or showing it.

use std::fmt;
use std::fs;
use std::io::{self, Write};

use ftp_driver::Runtime;
use ftp_sansio::wire::DateTime;

use super::{Direction, Job, Plan, Step};
use crate::below::{Below, Branches};
use crate::download::{self, Wanted, pass_on};
use crate::failure::Failure;
use crate::session::Session;
use crate::tree::{FileNode, Stamp};
use crate::upload;

/// What has been done.
#[derive(Debug, Default)]
pub(super) struct Done {
    transferred: usize,
    deleted: usize,
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} transferred, {} deleted",
            self.transferred, self.deleted
        )
    }
}

/// Does all of it; a step that fails is a problem, and what depends on it is left out.
pub(super) async fn apply<R: Runtime>(
    session: &mut Session<R>,
    job: &Job<'_>,
    plan: &Plan,
) -> Result<Done, Failure> {
    let mut done = Done::default();
    let mut failed = Branches::default();
    for step in &plan.steps {
        if failed.hold(step.path()) {
            continue;
        }
        match take(session, job, step).await {
            Ok(()) => done.count(step),
            Err(failure) => {
                pass_on(session, failure)?;
                failed.add(step.path().clone());
            }
        }
    }
    Ok(done)
}

impl Done {
    fn count(&mut self, step: &Step) {
        match step {
            Step::Transfer(..) => self.transferred += 1,
            Step::DeleteFile(_) | Step::DeleteFolder(_) => self.deleted += 1,
            Step::MakeFolder(_) => {}
        }
    }
}

impl Step {
    const fn path(&self) -> &Below {
        match self {
            Self::DeleteFile(path)
            | Self::DeleteFolder(path)
            | Self::MakeFolder(path)
            | Self::Transfer(path, _) => path,
        }
    }
}

async fn take<R: Runtime>(
    session: &mut Session<R>,
    job: &Job<'_>,
    step: &Step,
) -> Result<(), Failure> {
    match (job.direction, step) {
        (Direction::Up, Step::Transfer(below, file)) => send(session, job, below, file).await,
        (Direction::Up, Step::MakeFolder(below)) => {
            upload::make_remote_folder(session, job.remote, below).await
        }
        (Direction::Up, Step::DeleteFile(below)) => {
            let path = below.remote(job.remote)?;
            let deleted = session.client.delete(path.to_arg()).await;
            deleted.map_err(|error| Failure::server(&path, &error))?;
            session.console.done("delete", below.as_bytes(), None);
            Ok(())
        }
        (Direction::Up, Step::DeleteFolder(below)) => {
            let path = below.remote(job.remote)?;
            let removed = session.client.remove_folder(path.to_arg()).await;
            removed.map_err(|error| Failure::server(&path, &error))?;
            session.console.done("rmdir", below.as_bytes(), None);
            Ok(())
        }
        (Direction::Down, Step::Transfer(below, file)) => fetch(session, job, below, file).await,
        (Direction::Down, Step::MakeFolder(below)) => download::make_local_folder(job.local, below),
        (Direction::Down, Step::DeleteFile(below)) => {
            delete_local(session, job, below, "delete", |path| fs::remove_file(path))
        }
        (Direction::Down, Step::DeleteFolder(below)) => {
            delete_local(session, job, below, "rmdir", |path| fs::remove_dir(path))
        }
    }
}

fn delete_local<R: Runtime>(
    session: &Session<R>,
    job: &Job<'_>,
    below: &Below,
    event: &str,
    delete: impl FnOnce(&std::path::Path) -> io::Result<()>,
) -> Result<(), Failure> {
    let path = below.local(job.local)?;
    delete(&path).map_err(|error| Failure::local(&path, &error))?;
    session.console.done(event, below.as_bytes(), None);
    Ok(())
}

async fn fetch<R: Runtime>(
    session: &mut Session<R>,
    job: &Job<'_>,
    below: &Below,
    file: &FileNode,
) -> Result<(), Failure> {
    let wanted = Wanted {
        path: below.remote(job.remote)?,
        size: file.size,
        modified: file.time.and_then(Stamp::date),
    };
    download::fetch_below(session, &wanted, job.local, below, false).await
}

/// Sends a file, and gives it its time where the server lets one: the next sync finds nothing to do, in either direction.
async fn send<R: Runtime>(
    session: &mut Session<R>,
    job: &Job<'_>,
    below: &Below,
    file: &FileNode,
) -> Result<(), Failure> {
    upload::send_below(session, job.local, job.remote, below, false).await?;
    let time = file
        .time
        .and_then(|stamp| DateTime::from_unix(stamp.seconds, 0));
    if let Some(time) = time {
        let path = below.remote(job.remote)?;
        session.set_time(&path, time).await?;
    }
    Ok(())
}

/// Shows what would be done, one step a line, on standard output.
pub(super) fn show(job: &Job<'_>, plan: &Plan) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    let transfer = match job.direction {
        Direction::Up => "put",
        Direction::Down => "get",
    };
    for step in &plan.steps {
        let word = match step {
            Step::DeleteFile(_) => "delete",
            Step::DeleteFolder(_) => "rmdir",
            Step::MakeFolder(_) => "mkdir",
            Step::Transfer(..) => transfer,
        };
        writeln!(out, "{word} {}", step.path()).map_err(|error| Failure::output(&error))?;
    }
    Ok(())
}
