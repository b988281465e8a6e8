//! `find` and `du`: what is below a folder, told or summed up.

use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, IsTerminal, Write};

use ftp_driver::Runtime;
use ftp_sansio::listing::{Entry, Kind};
use globset::{GlobBuilder, GlobMatcher};

use crate::below::Below;
use crate::cli::KindName;
use crate::failure::{Exit, Failure};
use crate::json::{self, Object};
use crate::remote::RemotePath;
use crate::session::Session;
use crate::show;
use crate::sync::Filter;
use crate::tree::{Node, Tree, visit_remote, walk_remote};
use crate::url::Target;

/// What `find` looks for.
#[derive(Debug)]
pub(crate) struct Wish {
    name: Option<GlobMatcher>,
    kind: Option<KindName>,
}

impl Wish {
    /// # Errors
    /// A pattern that is none.
    pub(crate) fn new(name: Option<&str>, kind: Option<KindName>) -> Result<Self, Failure> {
        let glob = |text: &str| GlobBuilder::new(text).backslash_escape(true).build();
        let glob = name.map(glob).transpose();
        let glob = glob.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(Self {
            name: glob.map(|glob| glob.compile_matcher()),
            kind,
        })
    }

    fn takes(&self, name: &[u8], kind: Kind) -> bool {
        let named = self
            .name
            .as_ref()
            .is_none_or(|glob| glob.is_match_candidate(&globset::Candidate::from_bytes(name)));
        let wanted = self.kind.is_none_or(|wanted| match wanted {
            KindName::File => kind == Kind::File,
            KindName::Folder => kind == Kind::Folder,
            KindName::Symlink => kind == Kind::Symlink,
        });
        named && wanted
    }
}

/// Shows what a URL names and what is below it, as far as it is wished for.
pub(crate) async fn find<R: Runtime>(
    session: &mut Session<R>,
    target: &Target,
    wish: &Wish,
) -> Result<(), Failure> {
    let top = &target.path;
    let itself = top_entry(session, top, target.names_folder).await?;
    let mut found = Vec::new();
    let name = top.name().unwrap_or(b".");
    if wish.takes(name, itself.kind) {
        found.push((Below::default(), itself.clone()));
    }
    let mut walked = Ok(Tree::default());
    if itself.kind != Kind::File {
        walked = visit_remote(session, top, &Filter::default(), |below, entry| {
            let name = below.names().last().unwrap_or_default();
            if wish.takes(name, entry.kind) {
                found.push((below.clone(), entry.clone()));
            }
        })
        .await;
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    print(session, top, &found)?;
    for doubt in walked?.doubts {
        session.console.problem(doubt);
    }
    Ok(())
}

/// What the path itself names. A folder where it says so; else the server is asked, since not every one refuses to list a file.
async fn top_entry<R: Runtime>(
    session: &mut Session<R>,
    path: &RemotePath,
    names_folder: bool,
) -> Result<Entry, Failure> {
    let name = path.name().unwrap_or(b".");
    if names_folder || path.name().is_none() {
        return Ok(Entry::new(name.to_vec(), Kind::Folder));
    }
    match session.look_up(path).await? {
        Some(found) => Ok(found.entry),
        None => {
            let text = format!("there is no remote file {path}, or it may not be seen");
            Err(Failure::new(Exit::NotFound, text))
        }
    }
}

fn print<R: Runtime>(
    session: &Session<R>,
    top: &RemotePath,
    found: &[(Below, Entry)],
) -> Result<(), Failure> {
    let stdout = io::stdout();
    let raw = !stdout.is_terminal();
    let mut out = io::BufWriter::new(stdout.lock());
    for (below, entry) in found {
        let path = shown(top, below)?;
        let written = match session.console.json {
            true => writeln!(out, "{}", json::entry(entry).bytes("path", Some(&path))),
            false => show::write_name(&mut out, raw, &path).and_then(|()| out.write_all(b"\n")),
        };
        written.map_err(|error| Failure::output(&error))?;
    }
    out.flush().map_err(|error| Failure::output(&error))
}

/// A path as it stands in a URL of the server, before it is encoded; `.` for the folder of the login.
fn shown(top: &RemotePath, below: &Below) -> Result<Vec<u8>, Failure> {
    let path = below.remote(top)?;
    Ok(match path.as_bytes() {
        b"" => b".".to_vec(),
        path => path.to_vec(),
    })
}

/// How `du` shows what it has summed up.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    pub(crate) total_alone: bool,
    pub(crate) human: bool,
}

/// What is in a folder and below it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Sum {
    bytes: u64,
    files: u64,
}

impl Sum {
    fn add(&mut self, bytes: u64) {
        self.bytes = self.bytes.saturating_add(bytes);
        self.files += 1;
    }
}

/// Shows how much is in a folder and below it, or in a file.
pub(crate) async fn du<R: Runtime>(
    session: &mut Session<R>,
    top: &RemotePath,
    names_folder: bool,
    usage: Usage,
) -> Result<(), Failure> {
    let itself = top_entry(session, top, names_folder).await?;
    let (sums, unknown) = match itself.kind {
        Kind::File => {
            let mut sum = Sum::default();
            sum.add(itself.size.unwrap_or(0));
            let sums = BTreeMap::from([(Below::default(), sum)]);
            (sums, u64::from(itself.size.is_none()))
        }
        _ => {
            let tree = walk_remote(session, top, &Filter::default()).await?;
            for doubt in &tree.doubts {
                session.console.problem(doubt);
            }
            sums(&tree)
        }
    };
    if unknown > 0 {
        session.console.problem(format_args!(
            "the server does not tell the size of {unknown} files: they count nothing"
        ));
    }
    // What is below comes before what it is in, the total last.
    let shown = sums
        .iter()
        .rev()
        .filter(|(below, _)| !usage.total_alone || below.as_bytes().is_empty());
    let stdout = io::stdout();
    let raw = !stdout.is_terminal();
    let mut out = io::BufWriter::new(stdout.lock());
    for (below, sum) in shown {
        write_sum(
            &mut out,
            session.console.json,
            raw,
            usage,
            sum,
            &self::shown(top, below)?,
        )
        .map_err(|error| Failure::output(&error))?;
    }
    out.flush().map_err(|error| Failure::output(&error))
}

fn write_sum(
    out: &mut impl Write,
    json: bool,
    raw: bool,
    usage: Usage,
    sum: &Sum,
    path: &[u8],
) -> io::Result<()> {
    if json {
        let object = Object::new()
            .bytes("path", Some(path))
            .number("size", Some(sum.bytes))
            .number("files", Some(sum.files));
        return writeln!(out, "{object}");
    }
    match usage.human {
        true => write!(out, "{}\t", Human(sum.bytes))?,
        false => write!(out, "{}\t", sum.bytes)?,
    }
    show::write_name(out, raw, path)?;
    out.write_all(b"\n")
}

/// The sum of each folder, the top among them, and how many files have no size that is known.
fn sums(tree: &Tree) -> (BTreeMap<Below, Sum>, u64) {
    let mut sums = BTreeMap::from([(Below::default(), Sum::default())]);
    let mut unknown = 0;
    for (below, node) in tree.nodes() {
        match node {
            Node::Folder => {
                sums.entry(below.clone()).or_default();
            }
            Node::File(file) => {
                unknown += u64::from(file.size.is_none());
                for folder in below.parents().chain([Below::default()]) {
                    sums.entry(folder).or_default().add(file.size.unwrap_or(0));
                }
            }
            Node::Skipped => {}
        }
    }
    (sums, unknown)
}

/// A size as `du -h` shows it: at most three digits and a unit, rounded up.
struct Human(u64);

impl fmt::Display for Human {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut unit = 1u64;
        let mut letters = "KMGTPE".chars();
        let mut letter = None;
        while self.0.div_ceil(unit) >= 1024 {
            unit <<= 10;
            letter = letters.next();
        }
        let Some(letter) = letter else {
            return write!(f, "{}", self.0);
        };
        let tenths = (u128::from(self.0) * 10).div_ceil(u128::from(unit));
        match tenths < 100 {
            true => write!(f, "{}.{}{letter}", tenths / 10, tenths % 10),
            false => write!(f, "{}{letter}", self.0.div_ceil(unit)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::FileNode;

    fn below(text: &str) -> Below {
        text.split('/').fold(Below::default(), |folder, name| {
            folder.child(name.as_bytes()).unwrap()
        })
    }

    fn tree(nodes: &[(&str, Node)]) -> Tree {
        let mut tree = Tree::default();
        for (path, node) in nodes {
            tree.insert(&below(path), *node);
        }
        tree
    }

    const fn file(size: Option<u64>) -> Node {
        Node::File(FileNode { size, time: None })
    }

    #[test]
    fn folders_sum_up_what_is_below_them() {
        let tree = tree(&[
            ("a", Node::Folder),
            ("a/b", Node::Folder),
            ("a/b/f", file(Some(5))),
            ("a/g", file(Some(3))),
            ("a-", Node::Folder),
            ("h", file(None)),
            ("l", Node::Skipped),
        ]);
        let (sums, unknown) = sums(&tree);
        assert_eq!(unknown, 1);
        let shown: Vec<_> = sums
            .iter()
            .rev()
            .map(|(below, sum)| (below.to_string(), sum.bytes, sum.files))
            .collect();
        let wanted = [("a/b", 5, 1), ("a-", 0, 0), ("a", 8, 2), ("", 8, 3)];
        assert_eq!(
            shown,
            wanted.map(|(path, bytes, files)| (path.to_owned(), bytes, files))
        );
    }

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1025, "1.1K"),
            (10 << 10, "10K"),
            ((10 << 10) + 1, "11K"),
            ((1 << 20) - 1, "1.0M"),
            (5 << 30, "5.0G"),
            (u64::MAX, "16E"),
        ] {
            assert_eq!(Human(bytes).to_string(), text, "{bytes}");
        }
    }

    #[test]
    fn wishes() {
        let wish = |name, kind| Wish::new(name, kind).unwrap();
        assert!(wish(None, None).takes(b"x", Kind::Other));
        let files = wish(Some("*.iso"), Some(KindName::File));
        assert!(files.takes(b"a.iso", Kind::File) && files.takes(b".iso", Kind::File));
        assert!(!files.takes(b"a.iso", Kind::Folder) && !files.takes(b"a.ISO", Kind::File));
        assert!(wish(Some("\\[x\\]"), None).takes(b"[x]", Kind::Folder));
        assert_eq!(Wish::new(Some("["), None).unwrap_err().exit(), Exit::Usage);
    }
}
