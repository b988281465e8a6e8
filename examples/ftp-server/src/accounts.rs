//! Who may log in: what `--user` and `--anonymous` named.

use std::sync::Arc;

use ftp_driver::server::Grant;
use ftp_driver::storage::{Account, Authenticator, Login, Storage};

use crate::cli::{Mode, User};

/// The accounts of the command line, over one store.
pub(crate) struct Accounts<S> {
    pub(crate) users: Vec<User>,
    pub(crate) anonymous: Option<Mode>,
    pub(crate) storage: Arc<S>,
}

impl<S> Accounts<S> {
    fn mode(&self, login: &Login) -> Option<Mode> {
        let (name, password) = (login.user.as_bytes(), login.password.expose().as_bytes());
        // Every account is compared with, to the end, so that the time tells nothing of who exists.
        let known = self.users.iter().fold(None, |found, user| {
            let matches =
                same(user.name.as_bytes(), name) & same(user.password.as_bytes(), password);
            if matches { Some(user.mode) } else { found }
        });
        let is_anonymous =
            name.eq_ignore_ascii_case(b"anonymous") || name.eq_ignore_ascii_case(b"ftp");
        known.or(self.anonymous.filter(|_| is_anonymous))
    }
}

/// Compares in a time that depends on the lengths alone.
fn same(known: &[u8], given: &[u8]) -> bool {
    let differences = known.iter().zip(given).fold(0, |all, (a, b)| all | (a ^ b));
    differences == 0 && known.len() == given.len()
}

impl<S: Storage> Authenticator for Accounts<S> {
    type Storage = S;

    async fn authenticate(&self, login: &Login) -> Option<Account<S>> {
        let grant = match self.mode(login)? {
            Mode::Rw => Grant::read_write(),
            Mode::Ro => Grant::read_only(
                "To let it write, start ftp-server with --anonymous rw or --user NAME:PASS:rw.",
            ),
        };
        Some(Account {
            storage: self.storage.clone(),
            grant,
        })
    }
}
