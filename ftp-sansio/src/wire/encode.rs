//! Writing a [`Command`]: the way back from `parse`.

use alloc::vec::Vec;

use super::address::{EpsvArgument, Extended, HostPort, LongHostPort};
use super::argument::Arg;
use super::command::{Command, Restart};
use super::date::ExactTimeVal;
use super::digest::append_checksum;
use super::telnet::double_iac;
use super::text::append;
use super::verb::Verb;
use super::words::append_word;

impl Command {
    /// The verb; an unknown command has none.
    #[must_use]
    pub const fn verb(&self) -> Option<Verb> {
        Some(match self {
            Self::User(_) => Verb::User,
            Self::Pass(_) => Verb::Pass,
            Self::Acct(_) => Verb::Acct,
            Self::Cwd(_) => Verb::Cwd,
            Self::Cdup => Verb::Cdup,
            Self::Smnt(_) => Verb::Smnt,
            Self::Rein => Verb::Rein,
            Self::Quit => Verb::Quit,
            Self::Port(_) => Verb::Port,
            Self::Pasv => Verb::Pasv,
            Self::Eprt(_) => Verb::Eprt,
            Self::Epsv(_) => Verb::Epsv,
            Self::Type(_) => Verb::Type,
            Self::Stru(_) => Verb::Stru,
            Self::Mode(_) => Verb::Mode,
            Self::Retr(_) => Verb::Retr,
            Self::Stor(_) => Verb::Stor,
            Self::Stou(_) => Verb::Stou,
            Self::Appe(_) => Verb::Appe,
            Self::Allo { .. } => Verb::Allo,
            Self::Rest(_) => Verb::Rest,
            Self::Rnfr(_) => Verb::Rnfr,
            Self::Rnto(_) => Verb::Rnto,
            Self::Abor => Verb::Abor,
            Self::Dele(_) => Verb::Dele,
            Self::Rmd(_) => Verb::Rmd,
            Self::Mkd(_) => Verb::Mkd,
            Self::Pwd => Verb::Pwd,
            Self::List(_) => Verb::List,
            Self::Nlst(_) => Verb::Nlst,
            Self::Site(_) => Verb::Site,
            Self::Syst => Verb::Syst,
            Self::Stat(_) => Verb::Stat,
            Self::Help(_) => Verb::Help,
            Self::Noop => Verb::Noop,
            Self::Feat => Verb::Feat,
            Self::Opts(_) => Verb::Opts,
            Self::Size(_) => Verb::Size,
            Self::Mdtm(_) => Verb::Mdtm,
            Self::Mlst(_) => Verb::Mlst,
            Self::Mlsd(_) => Verb::Mlsd,
            Self::Auth(_) => Verb::Auth,
            Self::Pbsz(_) => Verb::Pbsz,
            Self::Prot(_) => Verb::Prot,
            Self::Adat(_) => Verb::Adat,
            Self::Ccc => Verb::Ccc,
            Self::Mic(_) => Verb::Mic,
            Self::Conf(_) => Verb::Conf,
            Self::Enc(_) => Verb::Enc,
            Self::Lprt(_) => Verb::Lprt,
            Self::Lpsv => Verb::Lpsv,
            Self::Lang(_) => Verb::Lang,
            Self::Host(_) => Verb::Host,
            Self::Hash(_) => Verb::Hash,
            Self::Rang(_) => Verb::Rang,
            Self::Checksum { algorithm, .. } => algorithm.verb(),
            Self::Mfmt { .. } => Verb::Mfmt,
            Self::Mfct { .. } => Verb::Mfct,
            Self::Mff { .. } => Verb::Mff,
            Self::Avbl(_) => Verb::Avbl,
            Self::Comb { .. } => Verb::Comb,
            Self::Clnt(_) => Verb::Clnt,
            Self::Csid(_) => Verb::Csid,
            Self::Pret { .. } => Verb::Pret,
            Self::Cpsv => Verb::Cpsv,
            Self::Sscn(_) => Verb::Sscn,
            Self::Unknown { .. } => return None,
        })
    }

    /// Appends the command as it travels: exactly one CRLF, at its end, and 0xFF doubled (Telnet).
    pub fn encode(&self, out: &mut Vec<u8>) {
        match (self.verb(), self) {
            (Some(verb), _) => out.extend_from_slice(verb.name().as_bytes()),
            (None, Self::Unknown { verb, .. }) => double_iac(verb.as_bytes(), out),
            (None, _) => {}
        }
        self.encode_argument(out);
        out.extend_from_slice(b"\r\n");
    }

    fn encode_argument(&self, out: &mut Vec<u8>) {
        match self {
            Self::Pass(secret) | Self::Acct(secret) => append_arg(secret.expose(), out),
            Self::Port(address) => append(format_args!(" {}", HostPort(*address)), out),
            Self::Eprt(address) => append(format_args!(" {}", Extended(*address)), out),
            Self::Epsv(EpsvArgument::Default) => {}
            Self::Epsv(argument) => append(format_args!(" {argument}"), out),
            Self::Type(representation) => append(format_args!(" {representation}"), out),
            Self::Stru(structure) => append(format_args!(" {structure}"), out),
            Self::Mode(mode) => append(format_args!(" {mode}"), out),
            Self::Prot(level) => append(format_args!(" {level}"), out),
            Self::Allo { size, record: None } => append(format_args!(" {size}"), out),
            Self::Allo {
                size,
                record: Some(record),
            } => append(format_args!(" {size} R {record}"), out),
            Self::Rest(Restart::Offset(number)) | Self::Pbsz(number) => {
                append(format_args!(" {number}"), out);
            }
            Self::Rest(Restart::Marker(marker)) => append_arg(marker, out),
            Self::Lprt(address) => append(format_args!(" {}", LongHostPort(*address)), out),
            Self::Lang(None) | Self::Sscn(None) => {}
            Self::Lang(Some(tag)) => append(format_args!(" {tag}"), out),
            Self::Host(host) => append(format_args!(" {host}"), out),
            Self::Rang(None) => out.extend_from_slice(b" 1 0"),
            Self::Rang(Some(range)) => append(format_args!(" {range}"), out),
            Self::Sscn(Some(true)) => out.extend_from_slice(b" ON"),
            Self::Sscn(Some(false)) => out.extend_from_slice(b" OFF"),
            Self::Mfmt { time, path } | Self::Mfct { time, path } => {
                append(format_args!(" {}", ExactTimeVal(*time)), out);
                append_arg(path, out);
            }
            Self::Pret { verb, path } => {
                append(format_args!(" {verb}"), out);
                if let Some(path) = path {
                    append_arg(path, out);
                }
            }
            Self::Checksum { .. } | Self::Mff { .. } | Self::Comb { .. } => {
                let mut text = Vec::new();
                self.append_names(&mut text);
                out.push(b' ');
                double_iac(&text, out);
            }
            _ => {
                if let Some(argument) = self.text() {
                    append_arg(argument, out);
                }
            }
        }
    }

    /// The argument of the verbs that take a name and more, with 0xFF as it is.
    fn append_names(&self, out: &mut Vec<u8>) {
        match self {
            Self::Checksum { path, range, .. } => append_checksum(path, *range, out),
            Self::Mff { facts, path } => {
                for fact in facts {
                    fact.write(out);
                }
                out.push(b' ');
                out.extend_from_slice(path.as_bytes());
            }
            Self::Comb { target, parts } => {
                append_word(target, out);
                for part in parts {
                    out.push(b' ');
                    append_word(part, out);
                }
            }
            _ => {}
        }
    }

    /// The argument of the verbs whose argument is any text, secrets excepted.
    const fn text(&self) -> Option<&Arg> {
        match self {
            Self::User(text)
            | Self::Cwd(text)
            | Self::Smnt(text)
            | Self::Retr(text)
            | Self::Stor(text)
            | Self::Appe(text)
            | Self::Rnfr(text)
            | Self::Rnto(text)
            | Self::Dele(text)
            | Self::Rmd(text)
            | Self::Mkd(text)
            | Self::Site(text)
            | Self::Opts(text)
            | Self::Size(text)
            | Self::Mdtm(text)
            | Self::Auth(text)
            | Self::Adat(text)
            | Self::Mic(text)
            | Self::Conf(text)
            | Self::Enc(text)
            | Self::Hash(text)
            | Self::Clnt(text)
            | Self::Csid(text) => Some(text),
            Self::Stou(text)
            | Self::List(text)
            | Self::Nlst(text)
            | Self::Stat(text)
            | Self::Help(text)
            | Self::Mlst(text)
            | Self::Mlsd(text)
            | Self::Avbl(text)
            | Self::Unknown { argument: text, .. } => text.as_ref(),
            _ => None,
        }
    }
}

fn append_arg(argument: &Arg, out: &mut Vec<u8>) {
    out.push(b' ');
    double_iac(argument.as_bytes(), out);
}
