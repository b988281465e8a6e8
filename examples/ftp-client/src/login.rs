//! Who logs in: the user and password of a URL, of the environment, or of a person who is asked.

use std::env;
use std::io::{self, IsTerminal};

use ftp_sansio::wire::{Arg, Secret};

use crate::failure::Failure;
use crate::shell::ask_password;

/// A user and their password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Credentials {
    pub(crate) user: Arg,
    pub(crate) password: Secret<Arg>,
}

impl Credentials {
    /// Who has no account: RFC 1635 has the password be an address, and nobody insists on a real one.
    pub(crate) fn anonymous() -> Self {
        let literal = |text| Arg::from_static(text).unwrap_or_default();
        Self {
            user: literal("anonymous"),
            password: Secret::new(literal("anonymous@")),
        }
    }

    /// The credentials for a user, if there is one; the password from wherever it can be had.
    pub(crate) fn find(
        user: Option<&Arg>,
        password: Option<&Secret<Arg>>,
    ) -> Result<Self, Failure> {
        let Some(user) = user else {
            return Ok(Self::anonymous());
        };
        let password = match password {
            Some(password) => password.clone(),
            None => match from_environment()? {
                Some(password) => password,
                None => from_person(user)?,
            },
        };
        Ok(Self {
            user: user.clone(),
            password,
        })
    }
}

fn from_environment() -> Result<Option<Secret<Arg>>, Failure> {
    let value = env::var_os("FTP_PASSWORD");
    let secret = value.map(|value| secret(value.as_encoded_bytes()));
    secret.transpose()
}

/// Asks on a terminal that can hide what is typed; without one the password is empty, and the server may refuse it.
fn from_person(user: &Arg) -> Result<Secret<Arg>, Failure> {
    let hides = env::var_os("TERM").is_none_or(|term| term != "dumb");
    if !hides || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Ok(Secret::default());
    }
    match ask_password(&format!("Password of {user}: ")) {
        Some(text) => secret(text.as_bytes()),
        None => Err(Failure::usage("no password was given")),
    }
}

/// # Errors
/// A password that could not be sent. It is not shown.
pub(crate) fn secret(bytes: &[u8]) -> Result<Secret<Arg>, Failure> {
    let unfit = |_| Failure::usage("the password holds a byte that cannot be sent (CR, LF or NUL)");
    Arg::try_from(bytes).map(Secret::new).map_err(unfit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_anonymous() {
        assert_eq!(
            Credentials::find(None, None).unwrap(),
            Credentials::anonymous()
        );
    }

    #[test]
    fn a_password_that_would_end_the_line_is_refused_unseen() {
        let failure = secret(b"hunter2\r\nDELE x").unwrap_err();
        assert!(!failure.to_string().contains("hunter2"));
    }
}
