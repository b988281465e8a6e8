//! How a listing is shown: names, the long form, or JSON; and `parse-list`, which shows one that is given to it.

use std::io::{self, IsTerminal, Read, Write};
use std::time::SystemTime;

use bytes::Bytes;
use ftp_sansio::listing::{Entry, Kind, Listing, Reader};
use ftp_sansio::wire::{DateTime, Escaped};

use crate::console::Console;
use crate::failure::Failure;
use crate::json;

/// The three forms of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// One name a line.
    Names,
    /// Kind and permissions, size, date, name.
    Long,
    /// One object a line.
    Json,
}

/// Shows the entries of a folder by name, `.` and `..` left out, and reports what was not understood.
pub(crate) fn folder(console: &Console, form: Form, mut listing: Listing) -> Result<(), Failure> {
    listing.entries.retain(|entry| !is_dots(&entry.name));
    listing.entries.sort_by(|a, b| a.name.cmp(&b.name));
    print(form, &listing.entries)?;
    report_doubts(console, &listing);
    Ok(())
}

/// Whether a name stands for the folder itself or the one above.
pub(crate) fn is_dots(name: &[u8]) -> bool {
    matches!(name, b"." | b"..")
}

/// Reads a listing from standard input and shows its entries as they come, in its own order.
pub(crate) fn parse_list(console: &Console, form: Form) -> Result<(), Failure> {
    let mut reader = Reader::new(now());
    let mut input = io::stdin().lock();
    let mut printer = Printer::new(form);
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let mut bytes = match input.read(&mut buffer) {
            Ok(0) => break,
            Ok(count) => &buffer[..count],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Failure::local("standard input".as_ref(), &error)),
        };
        while let (taken, Some(entry)) = reader.read(bytes) {
            bytes = &bytes[taken..];
            printer.print(&entry)?;
        }
    }
    while let Some(entry) = reader.end() {
        printer.print(&entry)?;
    }
    printer.finish()?;
    let summary = reader.finish();
    report_unparsed(console, &summary.unparsed, summary.unparsed_count);
    Ok(())
}

/// Reports the lines that were not understood, and what was left out.
pub(crate) fn report_doubts(console: &Console, listing: &Listing) {
    report_unparsed(console, &listing.unparsed, listing.unparsed_count);
    if listing.truncated {
        console.problem("the listing was too long, and is not complete");
    }
}

fn report_unparsed(console: &Console, lines: &[Bytes], count: usize) {
    for line in lines {
        console.note(format_args!("not understood: {}", Escaped(line)));
    }
    if count > 0 {
        console.problem(format_args!(
            "{count} lines of the listing were not understood"
        ));
    }
}

/// This moment, as the dates of a listing are compared with it.
pub(crate) fn now() -> Option<DateTime> {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .ok()?;
    DateTime::from_unix(i64::try_from(since.as_secs()).ok()?, since.subsec_nanos())
}

fn print(form: Form, entries: &[Entry]) -> Result<(), Failure> {
    let mut printer = Printer::new(form);
    entries.iter().try_for_each(|entry| printer.print(entry))?;
    printer.finish()
}

/// Prints entries one by one.
struct Printer {
    out: io::BufWriter<io::StdoutLock<'static>>,
    form: Form,
    raw: bool,
}

impl Printer {
    fn new(form: Form) -> Self {
        let stdout = io::stdout();
        let raw = !stdout.is_terminal();
        let out = io::BufWriter::new(stdout.lock());
        Self { out, form, raw }
    }

    fn print(&mut self, entry: &Entry) -> Result<(), Failure> {
        let written = write_entry(&mut self.out, self.form, self.raw, entry);
        written.map_err(|error| Failure::output(&error))
    }

    fn finish(mut self) -> Result<(), Failure> {
        let flushed = self.out.flush();
        flushed.map_err(|error| Failure::output(&error))
    }
}

fn write_entry(out: &mut impl Write, form: Form, raw: bool, entry: &Entry) -> io::Result<()> {
    match form {
        Form::Json => return writeln!(out, "{}", json::entry(entry)),
        Form::Long => write!(out, "{} ", long_columns(entry))?,
        Form::Names => {}
    }
    write_name(out, raw, &entry.name)?;
    if let (Form::Long, Some(target)) = (form, &entry.target) {
        out.write_all(b" -> ")?;
        write_name(out, raw, target)?;
    }
    out.write_all(b"\n")
}

/// A script gets the name's own bytes; a terminal must not be driven by them. Their line stays one line in either case.
pub(crate) fn write_name(out: &mut impl Write, raw: bool, name: &[u8]) -> io::Result<()> {
    match raw && !name.contains(&b'\n') {
        true => out.write_all(name),
        false => write!(out, "{}", Escaped(name)),
    }
}

/// `-rw-r--r--        1234 2024-01-02 15:04`: the long form up to the name.
pub(crate) fn long_columns(entry: &Entry) -> String {
    let kind = match entry.kind {
        Kind::File => '-',
        Kind::Folder => 'd',
        Kind::Symlink => 'l',
        Kind::Other => '?',
    };
    let permissions = match entry.permissions {
        Some(bits) => bits.to_string(),
        None => "?????????".to_owned(),
    };
    let size = entry.size.map_or("-".to_owned(), |size| size.to_string());
    let date = match entry.modified {
        Some(modified) => json::date(modified).replacen('T', " ", 1),
        None => "-".to_owned(),
    };
    format!("{kind}{permissions} {size:>14} {date:<19}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(form: Form, raw: bool, entry: &Entry) -> String {
        let mut out = Vec::new();
        write_entry(&mut out, form, raw, entry).unwrap();
        String::from_utf8_lossy(&out).into_owned()
    }

    #[test]
    fn terminals_are_not_driven_by_names() {
        let entry = Entry::new(&b"a\x1b[2J\xe2\x80\xaeb"[..], Kind::File);
        assert_eq!(written(Form::Names, false, &entry), "a\\x1b[2J\\u{202e}b\n");
        assert_eq!(written(Form::Names, true, &entry), "a\x1b[2J\u{202e}b\n");
        let entry = Entry::new(&b"a\nb"[..], Kind::File);
        assert_eq!(written(Form::Names, true, &entry), "a\\x0ab\n");
    }

    #[test]
    fn the_long_form_shows_what_is_known() {
        let mut entry = Entry::new(&b"l"[..], Kind::Symlink);
        entry.target = Some(b"t"[..].into());
        entry.size = Some(5);
        let text = written(Form::Long, true, &entry);
        assert_eq!(text, format!("l?????????{:>15} {:<19} l -> t\n", 5, "-"));
    }
}
