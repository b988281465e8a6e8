//! `put`: files, folders and standard input to their places on the server.

use std::io;
use std::path::{Path, PathBuf};

use ftp_driver::Runtime;

use crate::failure::Failure;
use crate::parallel::Sessions;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::{download, upload};

/// Where `put` puts things, and how.
#[derive(Debug)]
pub(crate) struct Destination<'a> {
    pub(crate) folder: bool,
    pub(crate) several: bool,
    pub(crate) path: &'a RemotePath,
    pub(crate) recursive: bool,
    pub(crate) resume: bool,
}

impl Destination<'_> {
    /// One of several is a problem; the only one is the failure of the program.
    fn fail<R: Runtime>(&self, session: &Session<R>, failure: Failure) -> Result<(), Failure> {
        match self.several {
            true => download::pass_on(session, failure),
            false => Err(failure),
        }
    }

    fn file(&self, name: &[u8]) -> Result<RemotePath, Failure> {
        match self.folder {
            true => upload::join(self.path, name),
            false => Ok(self.path.clone()),
        }
    }
}

/// Sends the operands: folders with `-r`, one after the other, and then the files.
pub(crate) async fn put_all<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    locals: &[PathBuf],
    into: &Destination<'_>,
) -> Result<(), Failure> {
    let is_tree = |local: &&PathBuf| into.recursive && local.as_os_str() != "-" && local.is_dir();
    let (trees, files): (Vec<_>, Vec<_>) = locals.iter().partition(is_tree);
    for local in trees {
        if let Err(failure) = put_tree(sessions, local, into).await {
            into.fail(&sessions.first, failure)?;
        }
    }
    match files[..] {
        [file] if !into.several => put_file(&mut sessions.first, file, into).await,
        _ => {
            let send = async |session: &mut Session<R>, local: &PathBuf| {
                put_file(session, local, into).await
            };
            sessions.each(files, None, send).await
        }
    }
}

async fn put_tree<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    local: &Path,
    into: &Destination<'_>,
) -> Result<(), Failure> {
    let folder = match into.several {
        true => upload::join(into.path, &upload::remote_name(local)?)?,
        false => into.path.clone(),
    };
    upload::tree(sessions, local, &folder, into.resume).await
}

/// Sends a file, or `-`.
async fn put_file<R: Runtime>(
    session: &mut Session<R>,
    local: &Path,
    into: &Destination<'_>,
) -> Result<(), Failure> {
    if local.as_os_str() == "-" {
        return put_stdin(session, into).await;
    }
    let path = into.file(&upload::remote_name(local)?)?;
    let bytes = upload::from_file(session, local, &path, into.resume).await?;
    session.console.done("put", path.as_bytes(), Some(bytes));
    Ok(())
}

async fn put_stdin<R: Runtime>(
    session: &mut Session<R>,
    into: &Destination<'_>,
) -> Result<(), Failure> {
    if into.folder || into.resume {
        return Err(Failure::usage(
            "standard input has no name and no middle: the URL names the file, without -c",
        ));
    }
    let bytes = upload::from_reader(session, &mut io::stdin().lock(), into.path).await?;
    session
        .console
        .done("put", into.path.as_bytes(), Some(bytes));
    Ok(())
}
