//! `--include` and `--exclude`: which paths of a tree take part.

use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

use crate::below::Below;
use crate::failure::Failure;

/// Patterns as a shell knows them. One with a `/` is for whole paths below the top, one without for names.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    include: Patterns,
    exclude: Patterns,
}

#[derive(Debug, Default)]
struct Patterns {
    names: GlobSet,
    paths: GlobSet,
}

impl Filter {
    /// # Errors
    /// A pattern that is none.
    pub(crate) fn new(include: &[String], exclude: &[String]) -> Result<Self, Failure> {
        Ok(Self {
            include: Patterns::new(include)?,
            exclude: Patterns::new(exclude)?,
        })
    }

    /// Whether a path takes part. A folder that is excluded takes all in it along; `--include` chooses among files.
    pub(crate) fn takes(&self, below: &Below, is_folder: bool) -> bool {
        if self.exclude.matches(below) {
            return false;
        }
        is_folder || self.include.is_empty() || self.include.matches(below)
    }

    /// Whether only some files are chosen, so that a folder is made when it has one of them.
    pub(crate) fn chooses_files(&self) -> bool {
        !self.include.is_empty()
    }
}

impl Patterns {
    fn new(patterns: &[String]) -> Result<Self, Failure> {
        let (paths, names): (Vec<_>, Vec<_>) = patterns.iter().partition(|text| text.contains('/'));
        Ok(Self {
            names: set(&names)?,
            paths: set(&paths)?,
        })
    }

    fn is_empty(&self) -> bool {
        self.names.is_empty() && self.paths.is_empty()
    }

    fn matches(&self, below: &Below) -> bool {
        let name = below.names().last().unwrap_or_default();
        self.names.is_match_candidate(&Candidate::from_bytes(name))
            || self
                .paths
                .is_match_candidate(&Candidate::from_bytes(below.as_bytes()))
    }
}

fn set(patterns: &[&String]) -> Result<GlobSet, Failure> {
    let mut set = GlobSetBuilder::new();
    for text in patterns {
        let text = text.trim_matches('/');
        let glob = GlobBuilder::new(text).literal_separator(true).build();
        set.add(glob.map_err(|error| Failure::usage(error.to_string()))?);
    }
    set.build()
        .map_err(|error| Failure::usage(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn takes(include: &[&str], exclude: &[&str], path: &str) -> bool {
        let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        let filter = Filter::new(&owned(include), &owned(exclude)).unwrap();
        let below = path.split('/').fold(Below::default(), |folder, name| {
            folder.child(name.as_bytes()).unwrap()
        });
        filter.takes(&below, path.ends_with("dir"))
    }

    #[test]
    fn names_and_paths() {
        assert!(takes(&[], &[], "a/b"));
        assert!(!takes(&[], &["*.o"], "a/b.o"));
        assert!(!takes(&[], &["a/*.o"], "a/b.o"));
        assert!(takes(&[], &["a/*.o"], "a/c/b.o"));
        assert!(!takes(&[], &["a/**"], "a/c/b.o"));
    }

    #[test]
    fn includes_choose_among_files_and_excludes_win() {
        assert!(takes(&["*.txt"], &[], "a/b.txt"));
        assert!(!takes(&["*.txt"], &[], "a/b"));
        assert!(takes(&["*.txt"], &[], "a/dir"));
        assert!(!takes(&["*.txt"], &["b*"], "a/b.txt"));
    }

    #[test]
    fn a_pattern_that_is_none_is_a_usage_error() {
        assert!(Filter::new(&["[".to_owned()], &[]).is_err());
    }
}
