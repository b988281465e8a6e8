//! TLS as the command line asks for it.

use std::cell::OnceCell;
use std::path::Path;

use ftp_driver::tls::{
    Certificate, CertificateError, ClientTls, ClientTlsBuilder, Roots, Trust, Version,
};

use crate::cli::{Protection, TlsName};
use crate::failure::Failure;
use crate::url::Host;

/// How sessions are protected.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    mode: Option<TlsName>,
    builder: ClientTlsBuilder,
    /// Made when it is first wanted: to read the system's authorities takes longer than many a session.
    client: OnceCell<ClientTls>,
    /// The same without TLS 1.3.
    older: OnceCell<ClientTls>,
}

/// How one session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    Off,
    /// By AUTH TLS where the server takes it.
    IfOffered,
    /// By AUTH TLS.
    Explicit,
    /// From the first byte on.
    Implicit,
}

impl Tls {
    /// # Errors
    /// A file that is of no use.
    pub(crate) fn new(protection: &Protection) -> Result<Self, Failure> {
        let unusable = |error: CertificateError| Failure::usage(error.to_string());
        Ok(Self {
            mode: protection.tls,
            builder: builder(protection).map_err(unusable)?,
            client: OnceCell::new(),
            older: OnceCell::new(),
        })
    }

    /// What a session is protected by.
    ///
    /// # Errors
    /// A certificate of this side's that cannot be shown.
    pub(crate) fn client(&self, highest: Version) -> Result<ClientTls, Failure> {
        let made = match highest {
            Version::Tls12 => &self.older,
            _ => &self.client,
        };
        if let Some(client) = made.get() {
            return Ok(client.clone());
        }
        let builder = self.builder.clone().max_version(highest);
        let built = builder.clone().build().or_else(|_| {
            // A system without any authority trusts nobody; which server that is, is told when there is one.
            builder.trust(Trust::Pinned(Vec::new())).build()
        });
        let client = built.map_err(|error| Failure::usage(error.to_string()))?;
        Ok(made.get_or_init(|| client).clone())
    }

    /// For more sessions with a server of which one is known: as protected as that one, or not at all.
    pub(crate) fn settled(&self, host: &Host, is_protected: bool) -> Self {
        let settled = match is_protected {
            true => TlsName::Explicit,
            false => TlsName::Off,
        };
        let is_open = self.mode.is_none() && !host.implicit;
        Self {
            mode: if is_open { Some(settled) } else { self.mode },
            ..self.clone()
        }
    }

    /// For a session with this host.
    ///
    /// # Errors
    /// A URL and an option that contradict each other.
    pub(crate) fn mode(&self, host: &Host) -> Result<Mode, Failure> {
        match (self.mode, host.implicit) {
            (None | Some(TlsName::Implicit), true) | (Some(TlsName::Implicit), false) => {
                Ok(Mode::Implicit)
            }
            (Some(TlsName::Explicit | TlsName::Off), true) => Err(Failure::usage(
                "ftps:// is TLS from the first byte on, which --tls explicit and --tls off contradict",
            )),
            (Some(TlsName::Explicit), false) => Ok(Mode::Explicit),
            (Some(TlsName::Off), false) => Ok(Mode::Off),
            (None, false) => Ok(Mode::IfOffered),
        }
    }
}

fn builder(protection: &Protection) -> Result<ClientTlsBuilder, CertificateError> {
    let mut builder = ClientTls::builder().trust(trust(protection)?);
    if let Some(certificate) = &protection.cert {
        let key: &Path = protection.key.as_ref().unwrap_or(certificate);
        builder = builder.certificate(Certificate::from_pem_files(certificate, key)?);
    }
    Ok(builder)
}

fn trust(protection: &Protection) -> Result<Trust, CertificateError> {
    if protection.insecure {
        return Ok(Trust::Insecure);
    }
    if !protection.pin.is_empty() {
        return Ok(Trust::Pinned(protection.pin.clone()));
    }
    match &protection.ca {
        Some(file) => Roots::from_pem_file(file).map(Trust::Roots),
        None => Ok(Trust::Platform),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Exit;

    #[test]
    fn url_and_option_agree() {
        use TlsName::{Explicit, Implicit, Off};
        let mode = |mode, url: &str| {
            let host = crate::url::parse(url).unwrap().host;
            let protection = Protection {
                tls: mode,
                ..Protection::default()
            };
            let tls = Tls::new(&protection).unwrap();
            tls.mode(&host).map_err(|failure| failure.exit())
        };
        assert_eq!(mode(None, "ftp://h/"), Ok(Mode::IfOffered));
        assert_eq!(mode(Some(Explicit), "ftp://h/"), Ok(Mode::Explicit));
        assert_eq!(mode(Some(Implicit), "ftp://h/"), Ok(Mode::Implicit));
        assert_eq!(mode(Some(Off), "ftp://h/"), Ok(Mode::Off));
        assert_eq!(mode(None, "ftps://h/"), Ok(Mode::Implicit));
        assert_eq!(mode(Some(Implicit), "ftps://h/"), Ok(Mode::Implicit));
        for contradiction in [Explicit, Off] {
            assert_eq!(mode(Some(contradiction), "ftps://h/"), Err(Exit::Usage));
        }
    }

    #[test]
    fn more_sessions_are_as_protected_as_the_first() {
        let settled = |mode, url: &str, is_protected| {
            let host = crate::url::parse(url).unwrap().host;
            let protection = Protection {
                tls: mode,
                ..Protection::default()
            };
            let tls = Tls::new(&protection).unwrap();
            tls.settled(&host, is_protected).mode(&host).unwrap()
        };
        assert_eq!(settled(None, "ftp://h/", true), Mode::Explicit);
        assert_eq!(settled(None, "ftp://h/", false), Mode::Off);
        assert_eq!(settled(None, "ftps://h/", true), Mode::Implicit);
        let implicit = Some(TlsName::Implicit);
        assert_eq!(settled(implicit, "ftp://h/", true), Mode::Implicit);
        assert_eq!(settled(Some(TlsName::Off), "ftp://h/", false), Mode::Off);
    }
}
