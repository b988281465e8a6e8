//! The present date, which a machine does not know.

use std::time::SystemTime;

use ftp_sansio::wire::DateTime;

/// The present date and time, in UTC.
pub(crate) fn today() -> DateTime {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = i64::try_from(since.as_secs()).unwrap_or_default();
    DateTime::from_unix(seconds, since.subsec_nanos()).unwrap_or(DateTime::UNIX_EPOCH)
}
