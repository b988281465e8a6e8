//! What is cleared away when a signal ends the program in the middle of a download: the partial files, which nobody could
//! resume.

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};

/// The partial files that are being written: one for each session at the most.
static PARTS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

fn parts() -> MutexGuard<'static, Vec<PathBuf>> {
    PARTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// From here on `part` goes with the program.
pub(crate) fn remember(part: PathBuf) {
    static WATCH: Once = Once::new();
    WATCH.call_once(watch);
    parts().push(part);
}

/// It has its name, or is gone.
pub(crate) fn forget(part: &Path) {
    parts().retain(|known| known != part);
}

/// Ctrl-C, a closed terminal and `kill` end the program as they would have, once its partial files are gone.
#[cfg(unix)]
fn watch() {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

    let Ok(mut signals) = signal_hook::iterator::Signals::new([SIGHUP, SIGINT, SIGTERM]) else {
        return;
    };
    std::thread::spawn(move || {
        for signal in signals.forever() {
            for part in parts().drain(..) {
                let _ = std::fs::remove_file(part);
            }
            let _ = signal_hook::low_level::emulate_default_handler(signal);
        }
    });
}

#[cfg(not(unix))]
fn watch() {}
