//! IBM z/OS (MVS): data sets, the members of a partitioned one, and jobs.
//!
//! Most tables begin with a header, after which a line may be very short; without one only those are read that nothing
//! else looks like. What the columns are is told by IBM's *z/OS Communications Server: IP User's Guide and Commands*.

use super::Kind;
use super::dos::parse_date;
use super::item::{Item, Outcome, State, Word, first_words, next_word, number, words};
use super::when::{When, clock};
use crate::wire::date::DateTime;

/// What the last header announced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Table {
    /// No header was seen.
    None,
    /// `Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname`
    DataSets,
    /// ` Name     VV.MM   Created       Changed      Size  Init   Mod   Id`
    Members,
    /// ` Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode`
    LoadModules,
    /// `JOBNAME  JOBID    OWNER    STATUS CLASS`; JES interface level 1 has no header, and no owner.
    Jobs,
    /// `        ID  STEPNAME PROCSTEP C DDNAME   BYTE-COUNT`, below a job.
    Spool,
}

pub(super) fn parse_line<'a>(line: &'a [u8], state: &'a mut State) -> Outcome<'a> {
    if let Some(table) = find_header(line) {
        state.table = table;
        return Outcome::Ignored;
    }
    if line.is_empty() || is_frame(line, state.table) {
        return Outcome::Ignored;
    }
    let item = match state.table {
        Table::DataSets => data_set(line),
        Table::Members => member(line, state.now),
        Table::LoadModules => load_module(line),
        Table::Jobs => job(line),
        Table::Spool => match job(line) {
            None => return spool_file(line, state).into(),
            job => job,
        },
        Table::None => data_set_in_full(line)
            .or_else(|| member_in_full(line, state.now))
            .or_else(|| job(line)),
    };
    if let (Some(job), Table::Jobs | Table::Spool) = (&item, state.table) {
        state.last.clear();
        state.last.extend_from_slice(job.name);
        state.table = Table::Jobs;
    }
    item.into()
}

fn find_header(line: &[u8]) -> Option<Table> {
    let ([first, second], _) = first_words::<2>(line)?;
    match (first, second) {
        (b"Volume", b"Unit") => Some(Table::DataSets),
        (b"Name", b"VV.MM") => Some(Table::Members),
        (b"Name", b"Size") => Some(Table::LoadModules),
        (b"JOBNAME", b"JOBID") => Some(Table::Jobs),
        (b"ID", b"STEPNAME") => Some(Table::Spool),
        _ => None,
    }
}

/// What stands between and below jobs: a rule, how far an active one has come, `3 spool files`, that there are none.
fn is_frame(line: &[u8], table: Table) -> bool {
    if line.starts_with(b"No jobs found") {
        return true;
    }
    let in_jobs = matches!(table, Table::Jobs | Table::Spool);
    let Some(first) = next_word(line, 0).filter(|_| in_jobs) else {
        return false;
    };
    let spool_files = || {
        let text = &line[first.end()..];
        number(first.text).is_some() && text.trim_ascii().eq_ignore_ascii_case(b"spool files")
    };
    first.text.iter().all(|byte| *byte == b'-')
        || matches!(first.text, b"STEPNAME" | b"CPUTIME")
        || spool_files()
}

/// What stands in the place of the columns where there is none to show.
const STATES: [(&[u8], Kind); 8] = [
    // By RETR it is brought back from where it was moved to.
    (b"Migrated", Kind::File),
    (b"Not Direct Access Device", Kind::File),
    (b"Not a DASD device", Kind::File),
    (b"Not Mounted", Kind::File),
    // A part that longer names share, with `SITE DIRECTORYMODE`.
    (b"Pseudo Directory", Kind::Folder),
    (b"Error determining attributes", Kind::Other),
    (b"File not on volume", Kind::Other),
    (b"User catalog connector", Kind::Other),
];

/// `WPTA01 3390   2004/03/04  1    3  FB      80  3125  PO  NAME`, where all columns but the last two may be blank, and
/// those that have something else in their place.
///
/// The date is that of the last reference, not of a change, and the sizes are in tracks: neither is taken.
fn data_set(line: &[u8]) -> Option<Item<'_>> {
    let first = next_word(line, 0)?;
    let mut last = first;
    let mut before = first;
    for word in words(line, first.end()) {
        (before, last) = (last, word);
    }
    if last.start == first.start || !is_data_set_name(last.text) {
        return None;
    }
    let columns = line[first.start..last.start].trim_ascii_end();
    // With the volume before it where that is known.
    let ends = |state: &[u8]| {
        columns.strip_suffix(state).is_some_and(|volume| {
            volume.is_empty() || (volume.ends_with(b" ") && volume.trim_ascii().len() <= 6)
        })
    };
    let state = STATES.iter().find(|(state, _)| ends(state));
    let kind = match state {
        Some((_, kind)) => Some(*kind),
        None if before.text == b"Tape" => Some(Kind::File),
        None => organization(before.text),
    };
    Some(Item::new(last.text, kind?))
}

/// A line with all its columns, which needs no header.
fn data_set_in_full(line: &[u8]) -> Option<Item<'_>> {
    let ([_, unit, referred, ..], _) = first_words::<10>(line)?;
    number(unit)?;
    let dated = referred == b"**NONE**" || parse_date(referred).is_some();
    data_set(line).filter(|_| dated)
}

/// What the organization of a data set makes of it. What has none, is a group of generations or leads into another (`PATH`)
/// can be neither fetched nor entered.
fn organization(text: &[u8]) -> Option<Kind> {
    match text {
        [b'P', b'O', ..] => Some(Kind::Folder),
        b"PATH" | b"GDG" | b"NONE" => Some(Kind::Other),
        [b'P', b'S', ..] | [b'D', b'A', ..] | [b'I', b'S', ..] | [b'V', b'S', ..] => {
            Some(Kind::File)
        }
        _ => None,
    }
}

/// Letters, digits, `$`, `#`, `@`, `-`, full stops, and quotes around them where the name is absolute.
fn is_data_set_name(text: &[u8]) -> bool {
    text.iter()
        .all(|byte| byte.is_ascii_alphanumeric() || b"$#@-.'{}".contains(byte))
}

/// A member's name has eight characters at most; anything longer is talk.
fn member_name(line: &[u8]) -> Option<Word<'_>> {
    next_word(line, 0).filter(|name| name.text.len() <= 8 && is_data_set_name(name.text))
}

/// `MEMBER    01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001`; a member without statistics has no columns.
fn member(line: &[u8], now: Option<DateTime>) -> Option<Item<'_>> {
    let name = member_name(line)?;
    match next_word(line, name.end()) {
        None => Some(Item::new(name.text, Kind::File)),
        Some(_) => member_in_full(line, now),
    }
}

/// A member with statistics. Its sizes are in records, and not taken.
fn member_in_full(line: &[u8], now: Option<DateTime>) -> Option<Item<'_>> {
    let mut item = Item::new(member_name(line)?.text, Kind::File);
    let ([_, version, created, date, time], end) = first_words::<5>(line)?;
    let is_place = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if !version.iter().all(is_place) {
        return None;
    }
    let clock = Some(clock(time)?);
    let changed = When {
        clock,
        ..parse_date(date)?
    };
    item.created = parse_date(created)?.resolve(now);
    item.modified = changed.resolve(now);
    // Columns: size, initial size, changes, and who changed it.
    item.owner = words(line, end).nth(3).map(|word| word.text);
    Some(item)
}

/// `LOADMOD   00B308   000411 ALIASOF  00 FO             RN RU            31    ANY`: the size of the program in memory,
/// which is not the length of what is fetched.
fn load_module(line: &[u8]) -> Option<Item<'_>> {
    let name = member_name(line)?;
    let Some(size) = next_word(line, name.end()) else {
        return Some(Item::new(name.text, Kind::File));
    };
    let place = next_word(line, size.end())?;
    let hex = |word: Word<'_>| word.text.len() >= 6 && word.text.iter().all(u8::is_ascii_hexdigit);
    (hex(size) && hex(place)).then(|| Item::new(name.text, Kind::File))
}

/// `IBMUSER1  JOB01906  IBMUSER  OUTPUT A   RC=0000 3 spool files`, and `IBMUSER1  JOB01906  OUTPUT    3 Spool Files` at JES
/// interface level 1. By its identifier the output is fetched.
fn job(line: &[u8]) -> Option<Item<'_>> {
    let ([name, id, third], end) = first_words::<3>(line)?;
    // `JOB01906`, or `J0001906` where there may be more than 99,999.
    let kinds = [&b"JOB"[..], b"STC", b"TSU", b"J", b"S", b"T"];
    let digits = kinds.iter().find_map(|kind| id.strip_prefix(*kind))?;
    if name.len() > 8 || digits.len() < 5 || number(digits).is_none() {
        return None;
    }
    let mut item = Item::new(id, Kind::File);
    let status = next_word(line, end).map(|word| word.text);
    if status.is_some_and(is_status) {
        item.owner = Some(third);
    } else if !is_status(third) {
        return None;
    }
    Some(item)
}

fn is_status(word: &[u8]) -> bool {
    matches!(word, b"INPUT" | b"HELD" | b"ACTIVE" | b"OUTPUT")
}

/// `        001 JES2        N/A   H JESMSGLG      1582`, one of the files that the last job has written: what is fetched by
/// the job's identifier, a full stop and the number.
fn spool_file<'a>(line: &'a [u8], state: &'a mut State) -> Option<Item<'a>> {
    let number_word = next_word(line, 0).filter(|word| word.start > 0)?;
    let id = number(number_word.text)?;
    let size = words(line, number_word.end()).nth(4)?;
    let size = number(size.text)?;
    if state.last.is_empty() || id == 0 {
        return None;
    }
    let zeros = number_word.text.iter().take_while(|byte| **byte == b'0');
    let digits = &number_word.text[zeros.count()..];
    state.pending.clear();
    state.pending.extend_from_slice(&state.last);
    state.pending.push(b'.');
    state.pending.extend_from_slice(digits);
    let mut item = Item::new(&state.pending, Kind::File);
    item.size = Some(size);
    Some(item)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{check, check_unknown, read};
    use super::super::{Dialect, Precision, parse};

    #[test]
    fn reads_data_sets() {
        let text = "\
Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
WPTA01 3290   2004/03/04  1    3  FB      80  3125  PO  USER.CLIST
WPTA01 3390   2004/03/04  1    1  VB     259  8000  PS  'SYS1.LOG'
WPTA01 3390   **NONE**    1   15  NONE     0     0  PO  USER.NEW
WPTA01 3390   2005/06/06 213000 U 0 27998 PO-E USER.LARGE
WPTA01 3390   2005/06/06  1    1  ?        0     0 NONE USER.EMPTY
                                                   VSAM USER.KSDS
WPTA01 3390                                        VSAM USER.KSDS.D
                                                   PATH USER.KSDS.P
                                                   GDG  USER.DAILY
V43525 Tape                                             USER.DUMP";
        let expected = concat!(
            r#"[Folder - - "USER.CLIST"][File - - "'SYS1.LOG'"][Folder - - "USER.NEW"][Folder - - "USER.LARGE"]"#,
            r#"[Other - - "USER.EMPTY"][File - - "USER.KSDS"][File - - "USER.KSDS.D"][Other - - "USER.KSDS.P"]"#,
            r#"[Other - - "USER.DAILY"][File - - "USER.DUMP"]"#
        );
        check(Dialect::Zos, &[(text, expected)]);
    }

    #[test]
    fn reads_data_sets_without_columns() {
        let text = "\
Volume Unit    Referred Ext Used Recfm Lrecl BlkSz Dsorg Dsname
Migrated                                                USER.OLD
ARCIVE Not Direct Access Device                         USER.OLDER
ARCIVE Not a DASD device                                USER.OLDEST
WPTA02 Not Mounted                                      USER.AWAY
Error determining attributes                            'SYS1.JES3CKPT'
WPTA01 Error determining attributes                     USER.BROKEN
WPTA01 File not on volume                               USER.GONE
User catalog connector                                  USER.UCAT
Pseudo Directory                                        USER";
        let expected = concat!(
            r#"[File - - "USER.OLD"][File - - "USER.OLDER"][File - - "USER.OLDEST"][File - - "USER.AWAY"]"#,
            r#"[Other - - "'SYS1.JES3CKPT'"][Other - - "USER.BROKEN"][Other - - "USER.GONE"]"#,
            r#"[Other - - "USER.UCAT"][Folder - - "USER"]"#
        );
        check(Dialect::Zos, &[(text, expected)]);
    }

    #[test]
    fn reads_members() {
        let text = " Name     VV.MM   Created       Changed      Size  Init   Mod   Id
MEMBER1   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001
$PLAIN@#";
        let expected = r#"[File - 2002-10-11T09:37 "MEMBER1" KIL001:-][File - - "$PLAIN@#"]"#;
        let modules =
            " Name      Size     TTR   Alias-of AC --------- Attributes --------- Amode Rmode
LOADMOD   000090   000403          00 FO             RU            31    ANY
LOADALIA  03DBD8   031506 LOADMOD  01 FO             RN RU         31    24";
        check(
            Dialect::Zos,
            &[
                (text, expected),
                (modules, r#"[File - - "LOADMOD"][File - - "LOADALIA"]"#),
            ],
        );
        let listing = read(Dialect::Zos, text.as_bytes());
        let created = listing.entries[0].created.unwrap();
        assert_eq!(
            (created.date.to_unix(), created.precision),
            (1_031_788_800, Precision::Day)
        );
    }

    #[test]
    fn reads_jobs() {
        let text = "JOBNAME  JOBID    OWNER    STATUS CLASS
IBMUSER1 JOB01906 IBMUSER  OUTPUT A        RC=0000 3 spool files
TCPIP    STC04162 TCPIP    ACTIVE STC
BIG      J0887745 ANN      INPUT  A";
        let expected = r#"[File - - "JOB01906" IBMUSER:-][File - - "STC04162" TCPIP:-][File - - "J0887745" ANN:-]"#;
        let level_1 = "IBMUSER1  JOB01906  OUTPUT    3 Spool Files
IBMUSER2  TSU01907  ACTIVE
IBMUSER3  JOB01908  INPUT";
        let expected_1 = r#"[File - - "JOB01906"][File - - "TSU01907"][File - - "JOB01908"]"#;
        check(
            Dialect::Zos,
            &[
                (text, expected),
                (level_1, expected_1),
                ("No jobs found on Held queue", ""),
            ],
        );
    }

    #[test]
    fn reads_the_files_of_a_job() {
        let text = "JOBNAME  JOBID    OWNER    STATUS CLASS
BACKUP   JOB02094 ANN      OUTPUT A        RC=0000
--------
        ID  STEPNAME PROCSTEP C DDNAME   BYTE-COUNT
        001 JES2        N/A   H JESMSGLG      1582
        012 STEP1       N/A   H SYSPRINT       200
2 spool files
COPY     JOB02095 ANN      ACTIVE A
--------
        STEPNAME HRECALL  PROCNAME        N/A
        CPUTIME     0.012 ELAPSED TIME    117.515";
        let expected = concat!(
            r#"[File - - "JOB02094" ANN:-][File 1582 - "JOB02094.1"][File 200 - "JOB02094.12"]"#,
            r#"[File - - "JOB02095" ANN:-]"#
        );
        check(Dialect::Zos, &[(text, expected)]);
    }

    #[test]
    fn a_full_line_needs_no_header() {
        for text in [
            "WPTA01 3390   2004/03/04  1    3  FB      80  3125  PO  USER.CLIST",
            "MEMBER1   01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001",
            "IBMUSER1  JOB01906  OUTPUT    3 Spool Files",
        ] {
            let listing = parse(text.as_bytes(), None);
            assert_eq!(
                (listing.dialect, listing.entries.len()),
                (Some(Dialect::Zos), 1),
                "{text}"
            );
        }
    }

    #[test]
    fn unix_files_are_listed_as_unix() {
        let text = "total 16\r\n-rwxr-xr-x  17 OMVSKERN OMVSGRP    61440 May 17  2006 alias\r\n";
        assert_eq!(parse(text.as_bytes(), None).dialect, Some(Dialect::Unix));
    }

    #[test]
    fn unknown() {
        check_unknown(
            Dialect::Zos,
            &[
                "PLAIN",
                "WPTA01 3290   2004/03/04  1    3  FB      80  3125  XX  USER.CLIST",
                "WPTA01 3290   yesterday   1    3  FB      80  3125  PO  USER.CLIST",
                "Migrated  USER.OLD",
                "MEMBER1   01.03 2002/09/12",
                "MEMBERNAME 01.03 2002/09/12 2002/10/11 09:37    11    11     0 KIL001",
                "IBMUSER1  JOB01906  DONE      3 Spool Files",
                "IBMUSER1  JOB  OUTPUT",
            ],
        );
    }
}
