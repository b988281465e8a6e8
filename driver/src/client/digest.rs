//! Digests as the server computes them: what an upload or a download is compared by.

use ftp_sansio::client::{Meaning, Outcome};
use ftp_sansio::wire::{Arg, Command, DigestAlgorithm, Features, OptionsCommand};

use super::error::Error;
use super::{Client, Hashing, unexpected};
use crate::runtime::Runtime;

impl<R: Runtime> Client<R> {
    /// The algorithms by which the server says it can digest a file, from the strongest.
    ///
    /// # Errors
    /// What ended the session.
    pub async fn digest_algorithms(&mut self) -> Result<Vec<DigestAlgorithm>, Error> {
        let features = self.features().await?;
        let strongest_first = DigestAlgorithm::ALL.iter().rev().copied();
        Ok(strongest_first
            .filter(|algorithm| {
                features.has(algorithm.verb().name()) || by_hash(&features, *algorithm).is_some()
            })
            .collect())
    }

    /// A file's digest, as the server computes it now: by HASH where that has the algorithm, else by the algorithm's own command
    /// (XSHA256 and its like).
    ///
    /// # Errors
    /// [`Error::Refused`], [`Error::Malformed`] for what is no digest of that kind, or what ended the session. A large file takes its time:
    /// [`Timeouts::digest`](super::Timeouts) has to allow for it.
    pub async fn digest(
        &mut self,
        path: Arg,
        algorithm: DigestAlgorithm,
    ) -> Result<Vec<u8>, Error> {
        let features = self.features().await?;
        let command = match by_hash(&features, algorithm) {
            Some(is_chosen) => {
                let is_in_force = match self.hash {
                    Hashing::AsTold => is_chosen,
                    Hashing::By(chosen) => chosen == algorithm,
                    Hashing::Unknown => false,
                };
                if !is_in_force {
                    self.hash_by(algorithm).await?;
                }
                Command::Hash(path)
            }
            None => Command::Checksum {
                algorithm,
                path,
                range: None,
            },
        };
        match self.ask(command, Meaning::Digest).await? {
            Outcome::Digest(digest) if digest.algorithm == Some(algorithm) => Ok(digest.bytes),
            other => Err(unexpected(other)),
        }
    }

    /// Has HASH digest by this algorithm. Whoever drops this does not know by which it does then.
    async fn hash_by(&mut self, algorithm: DigestAlgorithm) -> Result<(), Error> {
        let before = std::mem::replace(&mut self.hash, Hashing::Unknown);
        let options = OptionsCommand::Hash(Some(algorithm));
        let told = self.command(options.to_command()).await;
        self.hash = match told {
            Ok(_) => Hashing::By(algorithm),
            Err(Error::Refused(_)) => before,
            Err(_) => Hashing::Unknown,
        };
        told.map(drop)
    }
}

/// Whether HASH has this algorithm, and if so whether it is the one in force from the start (draft-bryan-ftpext-hash § 4).
fn by_hash(features: &Features, algorithm: DigestAlgorithm) -> Option<bool> {
    let names = features.parameters("HASH")?.split(|&byte| byte == b';');
    names.map(<[u8]>::trim_ascii).find_map(|name| {
        let bare = name.strip_suffix(b"*").unwrap_or(name);
        (DigestAlgorithm::from_name(bare) == Some(algorithm)).then_some(bare.len() < name.len())
    })
}
