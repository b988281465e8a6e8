//! What is cleared away when a signal ends the program in the middle of a download: the partial file, which nobody could
//! resume.

use std::path::PathBuf;
use std::sync::{Mutex, Once, PoisonError};

/// The partial file that is being written, if one is: there is one transfer at a time.
static PART: Mutex<Option<PathBuf>> = Mutex::new(None);

/// From here on `part` goes with the program; `None` when it has its name, or is gone.
pub(crate) fn remember(part: Option<PathBuf>) {
    static WATCH: Once = Once::new();
    if part.is_some() {
        WATCH.call_once(watch);
    }
    *PART.lock().unwrap_or_else(PoisonError::into_inner) = part;
}

/// Ctrl-C, a closed terminal and `kill` end the program as they would have, once its partial file is gone.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            if let Some(part) = PART.lock().unwrap_or_else(PoisonError::into_inner).take() {
                let _ = std::fs::remove_file(part);
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn watch() {}
