//! Whether a file is the one that it was, as it was.

use cap_std::fs::Metadata;

/// A file as it was when it was looked at. The system sets the time of the last change of anything (ctime) itself: a client that sets the
/// time of the last modification back does not make the file what it was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Version {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) size: u64,
    pub(super) modified: (i64, i64),
    pub(super) changed: (i64, i64),
}

impl Version {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use cap_std::fs::MetadataExt;

        Self {
            device: metadata.dev(),
            inode: metadata.ino(),
            size: metadata.size(),
            modified: (metadata.mtime(), metadata.mtime_nsec()),
            changed: (metadata.ctime(), metadata.ctime_nsec()),
        }
    }

    /// Elsewhere a file has no name of its own that is cheap to ask for: one of the same size and time passes for the same.
    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Self {
        use std::time::UNIX_EPOCH;

        let modified = metadata.modified().ok();
        let since = modified.and_then(|time| time.into_std().duration_since(UNIX_EPOCH).ok());
        let seconds =
            |since: std::time::Duration| i64::try_from(since.as_secs()).unwrap_or(i64::MAX);
        Self {
            device: 0,
            inode: 0,
            size: metadata.len(),
            modified: since.map_or((0, 0), |since| {
                (seconds(since), since.subsec_nanos().into())
            }),
            changed: (0, 0),
        }
    }
}
