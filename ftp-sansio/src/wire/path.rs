//! Paths as a session sees them, and the quoted paths of a 257.

use alloc::vec::Vec;
use core::fmt;

use bytes::Bytes;
use memchr::{memchr, memchr3, memrchr};

use super::argument::{Arg, Escaped};

/// A path inside a session's root: absolute, normalised, and byte for byte what the peer said.
///
/// Components are separated by one `/`; none is empty, `.` or `..`; none holds NUL, CR or LF; the root is `/`. So no
/// value of this type names anything above the root, whatever was joined. Only `/` separates: what else a system takes
/// for a separator (`\`, a drive letter) is for its storage to refuse.
///
/// At most [`VirtualPath::MAX_LEN`] bytes. A clone shares them, and so does a [`parent`](Self::parent).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct VirtualPath(Bytes);

/// Why a path or a name was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPath {
    /// The whole path would be longer than [`VirtualPath::MAX_LEN`] bytes.
    #[error("the path is longer than {} bytes", VirtualPath::MAX_LEN)]
    TooLong,
    /// The name is empty, `.` or `..`, or holds a `/`, NUL, CR or LF.
    #[error("not a file name")]
    Name,
}

impl VirtualPath {
    /// The longest path, in bytes.
    pub const MAX_LEN: usize = 4096;

    /// The root, `/`.
    pub const ROOT: Self = Self(Bytes::from_static(b"/"));

    /// The root, `/`.
    #[must_use]
    pub const fn root() -> Self {
        Self::ROOT
    }

    /// The path that `path` names as seen from this folder.
    ///
    /// An absolute one replaces this path, an empty one changes nothing, and `..` at the root stays there (as POSIX
    /// has it). It is resolved by its text alone: links are the storage's business.
    ///
    /// # Errors
    ///
    /// [`InvalidPath::TooLong`].
    pub fn join(&self, path: &Arg) -> Result<Self, InvalidPath> {
        let path = path.as_bytes();
        if path.is_empty() {
            return Ok(self.clone());
        }
        let base = if path.starts_with(b"/") {
            &[]
        } else {
            self.prefix()
        };
        let mut joined =
            Vec::with_capacity(base.len().saturating_add(path.len()).saturating_add(1));
        joined.extend_from_slice(base);
        for component in path.split(|&byte| byte == b'/') {
            match component {
                b"" | b"." => {}
                b".." => joined.truncate(memrchr(b'/', &joined).unwrap_or(0)),
                name => {
                    joined.push(b'/');
                    joined.extend_from_slice(name);
                }
            }
        }
        Self::from_components(joined)
    }

    /// The path of `name` in this folder, as the folder itself lists it: one component, taken literally.
    ///
    /// # Errors
    ///
    /// [`InvalidPath::Name`] for what is not one component, [`InvalidPath::TooLong`].
    pub fn child(&self, name: &[u8]) -> Result<Self, InvalidPath> {
        let is_name = !matches!(name, b"" | b"." | b"..")
            && memchr(b'/', name).is_none()
            && memchr3(b'\r', b'\n', 0, name).is_none();
        if !is_name {
            return Err(InvalidPath::Name);
        }
        let base = self.prefix();
        let mut path = Vec::with_capacity(base.len().saturating_add(name.len()).saturating_add(1));
        path.extend_from_slice(base);
        path.push(b'/');
        path.extend_from_slice(name);
        Self::from_components(path)
    }

    /// Takes `/a/b`, or nothing for the root.
    fn from_components(path: Vec<u8>) -> Result<Self, InvalidPath> {
        if path.len() > Self::MAX_LEN {
            return Err(InvalidPath::TooLong);
        }
        if path.is_empty() {
            Ok(Self::ROOT)
        } else {
            Ok(Self(path.into()))
        }
    }

    /// What stands before the `/` of a component in this folder: nothing for the root.
    fn prefix(&self) -> &[u8] {
        if self.is_root() { &[] } else { &self.0 }
    }

    /// The folder that holds this one; the root has none.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        match memrchr(b'/', &self.0) {
            None | Some(0) => Some(Self::ROOT),
            Some(at) => Some(Self(self.0.slice(..at))),
        }
    }

    /// The last component; the root has none.
    #[must_use]
    pub fn name(&self) -> Option<&[u8]> {
        self.components().next_back()
    }

    /// The components from the root on; the root itself has none.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0
            .split(|&byte| byte == b'/')
            .filter(|component| !component.is_empty())
    }

    /// The whole path, with its `/` at the start.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is `/`.
    #[must_use]
    pub const fn is_root(&self) -> bool {
        self.0.len() == 1
    }

    /// Whether this path is `folder` or lies beneath it, by whole components.
    #[must_use]
    pub fn starts_with(&self, folder: &Self) -> bool {
        match self.0.strip_prefix(folder.prefix()) {
            Some(rest) => rest.is_empty() || rest.starts_with(b"/"),
            None => false,
        }
    }

    /// The path as the argument of a command, sharing its bytes.
    #[must_use]
    pub fn to_arg(&self) -> Arg {
        Arg::from_checked(self.0.clone())
    }
}

impl Default for VirtualPath {
    fn default() -> Self {
        Self::ROOT
    }
}

impl fmt::Debug for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{self}\"")
    }
}

impl fmt::Display for VirtualPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Escaped(&self.0).fmt(f)
    }
}

/// Appends the path in double quotes, each `"` in it doubled, as a 257 wants it (RFC 959, appendix II).
pub fn quote(path: &[u8], out: &mut Vec<u8>) {
    out.push(b'"');
    for (at, part) in path.split(|&byte| byte == b'"').enumerate() {
        if at > 0 {
            out.extend_from_slice(b"\"\"");
        }
        out.extend_from_slice(part);
    }
    out.push(b'"');
}

/// Finds the first quoted path in the text of a 257 and undoes the quoting. `None` when none is closed.
#[must_use]
pub fn unquote(text: &[u8]) -> Option<Vec<u8>> {
    let (_, mut rest) = split_at_quote(text)?;
    let mut path = Vec::new();
    loop {
        let (part, tail) = split_at_quote(rest)?;
        path.extend_from_slice(part);
        let Some(tail) = tail.strip_prefix(b"\"") else {
            return Some(path);
        };
        path.push(b'"');
        rest = tail;
    }
}

/// What is before the first `"`, and what is after it.
fn split_at_quote(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, rest) = text.split_at_checked(memchr(b'"', text)?)?;
    Some((before, rest.strip_prefix(b"\"")?))
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn path(text: &str) -> VirtualPath {
        VirtualPath::ROOT
            .join(&Arg::try_from(text).unwrap())
            .unwrap()
    }

    #[test]
    fn joins() {
        let table = [
            ("/", "a", "/a"),
            ("/a", "b/c", "/a/b/c"),
            ("/a/b", "/c", "/c"),
            ("/a/b", "../c", "/a/c"),
            ("/a", "../../../b", "/b"),
            ("/a", "..", "/"),
            ("/", "..", "/"),
            ("/a", "./././", "/a"),
            ("/a", "", "/a"),
            ("/a", "//b///c/", "/b/c"),
            ("/", "...", "/..."),
            ("/", " a ", "/ a "),
        ];
        for (from, to, expected) in table {
            let joined = path(from).join(&Arg::try_from(to).unwrap()).unwrap();
            assert_eq!(joined.to_string(), expected, "{from} + {to}");
        }
    }

    #[test]
    fn a_child_is_one_component() {
        assert_eq!(path("/a").child(b"b c").unwrap(), path("/a/b c"));
        assert_eq!(path("/").child(b"...").unwrap(), path("/..."));
        for bad in [&b""[..], b".", b"..", b"a/b", b"/", b"a\0", b"a\r", b"\nb"] {
            assert_eq!(path("/a").child(bad), Err(InvalidPath::Name));
        }
    }

    #[test]
    fn is_bounded() {
        let longest = path(&"a".repeat(VirtualPath::MAX_LEN - 1));
        assert_eq!(longest.as_bytes().len(), VirtualPath::MAX_LEN);
        assert_eq!(longest.child(b"b"), Err(InvalidPath::TooLong));
        assert_eq!(
            longest.join(&Arg::try_from("b").unwrap()),
            Err(InvalidPath::TooLong)
        );
        assert_eq!(
            longest.join(&Arg::try_from("../b").unwrap()),
            Ok(path("/b"))
        );
        assert_eq!(
            InvalidPath::TooLong.to_string(),
            "the path is longer than 4096 bytes"
        );
    }

    #[test]
    fn has_parents_and_names() {
        let leaf = path("/a/b");
        assert_eq!(
            (leaf.name(), leaf.parent()),
            (Some(&b"b"[..]), Some(path("/a")))
        );
        assert_eq!(path("/a").parent(), Some(VirtualPath::root()));
        assert_eq!((path("/").name(), path("/").parent()), (None, None));
        assert_eq!(leaf.components().collect::<Vec<_>>(), [b"a", b"b"]);
    }

    #[test]
    fn starts_with_whole_components() {
        assert!(path("/ab/c").starts_with(&path("/ab")));
        assert!(path("/ab").starts_with(&path("/ab")));
        assert!(path("/ab").starts_with(&path("/")));
        assert!(!path("/ab").starts_with(&path("/a")));
        assert!(!path("/").starts_with(&path("/a")));
    }

    #[test]
    fn quotes_as_rfc_959_does() {
        let mut out = Vec::new();
        quote(br#"/a"b"#, &mut out);
        assert_eq!(out, br#""/a""b""#);
        assert_eq!(
            unquote(br#""/a""b" is the current folder, "ok""#).unwrap(),
            br#"/a"b"#
        );
        assert_eq!(unquote(br#"now in """#).unwrap(), b"");
        assert_eq!(unquote(br#""/a"""#), None);
        assert_eq!(unquote(b"/a"), None);
        assert_eq!(format!("{:?}", path("/a\x1b")), r#""/a\x1b""#);
    }

    proptest! {
        #[test]
        fn no_join_escapes(from in "[a./]{0,20}", to in prop::collection::vec(1_u8.., 0..40), dots in "[ab./]{0,30}") {
            for to in [Arg::new(to), Arg::try_from(dots)] {
                let Ok(to) = to else { continue };
                let joined = path(&from).join(&to).unwrap();
                let bytes = joined.as_bytes();
                prop_assert!(bytes.starts_with(b"/"));
                if !joined.is_root() {
                    for component in bytes[1..].split(|&byte| byte == b'/') {
                        prop_assert!(!matches!(component, b"" | b"." | b".."));
                    }
                }
                // Normal already: to join it again changes nothing.
                prop_assert_eq!(path("/x").join(&joined.to_arg()).unwrap(), joined);
            }
        }

        #[test]
        fn a_child_has_its_name_and_parent(from in "[a/]{0,20}", name: Vec<u8>) {
            let folder = path(&from);
            if let Ok(child) = folder.child(&name) {
                prop_assert_eq!(child.name(), Some(&name[..]));
                prop_assert!(child.starts_with(&folder));
                prop_assert_eq!(child.parent(), Some(folder));
            }
        }

        #[test]
        fn quoting_is_undone(path: Vec<u8>, quotes in "[\"a]{0,20}", tail in "( [^\"]*)?") {
            for path in [&path[..], quotes.as_bytes()] {
                let mut text = Vec::new();
                quote(path, &mut text);
                text.extend_from_slice(tail.as_bytes());
                prop_assert_eq!(unquote(&text), Some(path.to_vec()));
            }
        }

        #[test]
        fn no_text_panics(text in "[\"a]{0,20}") {
            let _ = unquote(text.as_bytes());
        }
    }
}
