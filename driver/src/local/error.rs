//! What the system says, in the words of a store.

use std::io::{self, ErrorKind};

use crate::storage::{Result, StorageError};

/// The outcome of a system call as a store's outcome.
pub(super) fn check<T>(outcome: io::Result<T>) -> Result<T> {
    outcome.map_err(|error| translate(&error))
}

pub(super) fn translate(error: &io::Error) -> StorageError {
    match error.kind() {
        ErrorKind::NotFound => StorageError::NotFound,
        // cap-std's refusal to leave the root is this as well.
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => StorageError::Denied,
        ErrorKind::AlreadyExists => StorageError::Exists,
        ErrorKind::NotADirectory => StorageError::NotAFolder,
        ErrorKind::IsADirectory => StorageError::IsAFolder,
        ErrorKind::DirectoryNotEmpty => StorageError::NotEmpty,
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StorageError::NoSpace
        }
        // Besides names that the file system has no room or no letters for: a folder moved into itself.
        ErrorKind::InvalidFilename | ErrorKind::InvalidInput => StorageError::NameNotAllowed,
        ErrorKind::CrossesDevices | ErrorKind::Unsupported => StorageError::Unsupported,
        ErrorKind::ResourceBusy
        | ErrorKind::ExecutableFileBusy
        | ErrorKind::WouldBlock
        | ErrorKind::Deadlock => StorageError::Busy,
        _ => translate_number(error),
    }
}

/// What the standard library has no stable word for.
#[cfg(unix)]
fn translate_number(error: &io::Error) -> StorageError {
    use rustix::io::Errno;

    match Errno::from_io_error(error) {
        Some(Errno::MFILE | Errno::NFILE | Errno::NOMEM) => StorageError::Busy,
        // A circle of links; a pipe that nobody reads, or a socket.
        Some(Errno::LOOP | Errno::NXIO) => StorageError::Denied,
        Some(Errno::ILSEQ) => StorageError::NameNotAllowed,
        _ => StorageError::Failed,
    }
}

#[cfg(not(unix))]
fn translate_number(_: &io::Error) -> StorageError {
    StorageError::Failed
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::io::Errno;

    use super::*;

    #[test]
    fn every_number_has_its_word() {
        for (number, word) in [
            (Errno::NOENT, StorageError::NotFound),
            (Errno::ACCESS, StorageError::Denied),
            (Errno::PERM, StorageError::Denied),
            (Errno::ROFS, StorageError::Denied),
            (Errno::LOOP, StorageError::Denied),
            (Errno::NXIO, StorageError::Denied),
            (Errno::EXIST, StorageError::Exists),
            (Errno::NOTDIR, StorageError::NotAFolder),
            (Errno::ISDIR, StorageError::IsAFolder),
            (Errno::NOTEMPTY, StorageError::NotEmpty),
            (Errno::NOSPC, StorageError::NoSpace),
            (Errno::DQUOT, StorageError::NoSpace),
            (Errno::FBIG, StorageError::NoSpace),
            (Errno::NAMETOOLONG, StorageError::NameNotAllowed),
            (Errno::INVAL, StorageError::NameNotAllowed),
            (Errno::ILSEQ, StorageError::NameNotAllowed),
            (Errno::XDEV, StorageError::Unsupported),
            (Errno::MFILE, StorageError::Busy),
            (Errno::NFILE, StorageError::Busy),
            (Errno::BUSY, StorageError::Busy),
            (Errno::TXTBSY, StorageError::Busy),
            (Errno::IO, StorageError::Failed),
        ] {
            assert_eq!(translate(&number.into()), word, "{number}");
        }
    }
}
