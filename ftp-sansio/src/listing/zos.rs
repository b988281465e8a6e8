//! IBM z/OS (MVS): data sets, the members of a partitioned one, and jobs. Each table begins with a header, without
//! which its lines mean nothing.

use super::dos::parse_date;
use super::item::{Item, Outcome, State, Word, first_words, next_word, number, words};
use super::when::{When, clock};
use super::{Kind, Modified};
use crate::wire::date::DateTime;

/// What the last header announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// No header was seen.
    None,
    /// `Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname`
    DataSets,
    /// ` Name     VV.MM   Created       Changed      Size  Init   Mod   Id`, or that of load modules
    Members,
    /// `JOBNAME  JOBID    OWNER    STATUS CLASS`
    Jobs,
}

pub(super) fn parse_line<'a>(line: &'a [u8], state: &mut State) -> Outcome<'a> {
    if let Some(table) = find_header(line) {
        state.table = table;
        return Outcome::Ignored;
    }
    if line.is_empty() {
        return Outcome::Ignored;
    }
    let item = match state.table {
        Table::None => None,
        Table::DataSets => data_set(line),
        Table::Members => member(line, state.now),
        Table::Jobs => job(line),
    };
    item.into()
}

fn find_header(line: &[u8]) -> Option<Table> {
    let ([first, second], _) = first_words::<2>(line)?;
    match (first, second) {
        (b"Volume", b"Unit") => Some(Table::DataSets),
        (b"Name", b"VV.MM" | b"Size") => Some(Table::Members),
        (b"JOBNAME", b"JOBID") => Some(Table::Jobs),
        _ => None,
    }
}

/// `WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  NAME`, and those without columns, on tape or migrated.
///
/// The date is that of the last reference, not of a change, and the sizes are in tracks: neither is taken.
fn data_set(line: &[u8]) -> Option<Item<'_>> {
    let first = next_word(line, 0)?;
    let mut last = first;
    let mut before = first;
    for word in words(line, first.end()) {
        (before, last) = (last, word);
    }
    if last.start == first.start {
        return None;
    }
    let kind = match before.text {
        b"PO" | b"PO-E" | b"PATH" => Kind::Folder,
        b"PS" | b"PS-L" | b"PS-E" | b"DA" | b"VSAM" | b"VS" | b"IS" => Kind::File,
        // `Pseudo Directory  NAME`: a part of longer names.
        b"Directory" => Kind::Folder,
        _ if first.text.eq_ignore_ascii_case(b"Migrated") => Kind::File,
        b"Tape" | b"Device" => Kind::File,
        _ => return None,
    };
    is_data_set_name(last.text).then(|| Item::new(last.text, kind))
}

/// Letters, digits, `$`, `#`, `@`, `-`, full stops, and quotes around them where the name is absolute.
fn is_data_set_name(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"$#@-.'{}".contains(byte))
}

/// `MEMBER    01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001`; a load module has other columns, and a member
/// without statistics has none.
fn member(line: &[u8], now: Option<DateTime>) -> Option<Item<'_>> {
    let first = next_word(line, 0)?;
    // A member's name has eight characters at most; anything longer is talk.
    if first.text.len() > 8 || !is_data_set_name(first.text) {
        return None;
    }
    let mut item = Item::new(first.text, Kind::File);
    let mut columns = words(line, first.end());
    let Some(second) = columns.next() else {
        return Some(item);
    };
    if !second
        .text
        .iter()
        .all(|byte| byte.is_ascii_hexdigit() || *byte == b'.')
    {
        return None;
    }
    let created = columns.next();
    if created.is_some_and(|word| parse_date(word.text).is_some()) {
        item.modified = changed(&columns.next()?, &columns.next()?, now);
        // Columns: size, initial size, changes, and who changed it. Sizes are in records.
        item.owner = columns.nth(3).map(|word| word.text);
    }
    Some(item)
}

fn changed(date: &Word<'_>, time: &Word<'_>, now: Option<DateTime>) -> Option<Modified> {
    let clock = Some(clock(time.text)?);
    let date = parse_date(date.text)?;
    When { clock, ..date }.resolve(now)
}

/// `IBMUSER1  JOB01906  IBMUSER  OUTPUT A   RC=0000 3 spool files`: by its identifier the output is fetched.
fn job(line: &[u8]) -> Option<Item<'_>> {
    let ([_, id, owner, status], _) = first_words::<4>(line)?;
    let digits = id.strip_prefix(b"JOB").or(id.strip_prefix(b"STC"));
    let digits = digits.or(id.strip_prefix(b"TSU")).or(id.strip_prefix(b"J"));
    number(digits?)?;
    if !matches!(status, b"INPUT" | b"HELD" | b"ACTIVE" | b"OUTPUT") {
        return None;
    }
    let mut item = Item::new(id, Kind::File);
    item.owner = Some(owner);
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads_data_sets() {
        let text = "\
Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  USER.CLIST
WPTA01 3390   2004/03/04  1    1  VB     259  8000  PS  'SYS1.LOG'
Migrated                                                USER.OLD
ARCIVE Not Direct Access Device                         KJ.IOP998
Pseudo Directory                                        USER.X";
        let expected = r#"[Folder - - "USER.CLIST"][File - - "'SYS1.LOG'"][File - - "USER.OLD"][File - - "KJ.IOP998"][Folder - - "USER.X"]"#;
        check(Dialect::Zos, &[(text, expected)]);
    }

    #[test]
    fn reads_members() {
        let text = " Name     VV.MM   Created       Changed      Size  Init   Mod   Id
MEMBER1   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001
PLAIN";
        let expected = r#"[File - 2002-10-11T09:37 "MEMBER1" KIL001:-][File - - "PLAIN"]"#;
        let modules =
            " Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode
LOADMOD   000090   000403          00 FO             RU            31    ANY";
        check(
            Dialect::Zos,
            &[(text, expected), (modules, r#"[File - - "LOADMOD"]"#)],
        );
    }

    #[test]
    fn reads_jobs() {
        let text = "JOBNAME  JOBID    OWNER    STATUS CLASS
IBMUSER1 JOB01906 IBMUSER  OUTPUT A        RC=0000 3 spool files";
        check(
            Dialect::Zos,
            &[(text, r#"[File - - "JOB01906" IBMUSER:-]"#)],
        );
    }

    #[test]
    fn unknown() {
        check_unknown(
            Dialect::Zos,
            &[
                "PLAIN",
                "WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  USER.CLIST",
            ],
        );
    }
}
