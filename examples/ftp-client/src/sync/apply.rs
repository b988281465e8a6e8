//! Carrying a plan out, or showing it.

use std::cell::RefCell;
use std::fmt;
use std::fs;
use std::io::{self, Write};

use ftp_driver::Runtime;
use ftp_sansio::wire::DateTime;

use super::{Direction, Job, Plan, Step};
use crate::below::{Below, Branches};
use crate::download::{self, Wanted, pass_on};
use crate::failure::Failure;
use crate::parallel::Sessions;
use crate::session::Session;
use crate::tree::FileNode;
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
///
/// First what makes room for the files, over one session; then the files, over as many as there may be; and what is not there any more goes
/// last.
pub(super) async fn apply<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    job: &Job<'_>,
    plan: &Plan,
) -> Result<Done, Failure> {
    let is_delete = |step: &Step| matches!(step, Step::DeleteFile(_) | Step::DeleteFolder(_));
    let last = plan.steps.iter().rposition(|step| !is_delete(step));
    let (steps, deletes) = plan.steps.split_at(last.map_or(0, |last| last + 1));
    let (files, room): (Vec<_>, Vec<_>) = steps
        .iter()
        .partition(|step| matches!(step, Step::Transfer(..)));
    let work = Work {
        job,
        done: RefCell::default(),
        failed: RefCell::default(),
    };
    for step in room {
        work.pass(&mut sessions.first, step).await?;
    }
    let bytes = files.iter().map(|step| step.size()).sum();
    let transfer = async |session: &mut Session<R>, step: &Step| work.take(session, step).await;
    sessions.each(files, bytes, transfer).await?;
    if !deletes.is_empty() {
        let session = sessions.first().await?;
        for step in deletes {
            work.pass(session, step).await?;
        }
    }
    Ok(work.done.into_inner())
}

/// What has been done of a job, and what could not be.
struct Work<'a> {
    job: &'a Job<'a>,
    done: RefCell<Done>,
    failed: RefCell<Branches>,
}

impl Work<'_> {
    /// One step, unless it depends on one that failed.
    async fn take<R: Runtime>(&self, session: &mut Session<R>, step: &Step) -> Result<(), Failure> {
        if self.failed.borrow().hold(step.path()) {
            return Ok(());
        }
        let taken = take(session, self.job, step).await;
        match taken {
            Ok(()) => self.done.borrow_mut().count(step),
            Err(_) => self.failed.borrow_mut().add(step.path().clone()),
        }
        taken
    }

    /// The same, where a failure is a problem unless the session is lost.
    async fn pass<R: Runtime>(&self, session: &mut Session<R>, step: &Step) -> Result<(), Failure> {
        match self.take(session, step).await {
            Err(failure) => pass_on(session, failure),
            Ok(()) => Ok(()),
        }
    }
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

    /// How many bytes it moves, where that is known.
    const fn size(&self) -> Option<u64> {
        match self {
            Self::Transfer(_, file) => file.size,
            _ => Some(0),
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
    let wanted = Wanted::listed(below.remote(job.remote)?, *file);
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
