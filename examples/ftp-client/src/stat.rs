//! `stat`: all that a server knows of one file or folder, by whatever it has to tell it.

use std::io::{self, IsTerminal, Write};

use bytes::Bytes;
use ftp_driver::Runtime;
use ftp_sansio::listing::{Entry, Kind, Modified, Precision, Zone};
use ftp_sansio::wire::facts::FactLine;
use ftp_sansio::wire::{Arg, Escaped, Features, Reply};

use crate::failure::{Exit, Failure};
use crate::json::{self, Object};
use crate::remote::RemotePath;
use crate::session::{Session, optional};
use crate::show;

/// A file or folder that is there.
#[derive(Debug)]
pub(crate) struct Found {
    pub(crate) entry: Entry,
    /// What MLST said, in the server's words and order.
    facts: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Shows what is known of `path`.
pub(crate) async fn stat<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
) -> Result<(), Failure> {
    let Some(found) = session.look_up(path).await? else {
        let text = format!("there is no remote file {path}, or it may not be seen");
        return Err(Failure::new(Exit::NotFound, text));
    };
    let stdout = io::stdout();
    let raw = !stdout.is_terminal();
    let mut out = io::BufWriter::new(stdout.lock());
    let written = match session.console.json {
        true => writeln!(out, "{}", found.object(path)),
        false => found.write(&mut out, raw, path),
    };
    written
        .and_then(|()| out.flush())
        .map_err(|error| Failure::output(&error))
}

impl Found {
    fn new(entry: Entry) -> Self {
        Self {
            entry,
            facts: Vec::new(),
        }
    }

    /// Reads the answer to MLST, RFC 3659 § 7.
    fn from_reply(reply: &Reply) -> Option<Self> {
        let line = reply.lines().nth(1)?.trim_ascii_start();
        let entry = FactLine::parse(line)?.entry;
        let facts = line.split(|&byte| byte == b' ').next()?;
        let facts = facts.split(|&byte| byte == b';').filter_map(|fact| {
            let equals = fact.iter().position(|&byte| byte == b'=')?;
            Some((fact[..equals].to_vec(), fact[equals + 1..].to_vec()))
        });
        Some(Self {
            entry,
            facts: facts.collect(),
        })
    }

    /// The same under the name that was asked for: MLST may tell the whole path (RFC 3659 § 7.3).
    fn named(mut self, path: &RemotePath) -> Self {
        if let Some(name) = path.name() {
            self.entry.name = Bytes::copy_from_slice(name);
        }
        self
    }

    fn object(&self, path: &RemotePath) -> Object {
        let fact = |facts: Object, (name, value): &(Vec<u8>, Vec<u8>)| {
            // Names of facts are the same in any case, and a script has to know one.
            facts.bytes(
                &String::from_utf8_lossy(name).to_ascii_lowercase(),
                Some(value),
            )
        };
        json::entry(&self.entry)
            .bytes("path", Some(path.as_bytes()))
            .object("facts", &self.facts.iter().fold(Object::new(), fact))
    }

    fn write(&self, out: &mut impl Write, raw: bool, path: &RemotePath) -> io::Result<()> {
        write!(out, "{} ", show::long_columns(&self.entry))?;
        match path.as_bytes() {
            b"" => out.write_all(b".")?,
            path => show::write_name(out, raw, path)?,
        }
        if let Some(target) = &self.entry.target {
            out.write_all(b" -> ")?;
            show::write_name(out, raw, target)?;
        }
        out.write_all(b"\n")?;
        for (name, value) in &self.facts {
            writeln!(out, "    {}={}", Escaped(name), Escaped(value))?;
        }
        Ok(())
    }
}

impl<R: Runtime> Session<R> {
    /// What is at a path; `None` where nothing is, or nothing that may be seen.
    pub(crate) async fn look_up(&mut self, path: &RemotePath) -> Result<Option<Found>, Failure> {
        if self.has("MLST").await? {
            self.ask_for_all_facts().await?;
            let reply = self.say("MLST", path).await?;
            let unknown = (500..=504).contains(&reply.code().get());
            match Found::from_reply(&reply).filter(|_| reply.class().is_positive()) {
                Some(found) => return Ok(Some(found.named(path))),
                None if reply.class().is_negative() && !unknown => return Ok(None),
                // What makes no sense is asked for in the old ways.
                None => {}
            }
        }
        let found = match self.is_folder(path).await? {
            true => Some(self.folder(path).await?),
            false => self.file(path).await?,
        };
        Ok(found.map(|entry| Found::new(entry).named(path)))
    }

    /// MLST tells what it is told to (RFC 3659 § 7.9): here all that FEAT says it can.
    async fn ask_for_all_facts(&mut self) -> Result<(), Failure> {
        if self.all_facts {
            return Ok(());
        }
        self.all_facts = true;
        if let Some(line) = missing_facts(&self.features().await?) {
            let asked = self.client.raw(line).await;
            asked.map_err(|error| Failure::server("OPTS MLST", &error))?;
        }
        Ok(())
    }

    /// A folder, where MLST is not to be had: as the one above lists it.
    async fn folder(&mut self, path: &RemotePath) -> Result<Entry, Failure> {
        let listed = match path.parent() {
            Some(parent) => self.in_folder(&parent, path).await?,
            None => None,
        };
        let name = path.name().unwrap_or(b".");
        let entry = listed.unwrap_or_else(|| Entry::new(name.to_vec(), Kind::Folder));
        self.with_time(entry, path).await
    }

    /// A file, where MLST is not to be had: by SIZE, MDTM and LIST. Each of them alone shows that it is there.
    async fn file(&mut self, path: &RemotePath) -> Result<Option<Entry>, Failure> {
        let Some(name) = path.name() else {
            return Ok(None);
        };
        let size = self.size(path).await?;
        let listed = match optional(self.client.list(Some(path.to_arg())).await, path)? {
            Some(listing) => listing.entries.into_iter().find(|entry| {
                entry.name == path.as_bytes()
                    || entry.name == name
                    || entry.name == path.to_arg().as_bytes()
            }),
            None => None,
        };
        let there = size.is_some() || listed.is_some();
        let entry = listed.unwrap_or_else(|| Entry::new(name.to_vec(), Kind::File));
        let entry = self.with_time(entry, path).await?;
        let there = there || entry.modified.is_some();
        Ok(there.then(|| Entry {
            size: size.or(entry.size),
            ..entry
        }))
    }

    /// What a folder lists under the name of `path`.
    async fn in_folder(
        &mut self,
        folder: &RemotePath,
        path: &RemotePath,
    ) -> Result<Option<Entry>, Failure> {
        match self.list(folder).await {
            Ok(listing) => {
                let mut entries = listing.entries.into_iter();
                Ok(entries.find(|entry| path.name() == Some(&entry.name)))
            }
            Err(failure) if self.is_lost(&failure) => Err(failure),
            // One may enter what one may not list.
            Err(_) => Ok(None),
        }
    }

    /// The same with the time that MDTM tells, which is finer than that of a LIST, and in UTC.
    async fn with_time(&mut self, entry: Entry, path: &RemotePath) -> Result<Entry, Failure> {
        let told = self.modified(path).await?.map(|date| Modified {
            date,
            precision: Precision::Second,
            zone: Zone::Utc,
        });
        Ok(Entry {
            modified: told.or(entry.modified),
            ..entry
        })
    }
}

/// The command that makes MLST tell all it can, where it does not.
fn missing_facts(features: &Features) -> Option<Arg> {
    let facts = features.parameters("MLST")?;
    let facts: Vec<_> = facts
        .split(|&byte| byte == b';')
        .map(<[u8]>::trim_ascii)
        .filter(|fact| !fact.is_empty())
        .collect();
    if facts.iter().all(|fact| fact.ends_with(b"*")) {
        return None;
    }
    let mut line = b"OPTS MLST ".to_vec();
    for fact in facts {
        line.extend_from_slice(fact.strip_suffix(b"*").unwrap_or(fact));
        line.push(b';');
    }
    Arg::new(line).ok()
}

#[cfg(test)]
mod tests {
    use ftp_sansio::wire::Code;

    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::new(text.as_bytes()).unwrap()
    }

    fn found(line: &'static str) -> Found {
        let reply = Reply::new(Code::new(250).unwrap(), format!("Begin\n {line}\nEnd"));
        Found::from_reply(&reply).unwrap().named(&path("d/a b"))
    }

    #[test]
    fn facts_are_kept_in_the_servers_words() {
        let found = found("Type=file;Size=3;modify=20240102030405;X.odd=\x1b[2J=; /home/x/a b");
        assert_eq!(
            (&found.entry.name[..], found.entry.size),
            (&b"a b"[..], Some(3))
        );
        let mut out = Vec::new();
        found.write(&mut out, false, &path("d/a b")).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(
            text.lines().skip(1).collect::<Vec<_>>(),
            [
                "    Type=file",
                "    Size=3",
                "    modify=20240102030405",
                "    X.odd=\\x1b[2J="
            ]
        );
        assert!(
            text.starts_with("-????????? ") && text.contains(" d/a b\n"),
            "{text}"
        );
    }

    #[test]
    fn an_object_has_the_fields_of_ls_and_more() {
        let object = found("Type=dir;UNIX.mode=0755; x").object(&path("d/a b"));
        assert_eq!(
            object.to_string(),
            r#"{"name":"a b","type":"dir","size":null,"modified":null,"target":null,"permissions":"rwxr-xr-x","path":"d/a b","facts":{"type":"dir","unix.mode":"0755"}}"#
        );
    }

    #[test]
    fn what_makes_no_sense_is_nothing() {
        let of = |text| Found::from_reply(&Reply::new(Code::new(250).unwrap(), text));
        assert!(of("one line").is_none());
        assert!(of("Begin\n\nEnd").is_none());
    }

    #[test]
    fn asks_for_facts_that_are_off() {
        let of = |text| {
            let reply = Reply::new(Code::SYSTEM_STATUS, text);
            missing_facts(&Features::from_reply(&reply)).map(|line| line.to_string())
        };
        assert_eq!(of("Have\n MLST a*;b;c*;\nEnd").unwrap(), "OPTS MLST a;b;c;");
        assert_eq!(of("Have\n MLST a*;c*;\nEnd"), None);
        assert_eq!(of("Have\n MLST\nEnd"), None);
        assert_eq!(of("Have\nEnd"), None);
    }
}
