//! TLS as the command line asks for it.

use ftp_driver::tls::{Certificate, CertificateError, ClientCertificates, ServerTls};

use crate::cli::Cli;
use crate::remark;

/// Puts it together; nothing where no certificate is named. Of a self-signed one it is told how clients can trust it.
///
/// # Errors
/// One line for the user.
pub(crate) fn set_up(cli: &Cli) -> Result<Option<ServerTls>, String> {
    let protection = &cli.protection;
    if !protection.has_certificate() {
        return match protection.wants_certificate() {
            Some(option) => Err(format!(
                "{option} needs a certificate: --tls-cert FILE --tls-key FILE, or --tls-self-signed to try things out"
            )),
            None => Ok(None),
        };
    }
    if let Some(contradiction) = protection.contradiction() {
        return Err(contradiction.to_owned());
    }
    let tls = build(cli).map_err(|error| format!("cannot set up TLS: {error}"))?;
    Ok(Some(tls))
}

fn build(cli: &Cli) -> Result<ServerTls, CertificateError> {
    let protection = &cli.protection;
    let mut builder = match &protection.tls_cert {
        Some(file) => ServerTls::from_pem_files(file, protection.key(file)),
        None => {
            let certificate = Certificate::self_signed(names(cli))?;
            let pin = certificate.pin();
            remark(&format!(
                "nobody has signed this server's certificate but itself; ftp-client trusts it with --pin {pin}"
            ));
            ServerTls::builder(certificate)
        }
    };
    for host in &protection.tls_host {
        builder = builder.host_from_pem_files(&host.name, &host.certificate, &host.key);
    }
    if let Some(file) = &protection.tls_client_ca {
        builder = builder.client_certificates(ClientCertificates::RequiredFrom(file.clone()));
    }
    builder.build()
}

/// What a self-signed certificate is for: this machine, and the addresses that it is reached by.
fn names(cli: &Cli) -> Vec<String> {
    let listeners = cli.listen.iter().chain(&cli.protection.implicit_tls);
    let mut names: Vec<_> = listeners.map(|at| at.ip().to_string()).collect();
    names.extend(cli.public_ip.map(|ip| ip.to_string()));
    names.extend(["localhost", "127.0.0.1", "::1"].map(str::to_owned));
    names.sort_unstable();
    names.dedup();
    names
}
