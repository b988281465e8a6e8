//! Fetching: one file to a file, to a stream, or a whole tree into a folder.

use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use ftp_driver::Runtime;
use ftp_driver::client::Error;
use ftp_sansio::wire::{DateTime, Escaped};

use crate::below::{Below, Branches};
use crate::failure::{Exit, Failure, Shown};
use crate::landing::Landing;
use crate::names;
use crate::parallel::Sessions;
use crate::progress::Meter;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::sync::Filter;
use crate::tree::{FileNode, Stamp, Tree, walk_remote};
use crate::verify::Check;

/// A remote file, and what a listing has told of it already.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    pub(crate) path: RemotePath,
    pub(crate) size: Option<u64>,
    pub(crate) modified: Option<DateTime>,
}

impl Wanted {
    pub(crate) const fn new(path: RemotePath) -> Self {
        Self {
            path,
            size: None,
            modified: None,
        }
    }

    /// A file of a tree.
    pub(crate) fn listed(path: RemotePath, file: FileNode) -> Self {
        Self {
            path,
            size: file.size,
            modified: file.time.and_then(Stamp::date),
        }
    }
}

/// Fetches a file to `local`; gives the bytes that were added. With `resume` it goes on where an earlier attempt ended.
pub(crate) async fn to_file<R: Runtime>(
    session: &mut Session<R>,
    wanted: &Wanted,
    local: &Path,
    resume: bool,
) -> Result<u64, Failure> {
    let size = match wanted.size {
        None if resume || session.console.has_bars() => session.size(&wanted.path).await?,
        size => size,
    };
    if resume && is_complete(local, size)? {
        if let Some(mut check) = Check::begin(session).await? {
            check.take_file(local, u64::MAX)?;
            check.finish(session, &wanted.path).await?;
        }
        return Ok(0);
    }
    let mut check = Check::begin(session).await?;
    let landing = match resume {
        true => Landing::resume(local)?,
        false => Landing::replace(local)?,
    };
    let offset = landing.offset();
    let meter = Meter::new(&session.console, wanted.path.as_bytes(), size, offset);
    if let Some(check) = &mut check {
        check.take_file(local, offset)?;
    }
    let bytes = match (&mut check, landing.file()) {
        (None, Some(file)) => {
            let failed = |error: &io::Error| landing.failed(error);
            save(session, &wanted.path, offset, meter, (file, failed)).await?
        }
        (check, _) => {
            let write = |bytes: &[u8]| {
                if let Some(check) = check {
                    check.update(bytes);
                }
                landing.write(bytes)
            };
            receive(session, &wanted.path, offset, meter, write).await?
        }
    };
    // The file is whole now, whatever becomes of the question for its time. A session that was lost by it shows in what comes next.
    let modified = match wanted.modified {
        None => session.modified(&wanted.path).await.unwrap_or(None),
        modified => modified,
    };
    if let Some(check) = check {
        check.finish(session, &wanted.path).await?;
    }
    landing.commit(modified)?;
    Ok(bytes)
}

/// Whether a file to be resumed is there already; a failure when it has more than the remote one.
fn is_complete(local: &Path, size: Option<u64>) -> Result<bool, Failure> {
    let (Ok(there), Some(size)) = (fs::metadata(local), size) else {
        return Ok(false);
    };
    if there.is_file() && there.len() > size {
        let text = format!(
            "{} has {} bytes, more than the remote file ({size}): it is no part of it",
            Shown(local),
            there.len()
        );
        return Err(Failure::new(Exit::Incomplete, text));
    }
    Ok(there.is_file() && there.len() == size)
}

/// Fetches a file to standard output.
pub(crate) async fn to_stdout<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
) -> Result<u64, Failure> {
    let mut check = Check::begin(session).await?;
    let mut out = io::stdout().lock();
    let write = |bytes: &[u8]| {
        if let Some(check) = &mut check {
            check.update(bytes);
        }
        out.write_all(bytes)
            .map_err(|error| Failure::output(&error))
    };
    // A bar and the data would write over each other on a terminal.
    let meter = match io::stdout().is_terminal() {
        true => Meter::hidden(),
        false => Meter::new(&session.console, path.as_bytes(), None, 0),
    };
    let received = receive(session, path, 0, meter, write).await?;
    out.flush().map_err(|error| Failure::output(&error))?;
    if let Some(check) = check {
        check.finish(session, path).await?;
    }
    Ok(received)
}

/// One RETR, from `offset` on. What it hands to `write` is all of the file only once this has returned.
async fn receive<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    offset: u64,
    meter: Meter,
    mut write: impl FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<u64, Failure> {
    let options = session.options(offset);
    let mut count = 0;
    let started = session.client.retrieve(path.to_arg(), options).await;
    let mut download = started.map_err(|error| Failure::remote(path, &error))?;
    let broken = |error| Failure::server(path, &error).in_transfer();
    while let Some(bytes) = download.read().await.map_err(broken)? {
        write(&bytes)?;
        meter.add(bytes.len() as u64);
        count += bytes.len() as u64;
    }
    download.finish().await.map_err(broken)?;
    Ok(count)
}

/// One RETR, from `offset` on, straight into a file.
async fn save<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    offset: u64,
    meter: Meter,
    (file, failed): (Arc<fs::File>, impl Fn(&io::Error) -> Failure),
) -> Result<u64, Failure> {
    let options = session.options(offset);
    let mut count = 0;
    let started = session.client.retrieve(path.to_arg(), options).await;
    let download = started.map_err(|error| Failure::remote(path, &error))?;
    let progress = |bytes| {
        meter.add(bytes);
        count += bytes;
    };
    match download.save_to(file, progress).await {
        Ok(_) => Ok(count),
        Err(Error::File(error)) => Err(failed(&error)),
        Err(error) => Err(Failure::server(path, &error).in_transfer()),
    }
}

/// Where `get` puts a single file: into `local` where that is a folder, into the current folder where nothing is said.
pub(crate) fn destination(path: &RemotePath, local: Option<&Path>) -> Result<PathBuf, Failure> {
    match local {
        Some(local) if !local.is_dir() => Ok(local.to_owned()),
        folder => Ok(folder.unwrap_or(Path::new("")).join(local_name(path)?)),
    }
}

/// The name that a remote file gets here.
pub(crate) fn local_name(path: &RemotePath) -> Result<std::ffi::OsString, Failure> {
    let name = path.name().ok_or_else(|| {
        Failure::usage(format!(
            "{path} names no file; a whole folder is fetched with -r"
        ))
    })?;
    names::to_local(name).map_err(|why| {
        Failure::new(
            Exit::Partial,
            format!("{} is not used as a local name: {why}", Escaped(name)),
        )
    })
}

/// Puts what is in the remote folder `from` into the local folder `to`, which is made if it is not there.
pub(crate) async fn tree<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    from: &RemotePath,
    to: &Path,
    resume: bool,
) -> Result<(), Failure> {
    let tree = walk_remote(&mut sessions.first, from, &Filter::default()).await?;
    tree.report(&sessions.first.console);
    fs::create_dir_all(to).map_err(|error| Failure::local(to, &error))?;
    let mut blocked = Branches::default();
    for below in tree.folders() {
        if blocked.hold(below) {
            continue;
        }
        if let Err(failure) = make_local_folder(to, below) {
            sessions.first.console.problem(&failure);
            blocked.add(below.clone());
        }
    }
    let (files, bytes) = tree.files_beside(&blocked);
    let fetch = async |session: &mut Session<R>, (below, file): (&Below, FileNode)| {
        let wanted = Wanted::listed(below.remote(from)?, file);
        fetch_below(session, &wanted, to, below, resume).await
    };
    sessions.each(files, bytes, fetch).await
}

/// A failure of one file is a problem, and the others go on; a session that is lost ends the work.
pub(crate) fn pass_on<R: Runtime>(session: &Session<R>, failure: Failure) -> Result<(), Failure> {
    if session.is_lost(&failure) {
        return Err(failure);
    }
    session.console.problem(&failure);
    Ok(())
}

/// Fetches one file to its place below `to`; never through a link that stands there.
pub(crate) async fn fetch_below<R: Runtime>(
    session: &mut Session<R>,
    wanted: &Wanted,
    to: &Path,
    below: &Below,
    resume: bool,
) -> Result<(), Failure> {
    let local = below.local(to)?;
    if is_link(&local) {
        return Err(link(&local));
    }
    let bytes = to_file(session, wanted, &local, resume).await?;
    session.console.done("get", below.as_bytes(), Some(bytes));
    Ok(())
}

/// Makes a folder below `to`. A link that stands there is not followed: it may lead anywhere.
pub(crate) fn make_local_folder(to: &Path, below: &Below) -> Result<(), Failure> {
    let path = below.local(to)?;
    match fs::symlink_metadata(&path) {
        Ok(there) if there.is_dir() => Ok(()),
        Ok(there) if there.is_symlink() => Err(link(&path)),
        Ok(_) => {
            let text = format!(
                "{} is a file here, and a folder on the server",
                Shown(&path)
            );
            Err(Failure::new(Exit::Partial, text))
        }
        Err(_) => fs::create_dir(&path).map_err(|error| Failure::local(&path, &error)),
    }
}

fn is_link(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|there| there.is_symlink())
}

fn link(path: &Path) -> Failure {
    let text = format!(
        "{} is a symbolic link here: not written through",
        Shown(path)
    );
    Failure::new(Exit::Partial, text)
}

impl Tree {
    /// Says what was left out, and counts what was not understood.
    pub(crate) fn report(&self, console: &crate::console::Console) {
        for note in &self.notes {
            console.note(note);
        }
        for doubt in &self.doubts {
            console.problem(doubt);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{Scratch, write};

    fn path(text: &str) -> RemotePath {
        RemotePath::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn destinations() {
        let scratch = Scratch::new();
        let to = |local| destination(&path("a/b"), local).unwrap();
        assert_eq!(to(None), Path::new("b"));
        assert_eq!(to(Some(scratch.path())), scratch.path().join("b"));
        assert_eq!(to(Some(Path::new("no/such"))), Path::new("no/such"));
        assert_eq!(
            destination(&path("/"), None).unwrap_err().exit(),
            Exit::Usage
        );
    }

    #[test]
    fn complete_or_too_long() {
        let scratch = Scratch::new();
        let file = write(&scratch, "f", b"abc");
        assert!(is_complete(&file, Some(3)).unwrap());
        assert!(!is_complete(&file, Some(4)).unwrap());
        assert!(!is_complete(&file, None).unwrap());
        assert!(is_complete(&file, Some(2)).is_err());
        assert!(!is_complete(&scratch.path().join("no"), Some(2)).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_not_followed() {
        let scratch = Scratch::new();
        std::os::unix::fs::symlink("/tmp", scratch.path().join("l")).unwrap();
        let below = Below::default().child(b"l").unwrap();
        assert_eq!(
            make_local_folder(scratch.path(), &below)
                .unwrap_err()
                .exit(),
            Exit::Partial
        );
        let below = Below::default().child(b"d").unwrap();
        make_local_folder(scratch.path(), &below).unwrap();
        make_local_folder(scratch.path(), &below).unwrap();
    }
}
