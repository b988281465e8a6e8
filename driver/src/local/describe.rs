//! What the system knows of a file, as an [`Entry`].

use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use cap_std::fs::{FileType, Metadata};
use ftp_sansio::listing::{Entry, Kind, Modified, Precision, Zone};
use ftp_sansio::wire::DateTime;

/// Everything but a link's target, which only a listing tells.
pub(super) fn describe(name: impl Into<Bytes>, metadata: &Metadata) -> Entry {
    let mut entry = Entry::new(name, kind(metadata.file_type()));
    // A folder's size counts the file system's own blocks and means nothing to a client.
    entry.size = (!metadata.is_dir()).then(|| metadata.len());
    let date = |time: cap_std::time::SystemTime| modified(time.into_std());
    entry.modified = metadata.modified().ok().and_then(date);
    // Not every file system keeps it.
    entry.created = metadata.created().ok().and_then(date);
    #[cfg(unix)]
    describe_unix(&mut entry, metadata);
    entry
}

pub(super) fn kind(kind: FileType) -> Kind {
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Symlink
    } else {
        Kind::Other
    }
}

#[cfg(unix)]
fn describe_unix(entry: &mut Entry, metadata: &Metadata) {
    use cap_std::fs::MetadataExt;
    use ftp_sansio::listing::Permissions;

    // The twelve low bits fit.
    entry.permissions = Some(Permissions::new((metadata.mode() & 0o7777) as u16));
    entry.links = Some(metadata.nlink());
    // Numbers: to look names up may block for as long as a directory service likes, and tells who has an account here.
    entry.owner = Some(metadata.uid().to_string().into());
    entry.group = Some(metadata.gid().to_string().into());
    entry.unique = Some(format!("{:x}:{:x}", metadata.dev(), metadata.ino()).into());
}

fn modified(time: SystemTime) -> Option<Modified> {
    let (seconds, nanoseconds) = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => (i64::try_from(after.as_secs()).ok()?, after.subsec_nanos()),
        // Before the epoch: seconds round down, so that the fraction counts forward.
        Err(before) => {
            let before = before.duration();
            let seconds = -i64::try_from(before.as_secs()).ok()?;
            match before.subsec_nanos() {
                0 => (seconds, 0),
                nanoseconds => (seconds - 1, 1_000_000_000 - nanoseconds),
            }
        }
    };
    let date = DateTime::from_unix(seconds, nanoseconds)?;
    Some(Modified {
        date,
        precision: Precision::Subsecond,
        zone: Zone::Utc,
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn dates_on_both_sides_of_the_epoch() {
        let date = |time| {
            modified(time).map(|modified| (modified.date.to_unix(), modified.date.nanosecond()))
        };
        assert_eq!(date(UNIX_EPOCH), Some((0, 0)));
        assert_eq!(
            date(UNIX_EPOCH + Duration::from_millis(1500)),
            Some((1, 500_000_000))
        );
        assert_eq!(
            date(UNIX_EPOCH - Duration::from_millis(1500)),
            Some((-2, 500_000_000))
        );
        assert_eq!(date(UNIX_EPOCH - Duration::from_secs(3)), Some((-3, 0)));
    }
}
