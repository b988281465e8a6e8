//! What the server says: the replies that more than one command has.

use alloc::vec::Vec;

use super::storage::StorageError;
use crate::wire::{Code, CommandErrorKind, Reply};

pub(super) const fn say(code: Code, text: &'static str) -> Reply {
    Reply::from_static(code, text)
}

/// The reply to a line that could not be understood.
pub(super) const fn bad_command(kind: CommandErrorKind) -> Reply {
    match kind {
        CommandErrorKind::Empty => say(Code::SYNTAX_ERROR, "Command expected."),
        CommandErrorKind::Argument => say(
            Code::ARGUMENT_SYNTAX_ERROR,
            "Argument missing or not understood.",
        ),
        CommandErrorKind::Parameter => say(Code::PARAMETER_NOT_IMPLEMENTED, "No such parameter."),
        CommandErrorKind::NetworkProtocol => say(
            Code::NETWORK_PROTOCOL_NOT_SUPPORTED,
            "Network protocol not supported, use (1,2)",
        ),
        CommandErrorKind::AddressFamily => say(
            Code::ADDRESS_FAMILY_NOT_SUPPORTED,
            "Supported address families are (4,6)",
        ),
    }
}

/// The code that RFC 959 § 5.4 has for each way in which a store may fail.
pub(super) const fn storage_code(error: StorageError) -> Code {
    match error {
        StorageError::NoSpace => Code::INSUFFICIENT_STORAGE,
        StorageError::NameNotAllowed => Code::NAME_NOT_ALLOWED,
        StorageError::Unsupported => Code::NOT_IMPLEMENTED,
        StorageError::Busy => Code::FILE_BUSY,
        StorageError::Failed => Code::LOCAL_ERROR,
        _ => Code::FILE_UNAVAILABLE,
    }
}

/// Appends foreign bytes without what would drive a terminal.
pub(super) fn append_printable(bytes: &[u8], out: &mut Vec<u8>) {
    let clean = |&byte: &u8| if byte.is_ascii_control() { b'?' } else { byte };
    out.extend(bytes.iter().map(clean));
}

/// "550 name: what is wrong", where the name is the peer's own spelling or a path.
pub(super) fn storage_refusal(error: StorageError, name: &[u8]) -> Reply {
    let mut text = Vec::with_capacity(name.len() + 48);
    append_printable(name, &mut text);
    text.extend_from_slice(b": ");
    text.extend_from_slice(alloc::string::ToString::to_string(&error).as_bytes());
    text.push(b'.');
    Reply::new(storage_code(error), text)
}
