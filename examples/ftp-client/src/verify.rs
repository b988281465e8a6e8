//! `--verify`: whether what arrived is what was sent, by a digest that both ends compute, or at least by its size.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use ftp_driver::Runtime;
use ftp_driver::client::Error;
use ftp_driver::digest::Hasher;
use ftp_sansio::wire::DigestAlgorithm;

use crate::failure::{Exit, Failure};
use crate::remote::RemotePath;
use crate::session::Session;

/// How long a digest may take at the least, and by how many bytes of the file it may take a second more: a server computes it before it says
/// anything, on a slow disk or with much else to do.
const PATIENCE: Duration = Duration::from_secs(300);
const BYTES_PER_SECOND: u64 = 4 << 20;

/// How much of a file is read at once.
const PIECE: usize = 256 * 1024;

/// Of a text that is converted on its way, no two ends have the same bytes.
pub(crate) fn not_as_text() -> Failure {
    Failure::usage("--verify compares bytes, which a text transfer (--ascii, ;type=a) changes")
}

/// What passes by on its way, to be compared with what the server has.
#[derive(Debug)]
pub(crate) struct Check {
    /// Nothing where the server has no digest.
    hasher: Option<Hasher>,
    bytes: u64,
}

impl Check {
    /// Begins where `--verify` asks for it. The strongest digest that the server has is computed; without one, bytes are counted.
    pub(crate) async fn begin<R: Runtime>(
        session: &mut Session<R>,
    ) -> Result<Option<Self>, Failure> {
        if !session.verify {
            return Ok(None);
        }
        let offered = session.digest_algorithms().await?;
        Ok(Some(Self {
            hasher: offered.into_iter().find_map(Hasher::new),
            bytes: 0,
        }))
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        if let Some(hasher) = &mut self.hasher {
            hasher.update(bytes);
        }
    }

    /// Takes in the first `count` bytes of a file: what was moved before.
    pub(crate) fn take_file(&mut self, path: &Path, count: u64) -> Result<(), Failure> {
        let failed = |error: io::Error| Failure::local(path, &error);
        if count == 0 {
            return Ok(());
        }
        let mut rest = File::open(path).map_err(failed)?.take(count);
        let mut buffer = vec![0; PIECE];
        loop {
            match rest.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => self.update(&buffer[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(failed(error)),
            }
        }
    }

    /// Compares with what the server has now.
    ///
    /// # Errors
    /// It has something else: [`Exit::Incomplete`].
    pub(crate) async fn finish<R: Runtime>(
        self,
        session: &mut Session<R>,
        path: &RemotePath,
    ) -> Result<(), Failure> {
        if let Some(hasher) = self.hasher {
            let algorithm = hasher.algorithm();
            if let Some(digest) = session.digest(path, algorithm, self.bytes).await? {
                session
                    .console
                    .detail(format_args!("{path}: {algorithm} compared"));
                return match digest == hasher.finish() {
                    true => Ok(()),
                    false => Err(differs(path, format_args!("{algorithm} differs"))),
                };
            }
        }
        match session.size(path).await? {
            Some(size) if size == self.bytes => {
                session.console.note(format_args!(
                    "{path}: verified by its size alone, for want of a digest"
                ));
                Ok(())
            }
            Some(size) => Err(differs(
                path,
                format_args!("{} bytes were moved, and it has {size}", self.bytes),
            )),
            None => {
                session.console.problem(format_args!(
                    "{path}: not verified: the server tells neither a digest nor a size"
                ));
                Ok(())
            }
        }
    }
}

impl<R: Runtime> Session<R> {
    /// The algorithms by which the server digests files, from the strongest.
    pub(crate) async fn digest_algorithms(&mut self) -> Result<Vec<DigestAlgorithm>, Failure> {
        let asked = self.client.digest_algorithms().await;
        asked.map_err(|error| Failure::server("FEAT", &error))
    }

    /// What the server makes of a file of this many bytes; `None`, and a note, where it gives no digest.
    pub(crate) async fn digest(
        &mut self,
        path: &RemotePath,
        algorithm: DigestAlgorithm,
        size: u64,
    ) -> Result<Option<Vec<u8>>, Failure> {
        let mut patient = self.client.with_deadline(patience(size));
        match patient.digest(path.to_arg(), algorithm).await {
            Ok(digest) => Ok(Some(digest)),
            Err(error @ (Error::Refused(_) | Error::Malformed(_) | Error::Aborted)) => {
                self.console
                    .note(format_args!("{path}: no {algorithm}: {error}"));
                Ok(None)
            }
            Err(error) => Err(Failure::server(path, &error)),
        }
    }
}

/// How long the digest of so many bytes is waited for.
fn patience(size: u64) -> Duration {
    PATIENCE + Duration::from_secs(size / BYTES_PER_SECOND)
}

fn differs(path: &RemotePath, what: impl std::fmt::Display) -> Failure {
    let text = format!("{path} is not the same here and there: {what}");
    Failure::new(Exit::Incomplete, text)
}
