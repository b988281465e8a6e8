//! `put`: files, folders and standard input to their places on the server.

use std::io;
use std::path::Path;

use ftp_driver::Runtime;

use crate::failure::Failure;
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
    pub(crate) fn fail<R: Runtime>(
        &self,
        session: &Session<R>,
        failure: Failure,
    ) -> Result<(), Failure> {
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

/// Sends one operand: a file, a folder with `-r`, or `-`.
pub(crate) async fn put_one<R: Runtime>(
    session: &mut Session<R>,
    local: &Path,
    into: &Destination<'_>,
) -> Result<(), Failure> {
    if local.as_os_str() == "-" {
        return put_stdin(session, into).await;
    }
    if into.recursive && local.is_dir() {
        let folder = match into.several {
            true => upload::join(into.path, &upload::remote_name(local)?)?,
            false => into.path.clone(),
        };
        return upload::tree(session, local, &folder, into.resume).await;
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
