//! What each verb needs, and which of them this server carries out.

use super::config::Tls;
use super::session::{Login, Session};
use crate::wire::Verb;

/// What a command needs before it is carried out.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Needs {
    /// Nothing: who it is, how the connection travels, and what the server can do has to be said before a login.
    Nothing,
    /// A login.
    Login,
    /// A login that may change files.
    Write,
}

/// The one table of it. Without a `_`, so that a new verb has to find its place. Where only some forms of a verb change something (SITE,
/// MDTM with a time), whoever carries it out asks [`Session::may_write`].
pub(super) const fn needs(verb: Verb) -> Needs {
    match verb {
        Verb::User
        | Verb::Pass
        | Verb::Acct
        | Verb::Rein
        | Verb::Quit
        | Verb::Host
        | Verb::Lang
        | Verb::Clnt
        | Verb::Csid
        | Verb::Auth
        | Verb::Adat
        | Verb::Pbsz
        | Verb::Prot
        | Verb::Ccc
        | Verb::Mic
        | Verb::Conf
        | Verb::Enc
        | Verb::Feat
        | Verb::Opts
        | Verb::Help
        | Verb::Noop
        | Verb::Syst => Needs::Nothing,

        Verb::Stor
        | Verb::Stou
        | Verb::Appe
        | Verb::Dele
        | Verb::Mkd
        | Verb::Rmd
        | Verb::Rnfr
        | Verb::Rnto
        | Verb::Mfmt
        | Verb::Mfct
        | Verb::Mff
        | Verb::Comb => Needs::Write,

        Verb::Cwd
        | Verb::Cdup
        | Verb::Smnt
        | Verb::Port
        | Verb::Pasv
        | Verb::Eprt
        | Verb::Epsv
        | Verb::Lprt
        | Verb::Lpsv
        | Verb::Cpsv
        | Verb::Sscn
        | Verb::Pret
        | Verb::Type
        | Verb::Stru
        | Verb::Mode
        | Verb::Retr
        | Verb::List
        | Verb::Nlst
        | Verb::Mlsd
        | Verb::Mlst
        | Verb::Allo
        | Verb::Rest
        | Verb::Rang
        | Verb::Abor
        | Verb::Pwd
        | Verb::Site
        | Verb::Stat
        | Verb::Size
        | Verb::Mdtm
        | Verb::Hash
        | Verb::Xcrc
        | Verb::Xmd5
        | Verb::Xsha1
        | Verb::Xsha256
        | Verb::Xsha512
        | Verb::Avbl => Needs::Login,
    }
}

impl Session {
    pub(super) const fn is_logged_in(&self) -> bool {
        matches!(self.login, Login::User(_))
    }

    pub(super) fn may_write(&self) -> bool {
        matches!(&self.login, Login::User(grant) if grant.write)
    }

    /// Whether the configuration lets a verb of access, protection or data connections do anything but be refused. Others are not for
    /// the configuration to switch off.
    pub(super) fn is_configured(&self, verb: Verb) -> bool {
        match verb {
            Verb::Auth => self.config.tls != Tls::Off,
            Verb::Pbsz | Verb::Prot => self.knows_tls(),
            Verb::Ccc => self.knows_tls() && self.config.ccc,
            Verb::Port | Verb::Eprt | Verb::Lprt => self.config.active,
            Verb::Cpsv | Verb::Sscn => self.knows_tls() && self.config.fxp,
            // There is one mechanism, and it protects all commands together; and one file system.
            Verb::Adat | Verb::Mic | Verb::Conf | Verb::Enc | Verb::Smnt => false,
            _ => true,
        }
    }
}

/// The line of FEAT for a verb of access, protection or data connections that RFC 959 does not have. PRET is answered and not listed: it
/// changes nothing here, and a client that finds it there (lftp) spends a round trip on it before each transfer.
pub(super) const fn feature(verb: Verb) -> Option<&'static str> {
    Some(match verb {
        Verb::Auth => "AUTH TLS",
        // The one language, which is thereby the chosen one (RFC 2640 § 4.3).
        Verb::Lang => "LANG EN*",
        Verb::Pbsz
        | Verb::Prot
        | Verb::Ccc
        | Verb::Eprt
        | Verb::Epsv
        | Verb::Lprt
        | Verb::Lpsv
        | Verb::Cpsv
        | Verb::Sscn
        | Verb::Host
        | Verb::Clnt
        | Verb::Csid => verb.name(),
        _ => return None,
    })
}
