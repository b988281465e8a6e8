//! JSON as scripts read it: one object a line, its fields in a fixed order.
//!
//! Names are bytes and JSON is text: where a name is not UTF-8, `"name"` shows what can be shown, and `"name_bytes"` beside it
//! holds the bytes in hex.

use std::fmt::{self, Write};

use ftp_sansio::listing::{Entry, Kind, Modified, Precision};

/// An object, written field by field.
#[derive(Debug)]
pub(crate) struct Object(String);

impl Object {
    pub(crate) const fn new() -> Self {
        Self(String::new())
    }

    pub(crate) fn text(self, key: &str, value: &str) -> Self {
        self.field(key, &serde_json::Value::from(value))
    }

    pub(crate) fn optional(self, key: &str, value: Option<String>) -> Self {
        self.field(key, &serde_json::Value::from(value))
    }

    pub(crate) fn number(self, key: &str, value: Option<u64>) -> Self {
        self.field(key, &serde_json::Value::from(value))
    }

    /// Text that may not be UTF-8, with its bytes where it is not.
    pub(crate) fn bytes(self, key: &str, value: Option<&[u8]>) -> Self {
        let this = self.optional(
            key,
            value.map(|bytes| String::from_utf8_lossy(bytes).into_owned()),
        );
        match value {
            Some(bytes) if std::str::from_utf8(bytes).is_err() => {
                this.text(&format!("{key}_bytes"), &hex(bytes))
            }
            _ => this,
        }
    }

    /// Lines, with their bytes where one of them is not UTF-8.
    pub(crate) fn list(self, key: &str, lines: &[&[u8]]) -> Self {
        let texts = |of: fn(&[u8]) -> String| -> serde_json::Value {
            lines.iter().map(|line| of(line)).collect()
        };
        let this = self.field(
            key,
            &texts(|line| String::from_utf8_lossy(line).into_owned()),
        );
        match lines.iter().all(|line| std::str::from_utf8(line).is_ok()) {
            true => this,
            false => this.field(&format!("{key}_bytes"), &texts(hex)),
        }
    }

    /// An object within this one.
    pub(crate) fn object(self, key: &str, value: &Self) -> Self {
        self.raw(key, value)
    }

    fn field(self, key: &str, value: &serde_json::Value) -> Self {
        self.raw(key, value)
    }

    fn raw(mut self, key: &str, value: &dyn fmt::Display) -> Self {
        let comma = if self.0.is_empty() { "" } else { "," };
        let key = serde_json::Value::from(key);
        // Writing to a String does not fail.
        let _ = write!(self.0, "{comma}{key}:{value}");
        self
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{{{}}}", self.0)
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One entry of a listing, as the contract in `cli.md` has it.
pub(crate) fn entry(entry: &Entry) -> Object {
    Object::new()
        .bytes("name", Some(&entry.name))
        .text("type", kind(entry.kind))
        .number("size", entry.size)
        .optional("modified", entry.modified.map(date))
        .bytes("target", entry.target.as_deref())
        .optional(
            "permissions",
            entry.permissions.map(|bits| bits.to_string()),
        )
}

const fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::File => "file",
        Kind::Folder => "dir",
        Kind::Symlink => "symlink",
        Kind::Other => "other",
    }
}

/// `YYYY-MM-DDTHH:MM`, and `:SS` where the listing tells seconds; a date without a time is its midnight.
pub(crate) fn date(modified: Modified) -> String {
    let date = modified.date;
    let (year, month, day) = (date.year(), date.month(), date.day());
    let mut text = format!(
        "{year:04}-{month:02}-{day:02}T{:02}:{:02}",
        date.hour(),
        date.minute()
    );
    if modified.precision >= Precision::Second {
        let _ = write!(text, ":{:02}", date.second());
    }
    text
}

#[cfg(test)]
mod tests {
    use ftp_sansio::listing::{Permissions, Zone};
    use ftp_sansio::wire::DateTime;

    use super::*;

    #[test]
    fn an_entry_has_every_field_in_order() {
        let mut file = Entry::new(&b"a\"b"[..], Kind::File);
        assert_eq!(
            entry(&file).to_string(),
            r#"{"name":"a\"b","type":"file","size":null,"modified":null,"target":null,"permissions":null}"#
        );
        file.size = Some(7);
        file.permissions = Some(Permissions::new(0o644));
        file.modified = Some(Modified {
            date: DateTime::new(2024, 1, 2, 3, 4, 5, 0).unwrap(),
            precision: Precision::Minute,
            zone: Zone::Unknown,
        });
        assert_eq!(
            entry(&file).to_string(),
            r#"{"name":"a\"b","type":"file","size":7,"modified":"2024-01-02T03:04","target":null,"permissions":"rw-r--r--"}"#
        );
    }

    #[test]
    fn seconds_where_they_are_known() {
        let modified = Modified {
            date: DateTime::new(2024, 1, 2, 3, 4, 5, 6).unwrap(),
            precision: Precision::Subsecond,
            zone: Zone::Utc,
        };
        assert_eq!(date(modified), "2024-01-02T03:04:05");
    }

    #[test]
    fn lists_and_objects_within() {
        let lines: [&[u8]; 2] = [b"a", b"\xff"];
        let inner = Object::new().bytes("k", Some(b"v"));
        let object = Object::new().list("l", &lines).object("o", &inner);
        assert_eq!(
            object.to_string(),
            "{\"l\":[\"a\",\"\u{fffd}\"],\"l_bytes\":[\"61\",\"ff\"],\"o\":{\"k\":\"v\"}}"
        );
    }

    #[test]
    fn a_name_that_is_no_text_keeps_its_bytes() {
        let text = entry(&Entry::new(&b"\xffa"[..], Kind::Folder)).to_string();
        assert!(
            text.starts_with("{\"name\":\"\u{fffd}a\",\"name_bytes\":\"ff61\","),
            "{text}"
        );
    }
}
