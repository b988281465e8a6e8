//! The words of the shell: every spelling, and what each takes.

use super::tokens::{self, Unclosed};

/// What a word does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Connect,
    User,
    Pass,
    Upload,
    Download,
    List,
    Delete,
    Show,
    Rename,
    Passive,
    Where,
    Enter,
    Up,
    MakeFolder,
    RemoveFolder,
    Stat,
    Chmod,
    Touch,
    Usage,
    LocalEnter,
    LocalWhere,
    Raw,
    Site,
    Close,
    Help,
    Quit,
}

/// How the rest of a line is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Takes {
    /// As it stands, spaces included: the habit of the protocol's own words.
    Rest,
    /// Word by word, with shell quoting.
    Words,
}

use Takes::{Rest, Words};

/// Every spelling. In any case, they mean the same; the form here is the one that is shown.
const SPELLINGS: &[(&str, Word, Takes)] = &[
    ("CONN", Word::Connect, Words),
    ("CONNECT", Word::Connect, Words),
    ("open", Word::Connect, Words),
    ("USER", Word::User, Rest),
    ("PASS", Word::Pass, Rest),
    ("UPLD", Word::Upload, Rest),
    ("STORE", Word::Upload, Rest),
    ("STOR", Word::Upload, Rest),
    ("upload", Word::Upload, Words),
    ("put", Word::Upload, Words),
    ("DWLD", Word::Download, Rest),
    ("RETRIEVE", Word::Download, Rest),
    ("RETR", Word::Download, Rest),
    ("download", Word::Download, Words),
    ("get", Word::Download, Words),
    ("LIST", Word::List, Rest),
    ("ls", Word::List, Words),
    ("DELF", Word::Delete, Rest),
    ("DELE", Word::Delete, Rest),
    ("rm", Word::Delete, Words),
    ("cat", Word::Show, Words),
    ("mv", Word::Rename, Words),
    ("PASV", Word::Passive, Rest),
    ("PWD", Word::Where, Rest),
    ("CWD", Word::Enter, Rest),
    ("cd", Word::Enter, Words),
    ("CDUP", Word::Up, Rest),
    ("MKD", Word::MakeFolder, Rest),
    ("mkdir", Word::MakeFolder, Words),
    ("RMD", Word::RemoveFolder, Rest),
    ("rmdir", Word::RemoveFolder, Words),
    ("stat", Word::Stat, Words),
    ("chmod", Word::Chmod, Words),
    ("touch", Word::Touch, Words),
    ("du", Word::Usage, Words),
    ("lcd", Word::LocalEnter, Words),
    ("lpwd", Word::LocalWhere, Words),
    ("raw", Word::Raw, Rest),
    ("quote", Word::Raw, Rest),
    ("SITE", Word::Site, Rest),
    ("close", Word::Close, Words),
    ("HELP", Word::Help, Words),
    ("?", Word::Help, Words),
    ("QUIT", Word::Quit, Rest),
    ("exit", Word::Quit, Words),
    ("bye", Word::Quit, Words),
];

/// Every word with what follows it, and what it does.
const MEANINGS: &[(Word, &str, &str)] = &[
    (
        Word::Connect,
        "[IP PORT]",
        "connect, to 127.0.0.1:2121 unless said, and try to log in as anonymous",
    ),
    (Word::User, "NAME", "say who logs in"),
    (Word::Pass, "PASSWORD", "log in as the USER"),
    (Word::Upload, "FILE", "send a local file"),
    (
        Word::Download,
        "FILE",
        "fetch a remote file into the local folder",
    ),
    (Word::List, "[PATH]", "list a folder"),
    (Word::Delete, "FILE", "remove a remote file"),
    (Word::Show, "FILE", "show a remote file"),
    (
        Word::Rename,
        "FROM TO",
        "give a remote file or folder another name",
    ),
    (
        Word::Passive,
        "",
        "passive mode: the server waits for the data connection",
    ),
    (Word::Where, "", "tell the remote folder"),
    (Word::Enter, "PATH", "enter a remote folder"),
    (Word::Up, "", "enter the remote folder above"),
    (Word::MakeFolder, "PATH", "make a remote folder"),
    (Word::RemoveFolder, "PATH", "remove an empty remote folder"),
    (
        Word::Stat,
        "PATH",
        "tell all that is known of a remote file or folder",
    ),
    (
        Word::Chmod,
        "MODE PATH",
        "set the permissions of a remote file, in octal",
    ),
    (
        Word::Touch,
        "FILE",
        "give a remote file the time of now, or make it",
    ),
    (
        Word::Usage,
        "[PATH]",
        "sum up the sizes of what is in a remote folder",
    ),
    (Word::LocalEnter, "PATH", "enter a local folder"),
    (Word::LocalWhere, "", "tell the local folder"),
    (
        Word::Raw,
        "COMMAND",
        "send a command of the protocol, and show the reply",
    ),
    (Word::Site, "COMMAND", "send a command of this server's own"),
    (Word::Close, "", "end the session and stay in the shell"),
    (Word::Help, "[COMMAND]", "list the words, or tell about one"),
    (Word::Quit, "", "end the session and the shell"),
];

/// A line that was read.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Line {
    Empty,
    Unknown(Vec<u8>),
    Unclosed,
    Known(Word, Vec<Vec<u8>>),
}

impl Line {
    pub(super) fn read(line: &[u8]) -> Self {
        let (first, rest) = split(line);
        if first.is_empty() {
            return Self::Empty;
        }
        let Some((_, word, takes)) = find(first) else {
            return Self::Unknown(first.to_vec());
        };
        match takes {
            Rest if rest.is_empty() => Self::Known(*word, Vec::new()),
            Rest => Self::Known(*word, vec![rest.to_vec()]),
            Words => match tokens::split(rest) {
                Ok(arguments) => Self::Known(*word, arguments),
                Err(Unclosed) => Self::Unclosed,
            },
        }
    }
}

/// The first word, and what stands after the one space that ends it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let line = line.trim_ascii_start();
    let end = line.iter().position(u8::is_ascii_whitespace);
    match end {
        Some(end) => (&line[..end], &line[end + 1..]),
        None => (line, &[]),
    }
}

fn find(word: &[u8]) -> Option<&'static (&'static str, Word, Takes)> {
    SPELLINGS
        .iter()
        .find(|(text, ..)| text.as_bytes().eq_ignore_ascii_case(word))
}

/// Where the secret of a line begins, if it has one.
pub(super) fn secret(line: &str) -> Option<usize> {
    let (first, rest) = split(line.as_bytes());
    let is_pass = find(first).is_some_and(|(_, word, _)| *word == Word::Pass);
    (is_pass && line.len() > first.len()).then_some(line.len() - rest.len())
}

/// The spellings that a beginning can become, in its case.
pub(super) fn complete(start: &str) -> Vec<String> {
    let begins = |text: &str| {
        let head = text.as_bytes().get(..start.len());
        head.is_some_and(|head| head.eq_ignore_ascii_case(start.as_bytes()))
    };
    let upper = start.chars().any(|c| c.is_ascii_uppercase());
    let lower = start.chars().any(|c| c.is_ascii_lowercase());
    let found = SPELLINGS.iter().filter(|(text, ..)| begins(text));
    let mut found: Vec<_> = found
        .map(|(text, ..)| match (upper, lower) {
            (true, false) => text.to_ascii_uppercase(),
            (false, true) => text.to_ascii_lowercase(),
            _ => (*text).to_owned(),
        })
        .collect();
    found.sort();
    found
}

/// The spellings of a word, as they are shown.
fn spellings(word: Word) -> Vec<&'static str> {
    let same = SPELLINGS.iter().filter(|(_, of, _)| *of == word);
    same.map(|(text, ..)| *text).collect()
}

/// What HELP says: of all words, or of one; `None` when that is none.
pub(super) fn help(about: Option<&[u8]>) -> Option<String> {
    let Some(about) = about else {
        return Some(overview());
    };
    let (_, word, _) = find(about)?;
    let (.., meaning) = MEANINGS.iter().find(|(of, ..)| of == word)?;
    let (rest, words) = (usage_of(*word, Rest), usage_of(*word, Words));
    let quoting = match rest.is_empty() || words.is_empty() {
        true => "",
        false => {
            "\n    The first take the rest of the line as it stands; the others take shell quoting."
        }
    };
    let forms = [rest, words].concat().join("\n");
    Some(format!("{forms}\n    {meaning}{quoting}"))
}

/// How a word is written, in each of its spellings.
pub(super) fn usage(word: Word) -> String {
    [usage_of(word, Rest), usage_of(word, Words)]
        .concat()
        .join(", ")
}

/// The spellings of a word that take the rest of a line in this way, each with what follows it.
fn usage_of(word: Word, takes: Takes) -> Vec<String> {
    let same = SPELLINGS
        .iter()
        .filter(|(_, of, how)| *of == word && *how == takes);
    let more = match (word, takes) {
        (Word::Upload | Word::Download, Words) => " [NEW NAME]",
        _ => "",
    };
    let forms = same.map(|(text, ..)| format!("{text} {}{more}", argument(word)));
    forms.map(|form| form.trim_end().to_owned()).collect()
}

fn argument(word: Word) -> &'static str {
    let meaning = MEANINGS.iter().find(|(of, ..)| *of == word);
    meaning.map_or("", |(_, argument, _)| argument)
}

fn overview() -> String {
    let lines = MEANINGS.iter().map(|(word, argument, meaning)| {
        let forms = format!("{} {argument}", spellings(*word).join("|"));
        format!("  {forms:<42} {meaning}")
    });
    let lines = lines.collect::<Vec<_>>().join("\n");
    format!("The words, in capitals or not:\n{lines}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn known(line: &str) -> (Word, Vec<String>) {
        match Line::read(line.as_bytes()) {
            Line::Known(word, arguments) => {
                let texts = arguments
                    .into_iter()
                    .map(|text| String::from_utf8(text).unwrap());
                (word, texts.collect())
            }
            other => panic!("{line}: {other:?}"),
        }
    }

    /// The contract of `cli.md`, word for word.
    #[test]
    fn every_word_of_the_contract_in_any_case() {
        for (words, word) in [
            ("CONN CONNECT", Word::Connect),
            ("UPLD upload STORE STOR put", Word::Upload),
            ("DWLD download RETRIEVE RETR get", Word::Download),
            ("LIST ls", Word::List),
            ("DELF DELE rm", Word::Delete),
            ("USER", Word::User),
            ("PASS", Word::Pass),
            ("PASV", Word::Passive),
            ("PWD", Word::Where),
            ("CWD cd", Word::Enter),
            ("CDUP", Word::Up),
            ("MKD mkdir", Word::MakeFolder),
            ("RMD rmdir", Word::RemoveFolder),
            ("stat", Word::Stat),
            ("chmod", Word::Chmod),
            ("raw quote", Word::Raw),
            ("SITE", Word::Site),
            ("HELP", Word::Help),
            ("QUIT exit bye", Word::Quit),
        ] {
            for text in words.split(' ') {
                assert_eq!(known(text).0, word);
                assert_eq!(known(&text.to_uppercase()).0, word);
                assert_eq!(known(&format!("  {} x", text.to_lowercase())).0, word);
            }
        }
    }

    #[test]
    fn capital_words_take_the_line_as_it_stands() {
        assert_eq!(known("UPLD a  b 'c' ").1, ["a  b 'c' "]);
        assert_eq!(known("pass  x y").1, [" x y"]);
        assert_eq!(known("put 'a b' c").1, ["a b", "c"]);
        assert_eq!(known("UPLOAD 'a b'").1, ["a b"]);
        assert_eq!(known("PWD").1, [""; 0]);
        assert_eq!(known("USER ").1, [""; 0]);
    }

    #[test]
    fn other_lines() {
        assert_eq!(Line::read(b"  "), Line::Empty);
        assert_eq!(Line::read(b"frob x"), Line::Unknown(b"frob".to_vec()));
        assert_eq!(Line::read(b"put 'a"), Line::Unclosed);
    }

    #[test]
    fn secrets_are_known() {
        assert_eq!(secret("PASS hunter2"), Some(5));
        assert_eq!(secret("  pass x"), Some(7));
        assert_eq!(secret("PASS "), Some(5));
        assert_eq!(secret("PASS"), None);
        assert_eq!(secret("PASV x"), None);
        assert_eq!(secret(""), None);
    }

    #[test]
    fn completes_in_the_case_that_is_typed() {
        assert_eq!(complete("re"), ["retr", "retrieve"]);
        assert_eq!(complete("RE"), ["RETR", "RETRIEVE"]);
        assert_eq!(complete("zz"), [""; 0]);
        assert_eq!(complete("").len(), SPELLINGS.len());
    }

    #[test]
    fn help_knows_every_word() {
        for (text, word, _) in SPELLINGS {
            let about = help(Some(text.to_lowercase().as_bytes())).unwrap();
            assert!(spellings(*word).iter().all(|form| about.contains(form)));
            assert!(help(None).unwrap().contains(text));
        }
        assert_eq!(help(Some(b"frob")), None);
    }
}
