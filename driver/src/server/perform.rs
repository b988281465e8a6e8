//! What the machine asks of a store, put to it.

use std::sync::Arc;

use ftp_sansio::listing::{Kind, Permissions};
use ftp_sansio::server::{Answer, Operation};
use ftp_sansio::wire::VirtualPath;

use crate::storage::{Entries, Result, Storage, StorageError};

/// Whether an operation changes files at a stroke. To drop it does not stop it then: it may be under way on another thread. What takes long
/// goes on piece by piece instead, and stops between two of them.
pub(super) const fn is_a_stroke(operation: &Operation) -> bool {
    matches!(
        operation,
        Operation::Delete(_)
            | Operation::MakeFolder(_)
            | Operation::MakeFolders(_)
            | Operation::RemoveFolder(_)
            | Operation::Rename { .. }
            | Operation::Change { .. }
            | Operation::Link { .. }
    )
}

/// Begins an operation. Dropping the future gives it up.
pub(super) fn begin<S: Storage>(
    storage: &mut Arc<S>,
    operation: Operation,
) -> impl Future<Output = Result<Answer>> + Send + use<S> {
    // A umask is this session's alone, and so is the store that heeds it from now on.
    let chosen = match operation {
        Operation::Umask(mask) => Some(umask(storage, mask)),
        _ => None,
    };
    let storage = storage.clone();
    async move {
        match chosen {
            Some(answer) => answer,
            None => perform(&*storage, operation).await,
        }
    }
}

fn umask<S: Storage>(storage: &mut Arc<S>, mask: Option<Permissions>) -> Result<Answer> {
    if let Some(mask) = mask {
        let masked = storage.with_umask(mask).ok_or(StorageError::Unsupported)?;
        *storage = Arc::new(masked);
        return Ok(Answer::Umask(mask));
    }
    let mask = storage.umask().ok_or(StorageError::Unsupported)?;
    Ok(Answer::Umask(mask))
}

async fn perform<S: Storage>(storage: &S, operation: Operation) -> Result<Answer> {
    let done = |()| Answer::Done;
    let entry = |entry| Answer::Entry(Box::new(entry));
    match operation {
        Operation::Enter(path) => match storage.inspect(&path).await?.kind {
            Kind::Folder => Ok(Answer::Done),
            _ => Err(StorageError::NotAFolder),
        },
        Operation::Inspect(path) => storage.inspect(&path).await.map(entry),
        Operation::Glance { path, limit } => glance(storage, &path, limit).await,
        Operation::Delete(path) => storage.delete(&path).await.map(done),
        Operation::MakeFolder(path) => storage.make_folder(&path).await.map(done),
        Operation::RemoveFolder(path) => storage.remove_folder(&path).await.map(done),
        Operation::Rename { from, to } => storage.rename(&from, &to).await.map(done),
        Operation::MakeFolders(path) => storage.make_folders(&path).await.map(done),
        Operation::RemoveTree(path) => storage.remove_tree(&path).await.map(done),
        Operation::Change { path, changes } => storage.change(&path, changes).await.map(entry),
        Operation::Link { path, target } => storage.link(&path, &target).await.map(done),
        Operation::Copy { from, to } => storage.copy(&from, &to).await.map(done),
        Operation::Combine { target, parts } => storage.combine(&target, &parts).await.map(done),
        Operation::Digest {
            path,
            algorithm,
            range,
        } => {
            let digest = storage.digest(&path, algorithm, range).await;
            digest.map(Answer::Digest)
        }
        Operation::Available(path) => storage.available(&path).await.map(Answer::Available),
        Operation::Site(request) => storage.site(&request).await.map(Answer::Text),
        // `Operation` may grow; a driver that is older than its core cannot do what it does not know.
        _ => Err(StorageError::Unsupported),
    }
}

async fn glance<S: Storage>(storage: &S, path: &VirtualPath, limit: usize) -> Result<Answer> {
    let mut listing = storage.list(path).await?;
    let (mut entries, at) = (Vec::new(), crate::calendar::today());
    loop {
        let some = listing.next().await?;
        if some.is_empty() {
            return Ok(Answer::Entries {
                entries,
                more: false,
                at,
            });
        }
        entries.extend(some);
        if entries.len() > limit {
            entries.truncate(limit);
            return Ok(Answer::Entries {
                entries,
                more: true,
                at,
            });
        }
    }
}
