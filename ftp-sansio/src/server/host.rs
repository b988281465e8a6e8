//! HOST (RFC 7151): which of the server's virtual hosts a session is for, and TLS's word on it.

use super::config::Hosts;
use super::replies::say;
use super::session::{Login, Session};
use crate::tls::TlsFacts;
use crate::wire::{Arg, Code, Domain, Host};

impl Session {
    /// HOST comes before a login, and again as often as the client likes: the last one counts, also where it is refused (RFC 7151 § 3).
    pub(super) fn choose_host(&mut self, host: &Host) {
        let host = plain(host);
        if self.is_logged_in() {
            return self.reply(say(Code::BAD_SEQUENCE, "HOST comes before USER."));
        }
        self.login = Login::Nobody;
        self.host = None;
        if !self.knows_host(&host) {
            return self.reply(say(Code::PARAMETER_NOT_IMPLEMENTED, "No such host."));
        }
        if self.server_name.as_ref().is_some_and(|name| *name != host) {
            return self.reply(say(
                Code::PARAMETER_NOT_IMPLEMENTED,
                "TLS was begun for another host.",
            ));
        }
        self.host = Some(host);
        self.reply(say(Code::SERVICE_READY, "Host accepted."));
    }

    /// An address is good where it is the server's own (RFC 7151 § 3.1).
    fn knows_host(&self, host: &Host) -> bool {
        let own = self.ends.local.ip().to_canonical();
        match host {
            Host::Ipv4(ip) => own == *ip || self.config.public_ip == Some(*ip),
            Host::Ipv6(ip) => own == ip.to_canonical(),
            Host::Domain(name) => match &self.config.hosts {
                Hosts::Any => true,
                Hosts::Listed(hosts) => hosts.iter().any(|known| is_same(known, name)),
            },
        }
    }

    /// Keeps the host that TLS was begun for. False where HOST had named another one (RFC 7151 § 3.2.2).
    pub(super) fn learn_server_name(&mut self, facts: &TlsFacts) -> bool {
        let named = facts.server_name.as_ref().map(Arg::as_bytes);
        self.server_name = named.and_then(Host::parse).map(|host| plain(&host));
        match (&self.host, &self.server_name) {
            (Some(host), Some(name)) => host == name,
            _ => true,
        }
    }

    /// The host that a login is for: HOST's, or the one that TLS was begun for.
    pub(super) fn host_of_login(&self) -> Option<Host> {
        let by_tls = || {
            self.server_name
                .clone()
                .filter(|name| self.knows_host(name))
        };
        self.host.clone().or_else(by_tls)
    }
}

/// With a name in lower case, since case means nothing.
fn plain(host: &Host) -> Host {
    let Host::Domain(name) = host else {
        return host.clone();
    };
    let lower = Domain::new(&name.as_str().to_ascii_lowercase());
    Host::Domain(lower.unwrap_or_else(|| name.clone()))
}

fn is_same(one: &Domain, other: &Domain) -> bool {
    one.as_str().eq_ignore_ascii_case(other.as_str())
}
