//! Where a download lands: beside the file it becomes, until it is complete; or in place, when it resumes.

use std::ffi::OsString;
use std::fs::{self, File, FileTimes, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use ftp_sansio::wire::DateTime;

use crate::failure::{Exit, Failure, Shown};
use crate::interrupt;

/// How much of a file's name its partial file bears too: the rest of what a name may hold is for the random part.
const NAME: usize = 200;

/// A file on its way. Dropped before [`commit`](Self::commit), it leaves the file that was there as it was.
#[derive(Debug)]
pub(crate) struct Landing {
    file: Arc<File>,
    /// What is written to, as it is shown.
    path: PathBuf,
    /// A partial file, to be given its name at the end, or to be removed.
    part: Option<PathBuf>,
    offset: u64,
    /// Only a regular file has a time and an end that are ours to set.
    regular: bool,
}

impl Landing {
    /// Lands beside `path`, and replaces it at the end. What is no regular file (a device, a pipe) is written to as it is.
    pub(crate) fn replace(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::local(path, &error);
        let there = match fs::metadata(path) {
            Ok(there) if there.is_dir() => return Err(is_folder(path)),
            Ok(there) => Some(there),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            let file = OpenOptions::new().write(true).open(path).map_err(failed)?;
            return Ok(Self {
                file: file.into(),
                path: path.to_owned(),
                part: None,
                offset: 0,
                regular: false,
            });
        }
        // The user's own link stays, and what it leads to is replaced.
        let path = match there {
            Some(_) => fs::canonicalize(path).map_err(failed)?,
            None => path.to_owned(),
        };
        let (part, file) = open_part(&path)?;
        if let Some(there) = there {
            // As strict as the file it replaces; where that cannot be, the umask is.
            let _ = file.set_permissions(there.permissions());
        }
        interrupt::remember(part.clone());
        Ok(Self {
            file: file.into(),
            path,
            part: Some(part),
            offset: 0,
            regular: true,
        })
    }

    /// Goes on at the end of `path`, which is made if it is not there.
    pub(crate) fn resume(path: &Path) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::local(path, &error);
        let mut options = OpenOptions::new();
        let file = options.write(true).create(true).truncate(false).open(path);
        let mut file = file.map_err(|error| match path.is_dir() {
            true => is_folder(path),
            false => failed(error),
        })?;
        let there = file.metadata().map_err(failed)?;
        if there.is_file() {
            // Not opened for appending: the system writes the bytes of a socket into no such file.
            file.seek(SeekFrom::Start(there.len())).map_err(failed)?;
        }
        Ok(Self {
            file: file.into(),
            path: path.to_owned(),
            part: None,
            offset: there.len(),
            regular: there.is_file(),
        })
    }

    /// How many bytes were there before.
    pub(crate) const fn offset(&self) -> u64 {
        self.offset
    }

    pub(crate) fn write(&self, bytes: &[u8]) -> Result<(), Failure> {
        let written = (&*self.file).write_all(bytes);
        written.map_err(|error| self.failed(&error))
    }

    /// The file itself, where a download may be received straight into it.
    pub(crate) fn file(&self) -> Option<Arc<File>> {
        self.regular.then(|| Arc::clone(&self.file))
    }

    /// What the system says of the file.
    pub(crate) fn failed(&self, error: &io::Error) -> Failure {
        Failure::local(&self.path, error)
    }

    /// The file is complete: it gets its time and its name.
    pub(crate) fn commit(mut self, modified: Option<DateTime>) -> Result<(), Failure> {
        if let Some(time) = modified.and_then(system_time).filter(|_| self.regular) {
            // A file system without such times keeps the file all the same.
            let _ = self.file.set_times(FileTimes::new().set_modified(time));
        }
        if let Some(part) = &self.part {
            fs::rename(part, &self.path).map_err(|error| Failure::local(&self.path, &error))?;
            interrupt::forget(part);
            self.part = None;
        }
        Ok(())
    }
}

impl Drop for Landing {
    fn drop(&mut self) {
        if let Some(part) = self.part.take() {
            // Nothing more can be done about a file that does not go.
            let _ = fs::remove_file(&part);
            interrupt::forget(&part);
        }
    }
}

fn is_folder(path: &Path) -> Failure {
    let text = format!(
        "the local {} is a folder, and a file was to be written",
        Shown(path)
    );
    Failure::new(Exit::NotFound, text)
}

/// A new file beside `path`: `.NAME.part-<random>`.
fn open_part(path: &Path) -> Result<(PathBuf, File), Failure> {
    let random = getrandom::u64()
        .map_err(|error| Failure::local(path, &io::Error::other(error.to_string())))?;
    let name = path.file_name().unwrap_or_default();
    let mut part = OsString::from(".");
    if name.len() <= NAME {
        part.push(name);
    }
    part.push(format!(".part-{random:016x}"));
    let part = path.with_file_name(part);
    let opened = OpenOptions::new().write(true).create_new(true).open(&part);
    match opened {
        Ok(file) => Ok((part, file)),
        // What is missing is the folder: the file is shown as the user named it.
        Err(error) => Err(Failure::local(path, &error)),
    }
}

/// A date of the server as a time of this system.
pub(crate) fn system_time(date: DateTime) -> Option<SystemTime> {
    let seconds = date.to_unix();
    let whole = Duration::from_secs(seconds.unsigned_abs());
    let time = match seconds < 0 {
        true => SystemTime::UNIX_EPOCH.checked_sub(whole),
        false => SystemTime::UNIX_EPOCH.checked_add(whole),
    };
    time?.checked_add(Duration::from_nanos(u64::from(date.nanosecond())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scratch::{Scratch, names_in, write};

    #[test]
    fn the_old_file_stays_until_the_new_one_is_complete() {
        let scratch = Scratch::new();
        let path = write(&scratch, "f", b"old");
        let landing = Landing::replace(&path).unwrap();
        landing.write(b"ne").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names_in(scratch.path()).len(), 2);
        drop(landing);
        assert_eq!(names_in(scratch.path()), ["f"]);
        let landing = Landing::replace(&path).unwrap();
        landing.write(b"new").unwrap();
        let date = DateTime::new(2001, 2, 3, 4, 5, 6, 0).unwrap();
        landing.commit(Some(date)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names_in(scratch.path()), ["f"]);
        let time = fs::metadata(&path).unwrap().modified().unwrap();
        assert_eq!(time, system_time(date).unwrap());
    }

    #[test]
    fn resumes_in_place() {
        let scratch = Scratch::new();
        let path = write(&scratch, "f", b"ab");
        let landing = Landing::resume(&path).unwrap();
        assert_eq!(landing.offset(), 2);
        landing.write(b"c").unwrap();
        drop(landing);
        assert_eq!(fs::read(&path).unwrap(), b"abc");
    }

    #[test]
    fn what_cannot_be_written_is_one_line() {
        let scratch = Scratch::new();
        let missing = Landing::replace(&scratch.path().join("no/f")).unwrap_err();
        assert_eq!(missing.exit(), Exit::NotFound);
        assert_eq!(
            Landing::replace(scratch.path()).unwrap_err().exit(),
            Exit::NotFound
        );
        assert_eq!(
            Landing::resume(scratch.path()).unwrap_err().exit(),
            Exit::NotFound
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_link_of_the_user_stays_one_and_a_device_stays_a_device() {
        let scratch = Scratch::new();
        let path = write(&scratch, "f", b"old");
        let link = scratch.path().join("l");
        std::os::unix::fs::symlink("f", &link).unwrap();
        let landing = Landing::replace(&link).unwrap();
        landing.write(b"new").unwrap();
        landing.commit(None).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&path).unwrap(), b"new");
        let landing = Landing::replace(Path::new("/dev/null")).unwrap();
        landing.commit(None).unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[test]
    fn a_long_name_has_a_partial_file_too() {
        let scratch = Scratch::new();
        let path = scratch.path().join("n".repeat(255));
        Landing::replace(&path).unwrap().commit(None).unwrap();
        assert_eq!(names_in(scratch.path()).len(), 1);
    }
}
