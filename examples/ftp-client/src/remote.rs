//! The path of a file on the server.

use std::fmt;

use ftp_sansio::wire::{Arg, InvalidArg};

/// A path as it is sent to the server: bytes without CR, LF and NUL, relative to the folder the session is in unless it
/// begins with `/`, without a `/` at its end. The empty path is that folder itself.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub(crate) struct RemotePath(Arg);

impl RemotePath {
    /// # Errors
    /// Bytes that would end the command they are sent in.
    pub(crate) fn new(bytes: &[u8]) -> Result<Self, InvalidArg> {
        let mut path = bytes;
        while let [rest @ .., b'/'] = path
            && !rest.is_empty()
        {
            path = rest;
        }
        Arg::try_from(path).map(Self)
    }

    /// Whether this is the folder that the session is in.
    pub(crate) fn is_here(&self) -> bool {
        self.0.is_empty() || self.0.as_bytes() == b"."
    }

    /// Whether this is the server's `/`, however often that is written.
    pub(crate) fn is_root(&self) -> bool {
        !self.0.is_empty() && self.0.as_bytes().iter().all(|&byte| byte == b'/')
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }

    /// Something in this folder.
    ///
    /// # Errors
    /// Bytes that would end the command they are sent in.
    pub(crate) fn join(&self, name: &[u8]) -> Result<Self, InvalidArg> {
        if self.0.is_empty() || name.starts_with(b"/") {
            return Self::new(name);
        }
        let mut path = self.0.as_bytes().to_vec();
        if !path.ends_with(b"/") {
            path.push(b'/');
        }
        path.extend_from_slice(name);
        Self::new(&path)
    }

    /// The last component: the name of the file. `None` for the folder itself, for `/`, and for what ends in `.` or `..`.
    pub(crate) fn name(&self) -> Option<&[u8]> {
        let name = self.as_bytes().rsplit(|&byte| byte == b'/').next()?;
        (!matches!(name, b"" | b"." | b"..")).then_some(name)
    }

    /// The folder that its name is in; `None` where it has no name.
    pub(crate) fn parent(&self) -> Option<Self> {
        let name = self.name()?;
        let above = &self.as_bytes()[..self.as_bytes().len() - name.len()];
        Self::new(above).ok()
    }

    /// The folders above it and itself, from the outermost: `a`, `a/b`, `a/b/c`.
    pub(crate) fn steps(&self) -> impl Iterator<Item = Self> {
        let path = self.0.as_bytes();
        let ends = (1..path.len()).filter(|&at| path[at] == b'/' && path[at - 1] != b'/');
        let above = ends.filter_map(|at| Self::new(&path[..at]).ok());
        above.chain((!path.is_empty()).then(|| self.clone()))
    }

    /// What goes on the wire. A leading `-` would be an option to servers that call `ls`.
    pub(crate) fn to_arg(&self) -> Arg {
        match self.as_bytes() {
            b"" => Arg::try_from(".").unwrap_or_default(),
            [b'-', ..] => Arg::try_from([b"./", self.as_bytes()].concat()).unwrap_or_default(),
            _ => self.0.clone(),
        }
    }
}

impl fmt::Display for RemotePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.as_bytes() {
            b"" => f.write_str("."),
            _ => self.0.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RemotePath {
        RemotePath::new(text.as_bytes()).unwrap()
    }

    #[test]
    fn slashes_at_the_end_go_but_the_root_stays() {
        assert_eq!(path("a/b//").as_bytes(), b"a/b");
        assert_eq!(path("/").as_bytes(), b"/");
        assert_eq!(path("//").as_bytes(), b"/");
        assert!(path("/").is_root() && path("").is_here() && !path("").is_root());
    }

    #[test]
    fn joins() {
        assert_eq!(path("").join(b"x").unwrap(), path("x"));
        assert_eq!(path("/").join(b"x").unwrap(), path("/x"));
        assert_eq!(path("a").join(b"x").unwrap(), path("a/x"));
        assert_eq!(path("a").join(b"/x").unwrap(), path("/x"));
        assert!(path("a").join(b"x\r\nDELE y").is_err());
    }

    #[test]
    fn names_and_steps() {
        assert_eq!(path("a/b c").name(), Some(&b"b c"[..]));
        assert_eq!(path("a/..").name(), None);
        assert_eq!(path("").name(), None);
        let parent = |text| path(text).parent().map(|parent| parent.to_string());
        assert_eq!(parent("a/b").unwrap(), "a");
        assert_eq!(parent("a").unwrap(), ".");
        assert_eq!(parent("/a").unwrap(), "/");
        assert_eq!(parent("/"), None);
        let steps: Vec<_> = path("/a/b//c")
            .steps()
            .map(|step| step.to_string())
            .collect();
        assert_eq!(steps, ["/a", "/a/b", "/a/b//c"]);
        assert_eq!(path("a").steps().count(), 1);
        assert_eq!(path("").steps().count(), 0);
    }

    #[test]
    fn a_dash_is_no_option() {
        assert_eq!(path("-rf").to_arg().as_bytes(), b"./-rf");
        assert_eq!(path("").to_arg().as_bytes(), b".");
    }
}
