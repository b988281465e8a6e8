//! Sending: one file, a stream, or what is in a folder.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::Path;

use bytes::Bytes;
use ftp_driver::Runtime;
use ftp_driver::client::{Error, Upload};

use crate::below::{Below, Branches};
use crate::download::pass_on;
use crate::failure::{Exit, Failure, Shown};
use crate::names;
use crate::parallel::Sessions;
use crate::progress::Meter;
use crate::remote::RemotePath;
use crate::session::Session;
use crate::sync::Filter;
use crate::tree::{FileNode, walk_local};
use crate::verify::Check;

/// How much is read from a file at once.
const PIECE: usize = 256 * 1024;

/// Sends a file; gives the bytes that were read. With `resume` it sends what the server does not have yet.
pub(crate) async fn from_file<R: Runtime>(
    session: &mut Session<R>,
    local: &Path,
    remote: &RemotePath,
    resume: bool,
) -> Result<u64, Failure> {
    let (mut file, size) = open(local)?;
    let offset = match (resume, size) {
        (true, Some(size)) => match offset(session, remote, size).await? {
            Some(offset) => offset,
            None => {
                if let Some(mut check) = Check::begin(session).await? {
                    check.take_file(local, size)?;
                    check.finish(session, remote).await?;
                }
                return Ok(0);
            }
        },
        _ => 0,
    };
    match send_file(session, (&mut file, local, size), remote, offset).await {
        // A ProFTPD that does not say so (see `connecting::connect`): with no ticket left it refuses, but that handshake has brought new
        // ones.
        Err(failure) if failure.is_unopened() && session.is_protected() => {
            session.console.detail(format_args!("{failure}: once more"));
            send_file(session, (&mut file, local, size), remote, offset).await
        }
        done => done,
    }
}

/// Sends a file from `offset` on.
async fn send_file<R: Runtime>(
    session: &mut Session<R>,
    (file, local, size): (&mut File, &Path, Option<u64>),
    remote: &RemotePath,
    offset: u64,
) -> Result<u64, Failure> {
    let mut check = Check::begin(session).await?;
    if let Some(check) = &mut check {
        check.take_file(local, offset)?;
    }
    let seek = file.seek(SeekFrom::Start(offset));
    if let Err(error) = seek
        && offset > 0
    {
        return Err(Failure::local(local, &error));
    }
    let meter = Meter::new(&session.console, remote.as_bytes(), size, offset);
    let upload = start(session, remote, offset).await?;
    // A plain file goes straight to the connection, unless its bytes are to be seen on their way.
    if check.is_none() && size.is_some() {
        let file = file
            .try_clone()
            .map_err(|error| Failure::local(local, &error))?;
        return send_straight(upload, remote, file, local, &meter).await;
    }
    let mut whole = Whole::new(file, size, offset);
    let bytes = send(upload, remote, &mut whole, local, &meter, check.as_mut()).await?;
    if let Some(check) = check {
        check.finish(session, remote).await?;
    }
    Ok(bytes)
}

/// Reads what a plain file held when it was opened, which is what [`Upload::send_from`] sends of one; of what tells no size all there is.
struct Whole<'a> {
    file: &'a mut File,
    left: Option<u64>,
}

impl<'a> Whole<'a> {
    fn new(file: &'a mut File, size: Option<u64>, offset: u64) -> Self {
        let size = size.filter(|&size| size > 0);
        Self {
            file,
            left: size.map(|size| size.saturating_sub(offset)),
        }
    }
}

impl Read for Whole<'_> {
    /// A file that has become shorter is an error, and no shorter file.
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        let Some(left) = &mut self.left else {
            return self.file.read(room);
        };
        let most = usize::try_from(*left).map_or(room.len(), |left| left.min(room.len()));
        let count = self.file.read(&mut room[..most])?;
        if count == 0 && most > 0 {
            let text = "it became shorter while it was sent";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, text));
        }
        *left -= count as u64;
        Ok(count)
    }
}

/// Sends what a plain file holds. The file is there only once this has returned.
async fn send_straight<R: Runtime>(
    upload: Upload<'_, R>,
    remote: &RemotePath,
    file: File,
    local: &Path,
    meter: &Meter,
) -> Result<u64, Failure> {
    let mut total = 0;
    let progress = |bytes| {
        meter.add(bytes);
        total += bytes;
    };
    match upload.send_from(file, progress).await {
        Ok(_) => Ok(total),
        Err(Error::File(error)) => Err(Failure::local(local, &error)),
        Err(error) => Err(Failure::server(remote, &error).in_transfer()),
    }
}

/// Opens a file to be sent, and tells its size if it has one.
fn open(path: &Path) -> Result<(File, Option<u64>), Failure> {
    let failed = |error: io::Error| Failure::local(path, &error);
    let file = File::open(path).map_err(failed)?;
    let there = file.metadata().map_err(failed)?;
    if there.is_dir() {
        let text = format!("{} is a folder; it is sent with -r", Shown(path));
        return Err(Failure::new(Exit::NotFound, text));
    }
    Ok((file, there.is_file().then_some(there.len())))
}

/// How much of a file the server has already; `None` when that is all.
async fn offset<R: Runtime>(
    session: &mut Session<R>,
    remote: &RemotePath,
    size: u64,
) -> Result<Option<u64>, Failure> {
    let there = session.size(remote).await?.unwrap_or(0);
    if there > size {
        let text = format!(
            "the remote file {remote} has {there} bytes, more than the local one ({size}): it is no part of it"
        );
        return Err(Failure::new(Exit::Incomplete, text));
    }
    Ok((there < size).then_some(there))
}

/// Sends what a stream has to say, such as standard input.
pub(crate) async fn from_reader<R: Runtime>(
    session: &mut Session<R>,
    reader: &mut impl Read,
    remote: &RemotePath,
) -> Result<u64, Failure> {
    let meter = Meter::new(&session.console, remote.as_bytes(), None, 0);
    let mut check = Check::begin(session).await?;
    let upload = start(session, remote, 0).await?;
    let shown = "standard input".as_ref();
    let bytes = send(upload, remote, reader, shown, &meter, check.as_mut()).await?;
    if let Some(check) = check {
        check.finish(session, remote).await?;
    }
    Ok(bytes)
}

/// STOR; in the middle of a file REST and STOR, or APPE where the server has no REST.
async fn start<'s, R: Runtime>(
    session: &'s mut Session<R>,
    remote: &RemotePath,
    offset: u64,
) -> Result<Upload<'s, R>, Failure> {
    let (plain, resumed) = (session.options(0), session.options(offset));
    let refused =
        |error: Error| Failure::server(format_args!("the server does not take {remote}"), &error);
    if offset == 0 {
        return session
            .client
            .store(remote.to_arg(), plain)
            .await
            .map_err(refused);
    }
    if session.has("REST").await? {
        return session
            .client
            .store(remote.to_arg(), resumed)
            .await
            .map_err(refused);
    }
    session
        .client
        .append(remote.to_arg(), plain)
        .await
        .map_err(refused)
}

/// Sends all that `reader` gives. The file is there only once this has returned.
async fn send<R: Runtime>(
    mut upload: Upload<'_, R>,
    remote: &RemotePath,
    reader: &mut impl Read,
    shown: &Path,
    meter: &Meter,
    mut check: Option<&mut Check>,
) -> Result<u64, Failure> {
    let broken = |error| Failure::server(remote, &error).in_transfer();
    let mut buffer = vec![0; PIECE];
    let mut total = 0;
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::local(shown, &error)),
        };
        if let Some(check) = &mut check {
            check.update(&buffer[..count]);
        }
        let piece = Bytes::copy_from_slice(&buffer[..count]);
        upload.write(piece).await.map_err(broken)?;
        meter.add(count as u64);
        total += count as u64;
    }
    upload.finish().await.map_err(broken)?;
    Ok(total)
}

/// The remote name of a local file: its own, or what the path means where it ends in `..`.
pub(crate) fn remote_name(local: &Path) -> Result<Vec<u8>, Failure> {
    let whole = match local.file_name() {
        Some(_) => local.to_owned(),
        None => fs::canonicalize(local).map_err(|error| Failure::local(local, &error))?,
    };
    let name = whole.file_name().and_then(names::to_remote);
    name.ok_or_else(|| {
        let text = format!("{} has no name that could be sent", Shown(local));
        Failure::new(Exit::Partial, text)
    })
}

/// A remote path that a local name leads to.
pub(crate) fn join(folder: &RemotePath, name: &[u8]) -> Result<RemotePath, Failure> {
    folder.join(name).map_err(|error| {
        let shown = ftp_sansio::wire::Escaped(name);
        Failure::new(
            Exit::Partial,
            format!("{shown} cannot be sent as a name: {error}"),
        )
    })
}

/// Puts what is in the local folder `from` into the remote folder `to`, which is made if it is not there.
pub(crate) async fn tree<R: Runtime>(
    sessions: &mut Sessions<'_, R>,
    from: &Path,
    to: &RemotePath,
    resume: bool,
) -> Result<(), Failure> {
    let tree = walk_local(from, &Filter::default())?;
    let session = sessions.first().await?;
    tree.report(&session.console);
    session.make_folders(to).await?;
    let mut blocked = Branches::default();
    for below in tree.folders() {
        if blocked.hold(below) {
            continue;
        }
        if let Err(failure) = make_remote_folder(session, to, below).await {
            pass_on(session, failure)?;
            blocked.add(below.clone());
        }
    }
    let (files, bytes) = tree.files_beside(&blocked);
    let send = async |session: &mut Session<R>, (below, _): (&Below, FileNode)| {
        send_below(session, from, to, below, resume).await
    };
    sessions.each(files, bytes, send).await
}

pub(crate) async fn make_remote_folder<R: Runtime>(
    session: &mut Session<R>,
    to: &RemotePath,
    below: &Below,
) -> Result<(), Failure> {
    session.make_folder(&below.remote(to)?).await
}

/// Sends one file of a tree to its place below `to`.
pub(crate) async fn send_below<R: Runtime>(
    session: &mut Session<R>,
    from: &Path,
    to: &RemotePath,
    below: &Below,
    resume: bool,
) -> Result<(), Failure> {
    let (local, remote) = (below.local(from)?, below.remote(to)?);
    let bytes = from_file(session, &local, &remote, resume).await?;
    session.console.done("put", below.as_bytes(), Some(bytes));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{Scratch, write};

    #[test]
    fn remote_names() {
        assert_eq!(remote_name(Path::new("a/b c")).unwrap(), b"b c");
        let scratch = Scratch::new();
        let inner = write(&scratch, "d/f", b"").parent().unwrap().join("..");
        let name = scratch
            .path()
            .file_name()
            .unwrap()
            .as_encoded_bytes()
            .to_vec();
        assert_eq!(remote_name(&inner).unwrap(), name);
    }

    #[test]
    fn a_file_is_sent_as_long_as_it_was() {
        let scratch = Scratch::new();
        let path = write(&scratch, "file", b"0123456789");
        let read = |length: u64, offset: u64| {
            let (mut file, size) = open(&path).unwrap();
            file.seek(SeekFrom::Start(offset)).unwrap();
            File::options()
                .write(true)
                .open(&path)
                .unwrap()
                .set_len(length)
                .unwrap();
            let mut all = Vec::new();
            let told = Whole::new(&mut file, size, offset).read_to_end(&mut all);
            fs::write(&path, b"0123456789").unwrap();
            told.map(|_| all).map_err(|error| error.kind())
        };
        assert_eq!(read(10, 4).unwrap(), b"456789");
        assert_eq!(read(12, 4).unwrap(), b"456789", "it has grown");
        assert_eq!(read(12, 10).unwrap(), b"");
        for length in [0, 4, 9] {
            assert_eq!(read(length, 4), Err(io::ErrorKind::UnexpectedEof));
        }
        let mut endless = File::open("/dev/zero").unwrap();
        let mut room = [1; 8];
        assert_eq!(
            Whole::new(&mut endless, None, 0).read(&mut room).unwrap(),
            8
        );
    }

    #[test]
    fn what_cannot_be_sent_is_one_line() {
        let scratch = Scratch::new();
        assert_eq!(open(scratch.path()).unwrap_err().exit(), Exit::NotFound);
        assert_eq!(
            open(&scratch.path().join("no")).unwrap_err().exit(),
            Exit::NotFound
        );
        assert!(join(&RemotePath::default(), b"a\nb").is_err());
    }
}
