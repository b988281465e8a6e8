//! A bar for somebody who watches a transfer on a terminal; nothing for anybody else.

use ftp_sansio::wire::Escaped;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::console::Console;

const KNOWN: &str = "{msg} {bytes:>11} / {total_bytes:<11} {wide_bar} {bytes_per_sec:>13} {eta:>4}";
const UNKNOWN: &str = "{msg} {bytes:>11} {bytes_per_sec:>13} {spinner}";
/// How much of a name is shown.
const NAME: usize = 32;

/// Counts the bytes of one transfer, and shows them where somebody watches.
#[derive(Debug)]
pub(crate) struct Meter {
    bar: ProgressBar,
    /// It is that of a [`Sum`], and stays.
    is_shared: bool,
}

impl Meter {
    /// `total` counts what was there at the start (`from`) too.
    pub(crate) fn new(console: &Console, name: &[u8], total: Option<u64>, from: u64) -> Self {
        if !console.has_bars() {
            return Self::hidden();
        }
        if let Some(bar) = &*console.bar.borrow() {
            bar.inc(from);
            return Self {
                bar: bar.clone(),
                is_shared: true,
            };
        }
        let bar = bar(shorten(&Escaped(name).to_string()), total);
        bar.set_position(from);
        bar.reset_eta();
        Self {
            bar,
            is_shared: false,
        }
    }

    /// One that shows nothing.
    pub(crate) fn hidden() -> Self {
        Self {
            bar: ProgressBar::hidden(),
            is_shared: false,
        }
    }

    pub(crate) fn add(&self, bytes: u64) {
        self.bar.inc(bytes);
    }
}

impl Drop for Meter {
    /// The bar goes, however the transfer ended: what is said next stands on a clean line.
    fn drop(&mut self) {
        if !self.is_shared {
            self.bar.finish_and_clear();
        }
    }
}

/// One bar for all that several sessions move, for as long as this is kept.
#[derive(Debug)]
pub(crate) struct Sum<'a>(&'a Console);

impl<'a> Sum<'a> {
    /// `total` is what all of the files have together.
    pub(crate) fn begin(console: &'a Console, files: usize, total: Option<u64>) -> Self {
        if console.has_bars() {
            console
                .bar
                .replace(Some(bar(format!("{files} files"), total)));
        }
        Self(console)
    }
}

impl Drop for Sum<'_> {
    fn drop(&mut self) {
        if let Some(bar) = self.0.bar.take() {
            bar.finish_and_clear();
        }
    }
}

fn bar(name: String, total: Option<u64>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(total, ProgressDrawTarget::stderr());
    let template = if total.is_some() { KNOWN } else { UNKNOWN };
    let style = ProgressStyle::with_template(template);
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()));
    bar.set_message(name);
    bar
}

/// The end of a long name tells more than its beginning.
fn shorten(name: &str) -> String {
    let length = name.chars().count();
    match length > NAME {
        true => format!(
            "…{}",
            name.chars().skip(length - NAME + 1).collect::<String>()
        ),
        false => name.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_keep_their_end() {
        assert_eq!(shorten("short"), "short");
        let long = shorten(&format!("{}.tar.gz", "ä".repeat(40)));
        assert_eq!(long.chars().count(), NAME);
        assert!(long.starts_with('…') && long.ends_with(".tar.gz"));
    }

    #[test]
    fn the_templates_are_understood() {
        assert!(ProgressStyle::with_template(KNOWN).is_ok());
        assert!(ProgressStyle::with_template(UNKNOWN).is_ok());
    }
}
