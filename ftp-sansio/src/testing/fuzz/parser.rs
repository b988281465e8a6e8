//! Everything that reads a line: it takes any bytes, and what it understood it can write and read again.

use alloc::format;
use alloc::vec::Vec;

use crate::listing::{Dialect, Entry, Listing, Parser, Reader, Summary};
use crate::wire::address::{self, Extended, HostPort, LongHostPort};
use crate::wire::date::{ExactTimeVal, TimeVal, parse_time_val};
use crate::wire::facts::{FactLine, FactSet};
use crate::wire::modify::modification;
use crate::wire::path::{quote, unquote};
use crate::wire::{
    Arg, Command, DateTime, DigestAlgorithm, Domain, EpsvArgument, Escaped, Features, Frame, Host,
    LineReader, OptionsCommand, Reply, ReplyReader, SiteCommand, VirtualPath,
};

/// Reads the bytes as commands, replies, addresses, paths, facts, features and dates.
///
/// # Panics
/// Where something that was read is not the same when it is written and read again.
pub fn parser(data: &[u8]) {
    let lines = frames(data, &[]);
    assert_eq!(frames(data, data), lines, "chunking changes the lines");
    for frame in &lines {
        if let Frame::Line(line) = frame {
            command(line);
        }
    }
    replies(&lines);
    arguments(data);
    addresses(data);
    path(data);
    words(data);
}

/// The frames of a stream, offered in pieces as long as `cuts` says, or whole.
fn frames(data: &[u8], cuts: &[u8]) -> Vec<Frame> {
    const LIMIT: usize = 100;
    let mut reader = LineReader::new(LIMIT);
    let (mut frames, mut rest) = (Vec::new(), data);
    let mut cuts = cuts.iter().cycle();
    while !rest.is_empty() {
        let piece = cuts
            .next()
            .map_or(rest.len(), |cut| 1 + usize::from(cut % 8))
            .min(rest.len());
        let (taken, frame) = reader.read(&rest[..piece]);
        assert!(taken <= piece && (frame.is_some() || taken == piece));
        assert!(reader.held() <= LIMIT + 1, "an over-long line is held");
        frames.extend(frame);
        rest = &rest[taken..];
    }
    frames
}

/// The line that an encoded value travels as, read by a reader of lines.
fn line_of(encoded: &[u8]) -> bytes::Bytes {
    let mut reader = LineReader::new(usize::MAX - 1);
    match reader.read(encoded) {
        (taken, Some(Frame::Line(line))) if taken == encoded.len() => line,
        other => panic!("not one line: {} became {other:?}", Escaped(encoded)),
    }
}

fn command(line: &[u8]) {
    let Ok(command) = Command::parse(line) else {
        return;
    };
    let mut encoded = Vec::new();
    command.encode(&mut encoded);
    super::client::assert_one_line(&encoded);
    let again = Command::parse(&line_of(&encoded));
    assert_eq!(
        again.as_ref(),
        Ok(&command),
        "{} was written as {}",
        Escaped(line),
        Escaped(&encoded)
    );
}

/// The bytes as what the verbs with a grammar of their own take, and as what SITE, OPTS and MDTM are asked for.
fn arguments(data: &[u8]) {
    let Ok(argument) = Arg::try_from(data) else {
        return;
    };
    let verbs = [
        "RANG", "MFMT", "MFF", "COMB", "PRET", "REST", "LPRT", "LANG", "HOST", "SITE", "OPTS",
    ];
    let digests = DigestAlgorithm::ALL
        .iter()
        .map(|digest| digest.verb().name());
    for verb in verbs.into_iter().chain(digests) {
        command(&[verb.as_bytes(), b" ", data].concat());
    }
    site(&argument);
    if let Ok(options) = OptionsCommand::parse(&argument) {
        assert_eq!(OptionsCommand::parse(&options.to_arg()), Ok(options));
    }
    if let Some((time, path)) = modification(&argument) {
        let again = format!("{} {path}", ExactTimeVal(time));
        let again = Arg::try_from(again)
            .ok()
            .and_then(|again| modification(&again));
        assert_eq!(again.map(|(time, _)| time), Some(time));
    }
    if let Some(host) = Host::parse(data) {
        assert_eq!(Host::parse(format!("{host}").as_bytes()), Some(host));
    }
    let name = core::str::from_utf8(data).ok().and_then(Domain::new);
    assert!(name.is_none_or(|name| name.as_str().is_ascii()));
}

fn site(argument: &Arg) {
    let Ok(site) = SiteCommand::parse(argument) else {
        return;
    };
    let written = site.to_arg();
    assert_eq!(
        SiteCommand::parse(&written),
        Ok(site),
        "{argument} was written as {written}"
    );
}

fn replies(frames: &[Frame]) {
    let mut reader = ReplyReader::new(1000);
    for frame in frames {
        let Frame::Line(line) = frame else { continue };
        if let Ok(Some(reply)) = reader.push(line) {
            assert!(reply.text().len() <= 1000, "a reply over its limit");
            reply_again(&reply);
        }
    }
}

fn reply_again(reply: &Reply) {
    let mut encoded = Vec::new();
    reply.encode(&mut encoded);
    assert_eq!(encoded.len(), reply.encoded_len());
    let (mut reader, mut lines, mut rest) = (
        ReplyReader::new(usize::MAX),
        LineReader::new(usize::MAX - 1),
        &encoded[..],
    );
    let mut read = None;
    while !rest.is_empty() {
        let (taken, frame) = lines.read(rest);
        rest = &rest[taken..];
        let Some(Frame::Line(line)) = frame else {
            panic!("no line in {}", Escaped(&encoded))
        };
        assert_eq!(read, None, "a reply ended early: {}", Escaped(&encoded));
        read = reader
            .push(&line)
            .unwrap_or_else(|error| panic!("{error}: {}", Escaped(&encoded)));
    }
    let read = read.expect("a reply has an end");
    assert_eq!(
        (read.code(), read.lines().count()),
        (reply.code(), reply.lines().count())
    );
    let _ = Features::from_reply(&read).lines().count();
}

fn addresses(data: &[u8]) {
    if let Some(found) = address::parse_host_port(data) {
        assert_eq!(
            address::parse_host_port(format!("{}", HostPort(found)).as_bytes()),
            Some(found)
        );
    }
    if let Some(found) = address::find_host_port(data) {
        let text = format!("Entering passive mode ({}).", HostPort(found));
        assert_eq!(address::find_host_port(text.as_bytes()), Some(found));
    }
    if let Ok(found) = address::parse_extended(data) {
        assert_eq!(
            address::parse_extended(format!("{}", Extended(found)).as_bytes()),
            Ok(found)
        );
    }
    if let Some(port) = address::find_extended_port(data) {
        assert_eq!(
            address::find_extended_port(format!("(|||{port}|)").as_bytes()),
            Some(port)
        );
    }
    if let Ok(found) = address::parse_long(data) {
        let text = format!("{}", LongHostPort(found));
        assert_eq!(address::parse_long(text.as_bytes()), Ok(found));
    }
    if let Some(found) = address::find_long(data) {
        let text = format!("Entering long passive mode ({}).", LongHostPort(found));
        assert_eq!(address::find_long(text.as_bytes()), Some(found));
    }
    if let Some(argument) = EpsvArgument::parse(data) {
        assert_eq!(
            EpsvArgument::parse(format!("{argument}").as_bytes()),
            Some(argument)
        );
    }
}

fn path(data: &[u8]) {
    let mut quoted = Vec::new();
    quote(data, &mut quoted);
    assert_eq!(unquote(&quoted).as_deref(), Some(data));
    let _ = unquote(data);
    let Ok(arg) = Arg::try_from(data) else { return };
    let Ok(path) = VirtualPath::ROOT.join(&arg) else {
        return;
    };
    assert!(path.as_bytes().starts_with(b"/"));
    assert!(
        path.components()
            .all(|name| !matches!(name, b"" | b"." | b"..")),
        "{path} leaves its root"
    );
    assert_eq!(VirtualPath::ROOT.join(&path.to_arg()), Ok(path));
}

fn words(data: &[u8]) {
    if let Some(date) = parse_time_val(data) {
        let again = parse_time_val(format!("{}", TimeVal(date)).as_bytes());
        assert_eq!(again.map(DateTime::to_unix), Some(date.to_unix()));
        let exact = format!("{}", ExactTimeVal(date));
        assert_eq!(parse_time_val(exact.as_bytes()), Some(date));
    }
    let set = FactSet::parse(data);
    assert_eq!(FactSet::parse(format!("{set}").as_bytes()), set);
    let _ = FactLine::parse(&bytes::Bytes::copy_from_slice(data));
    assert!(
        !format!("{}", Escaped(data)).contains(|c: char| c.is_ascii_control()),
        "a control character is printed"
    );
}

/// Reads the bytes as a listing, whole and in pieces, collected and streamed, voted over and in each dialect.
///
/// # Panics
/// Where the pieces make a difference, or a limit does not hold.
pub fn listing(data: &[u8]) {
    let now = DateTime::from_unix(1_718_452_800, 0);
    let whole = stream(Reader::new(now), [data]);
    let (entries, summary) = &whole;
    let by_byte = stream(Reader::new(now), data.chunks(1));
    assert_eq!(by_byte, whole, "byte by byte");
    assert_eq!(stream(Reader::new(now), data.chunks(7)), whole, "in pieces");
    let at = usize::from(data.first().copied().unwrap_or(0)).min(data.len());
    let (one, other) = data.split_at(at);
    assert_eq!(stream(Reader::new(now), [one, other]), whole, "in two");
    assert!(summary.confidence <= 100);
    assert_eq!(summary.entries, entries.len() as u64);
    check_entries(entries, data);
    let listing = read(Parser::new(now), data.chunks(5));
    assert_eq!(&listing.entries, entries);
    assert_eq!(listing.unparsed_count, summary.unparsed_count);
    let little = read(Parser::new(now).limit(500), [data]);
    assert!(little.truncated || little.entries == *entries);
    for dialect in Dialect::ALL {
        let whole = stream(Reader::with_dialect(*dialect, now), [data]);
        check_entries(&whole.0, data);
        let pieces = stream(Reader::with_dialect(*dialect, now), data.chunks(3));
        assert_eq!(pieces, whole, "{dialect:?}");
    }
}

fn check_entries(entries: &[Entry], data: &[u8]) {
    let lines = data.iter().filter(|&&byte| byte == b'\n').count() + 1;
    assert!(entries.len() <= lines, "more entries than lines");
    for entry in entries {
        assert!(!entry.name.is_empty() && !entry.name.contains(&b'\n'));
        let facts: usize = entry
            .facts
            .iter()
            .map(|(name, value)| name.len() + value.len() + 2)
            .sum();
        assert_eq!(facts, entry.facts.as_bytes().len(), "a fact is lost");
    }
}

fn stream<'a>(
    mut reader: Reader,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Entry>, Summary) {
    let mut entries = Vec::new();
    for mut rest in pieces {
        while let (taken, Some(entry)) = reader.read(rest) {
            rest = &rest[taken..];
            entries.push(entry);
        }
    }
    while let Some(entry) = reader.end() {
        entries.push(entry);
    }
    (entries, reader.finish())
}

fn read<'a>(mut parser: Parser, pieces: impl IntoIterator<Item = &'a [u8]>) -> Listing {
    for piece in pieces {
        parser.feed(piece);
    }
    parser.finish()
}
