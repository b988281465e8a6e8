//! Names: a virtual path as the system wants it, and the names that this store makes up.

use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use bytes::Bytes;
use ftp_sansio::wire::VirtualPath;

use crate::storage::{Result, StorageError};

const UPLOAD_PREFIX: &str = ".ftp-upload-";
const UPLOAD_SUFFIX: &str = "~";
const UPLOAD_DIGITS: usize = 32;

/// The path as one below the root's handle; the root itself is `.`.
pub(super) fn relative(path: &VirtualPath) -> Result<PathBuf> {
    match path.as_bytes() {
        [b'/', rest @ ..] if !rest.is_empty() => os_string(rest).map(PathBuf::from),
        _ => Ok(PathBuf::from(".")),
    }
}

/// On Unix a name is bytes.
#[cfg(unix)]
#[allow(
    clippy::unnecessary_wraps,
    reason = "other systems take not every name"
)]
pub(super) fn os_string(name: &[u8]) -> Result<OsString> {
    use std::os::unix::ffi::OsStrExt;
    Ok(OsStr::from_bytes(name).to_owned())
}

/// Elsewhere a name is text, and some of it is syntax: separators, drives and streams would make it another name.
#[cfg(not(unix))]
pub(super) fn os_string(name: &[u8]) -> Result<OsString> {
    match std::str::from_utf8(name) {
        Ok(text) if !text.contains(['\\', ':']) => Ok(text.into()),
        _ => Err(StorageError::NameNotAllowed),
    }
}

/// A name of the system as it travels.
pub(super) fn bytes(name: OsString) -> Bytes {
    #[cfg(unix)]
    let name = std::os::unix::ffi::OsStringExt::into_vec(name);
    #[cfg(not(unix))]
    let name = name.to_string_lossy().into_owned();
    Bytes::from(name)
}

/// A name for an upload that is under way. It cannot be guessed, so that nobody puts a link there first.
pub(super) fn upload() -> Result<OsString> {
    Ok(format!(
        "{UPLOAD_PREFIX}{}{UPLOAD_SUFFIX}",
        random_hex::<{ UPLOAD_DIGITS / 2 }>()?
    )
    .into())
}

/// A name for STOU.
pub(super) fn unique() -> Result<String> {
    Ok(format!("ftp.{}", random_hex::<8>()?))
}

/// Whether [`upload`] could have made this name.
pub(super) fn is_upload(name: &OsStr) -> bool {
    let digits = || {
        let rest = name
            .as_encoded_bytes()
            .strip_prefix(UPLOAD_PREFIX.as_bytes())?;
        rest.strip_suffix(UPLOAD_SUFFIX.as_bytes())
    };
    digits().is_some_and(|digits| {
        digits.len() == UPLOAD_DIGITS && digits.iter().all(u8::is_ascii_hexdigit)
    })
}

fn random_hex<const N: usize>() -> Result<String> {
    let random: [u8; N] = crate::random::bytes().map_err(|_| StorageError::Failed)?;
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    Ok(random
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn knows_its_own_names() {
        let name = upload().unwrap();
        assert!(is_upload(&name));
        assert_ne!(name, upload().unwrap());
        for other in [
            "",
            ".ftp-upload-~",
            ".ftp-upload-mine~",
            "a",
            &format!("x{}", name.display()),
        ] {
            assert!(!is_upload(OsStr::new(other)), "{other}");
        }
        let unique = unique().unwrap();
        assert_eq!((&unique[..4], unique.len()), ("ftp.", 20));
    }

    #[test]
    fn paths_are_below_the_root() {
        assert_eq!(relative(&VirtualPath::ROOT).unwrap(), PathBuf::from("."));
        let path = VirtualPath::ROOT
            .child(b"a")
            .unwrap()
            .child(b"b c")
            .unwrap();
        assert_eq!(relative(&path).unwrap(), PathBuf::from("a/b c"));
    }
}
