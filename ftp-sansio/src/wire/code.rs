//! Reply codes by the names their RFCs give them.

use core::fmt;

/// A reply code, 100 to 599.
///
/// The 6xx of RFC 2228 wrap protected replies, for security mechanisms that are not offered: they are no codes here.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Code(u16);

/// What the first digit of a code says (RFC 959 § 4.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    /// 1yz: begun; another reply follows.
    Preliminary,
    /// 2yz: done.
    Completion,
    /// 3yz: accepted; another command is needed.
    Intermediate,
    /// 4yz: not done, and may be tried again as it is.
    TransientNegative,
    /// 5yz: not done, and not to be tried again as it is.
    PermanentNegative,
}

impl Class {
    /// Whether nothing was refused: 1yz, 2yz, 3yz.
    #[must_use]
    pub const fn is_positive(self) -> bool {
        matches!(
            self,
            Self::Preliminary | Self::Completion | Self::Intermediate
        )
    }

    /// Whether the command failed: 4yz, 5yz.
    #[must_use]
    pub const fn is_negative(self) -> bool {
        !self.is_positive()
    }
}

impl Code {
    /// The code with this number, if it is 100 to 599.
    #[must_use]
    pub const fn new(number: u16) -> Option<Self> {
        match number {
            100..=599 => Some(Self(number)),
            _ => None,
        }
    }

    /// The code that these digits spell.
    pub(crate) fn from_digits(digits: [u8; 3]) -> Option<Self> {
        if !digits.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let [a, b, c] = digits.map(|digit| u16::from(digit.wrapping_sub(b'0')));
        Self::new(a * 100 + b * 10 + c)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The number as it travels.
    pub(crate) const fn digits(self) -> [u8; 3] {
        let [hundreds, tens, ones] = [self.0 / 100, self.0 / 10 % 10, self.0 % 10];
        [b'0' + hundreds as u8, b'0' + tens as u8, b'0' + ones as u8]
    }

    /// What the first digit says.
    #[must_use]
    pub const fn class(self) -> Class {
        match self.0 {
            ..200 => Class::Preliminary,
            200..300 => Class::Completion,
            300..400 => Class::Intermediate,
            400..500 => Class::TransientNegative,
            500.. => Class::PermanentNegative,
        }
    }

    /// Whether it is about the command as such and not about what it was to do: a negative code whose second digit is 0
    /// ("syntax", RFC 959 § 4.2.1), as 500, 501 or 502.
    #[must_use]
    pub const fn is_about_syntax(self) -> bool {
        self.0 >= 400 && (self.0 / 10).is_multiple_of(10)
    }
}

impl fmt::Debug for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Code({})", self.0)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])+ $name:ident = $number:literal;)+) => {
        impl Code {
            $(
                $(#[$doc])+
                pub const $name: Self = Self($number);
            )+
        }

        #[cfg(test)]
        const NAMED: &[Code] = &[$(Code::$name),+];
    };
}

// Without a note: RFC 959 § 4.2.
codes! {
    /// 110: a restart marker, `MARK yyyy = mmmm`.
    RESTART_MARKER = 110;
    /// 120: ready in some minutes.
    SERVICE_READY_SOON = 120;
    /// 125: the data connection is open already; the transfer starts.
    DATA_CONNECTION_ALREADY_OPEN = 125;
    /// 150: about to open the data connection.
    OPENING_DATA_CONNECTION = 150;
    /// 200: okay.
    OK = 200;
    /// 202: not implemented, and superfluous here.
    SUPERFLUOUS = 202;
    /// 211: the system's status, or the features (RFC 2389).
    SYSTEM_STATUS = 211;
    /// 212: a folder's status.
    DIRECTORY_STATUS = 212;
    /// 213: a file's status; the answer to `SIZE` and `MDTM` (RFC 3659).
    FILE_STATUS = 213;
    /// 214: help, for a human.
    HELP = 214;
    /// 215: the system's type.
    SYSTEM_TYPE = 215;
    /// 220: ready for a new user.
    SERVICE_READY = 220;
    /// 221: closing the control connection.
    SERVICE_CLOSING = 221;
    /// 225: the data connection is open, and idle.
    DATA_CONNECTION_OPEN = 225;
    /// 226: the transfer is done; closing the data connection.
    CLOSING_DATA_CONNECTION = 226;
    /// 227: passive mode, `h1,h2,h3,h4,p1,p2`.
    PASSIVE_MODE = 227;
    /// 228: long passive mode, `af,hal,h1,…,pal,p1,…` (RFC 1639).
    LONG_PASSIVE_MODE = 228;
    /// 229: extended passive mode, `(|||port|)` (RFC 2428).
    EXTENDED_PASSIVE_MODE = 229;
    /// 230: logged in.
    LOGGED_IN = 230;
    /// 232: logged in, authorised by the security exchange (RFC 2228).
    LOGGED_IN_BY_SECURITY = 232;
    /// 234: the security mechanism is accepted; TLS starts (RFC 4217).
    SECURITY_ACCEPTED = 234;
    /// 235: the security data completed the exchange (RFC 2228).
    SECURITY_DATA_ACCEPTED = 235;
    /// 250: the file action is done.
    FILE_ACTION_COMPLETED = 250;
    /// 257: the quoted path, created or current.
    PATHNAME = 257;
    /// 331: the user's name is fine; a password is needed.
    NEED_PASSWORD = 331;
    /// 332: an account is needed.
    NEED_ACCOUNT = 332;
    /// 334: the security mechanism is accepted; security data is needed (RFC 2228).
    SECURITY_DATA_NEEDED = 334;
    /// 335: the security data is accepted; more is needed (RFC 2228).
    SECURITY_DATA_CONTINUES = 335;
    /// 336: the user's name is fine; a password is needed, and here is a challenge (RFC 2228).
    PASSWORD_CHALLENGE = 336;
    /// 350: the file action waits for further information.
    FILE_ACTION_PENDING = 350;
    /// 421: not available; closing the control connection.
    SERVICE_NOT_AVAILABLE = 421;
    /// 425: cannot open the data connection.
    CANNOT_OPEN_DATA_CONNECTION = 425;
    /// 426: the data connection is closed; the transfer was aborted.
    TRANSFER_ABORTED = 426;
    /// 431: a resource that security needs is not available (RFC 2228).
    SECURITY_RESOURCE_UNAVAILABLE = 431;
    /// 450: the file is not available now.
    FILE_BUSY = 450;
    /// 451: an error in processing.
    LOCAL_ERROR = 451;
    /// 452: not enough storage space.
    INSUFFICIENT_STORAGE = 452;
    /// 500: the command was not understood.
    SYNTAX_ERROR = 500;
    /// 501: its argument was not understood.
    ARGUMENT_SYNTAX_ERROR = 501;
    /// 502: not implemented.
    NOT_IMPLEMENTED = 502;
    /// 503: not in this order.
    BAD_SEQUENCE = 503;
    /// 504: not implemented for this parameter; for HOST an unknown host (RFC 7151).
    PARAMETER_NOT_IMPLEMENTED = 504;
    /// 521: the address family is not supported (RFC 1639).
    ADDRESS_FAMILY_NOT_SUPPORTED = 521;
    /// 521 in its other meaning: no data connection with this PROT setting (RFC 4217 § 9).
    PROTECTION_REFUSED = 521;
    /// 522: the network protocol is not supported (RFC 2428).
    NETWORK_PROTOCOL_NOT_SUPPORTED = 522;
    /// 522 in its other meaning: TLS failed on the data connection (RFC 4217 § 9).
    DATA_TLS_FAILED = 522;
    /// 530: not logged in.
    NOT_LOGGED_IN = 530;
    /// 532: storing needs an account.
    NEED_ACCOUNT_FOR_STORING = 532;
    /// 533: the command's protection level is denied by policy (RFC 2228).
    COMMAND_PROTECTION_DENIED = 533;
    /// 534: denied by policy (RFC 2228).
    DENIED_BY_POLICY = 534;
    /// 535: a security check failed (RFC 2228).
    SECURITY_CHECK_FAILED = 535;
    /// 536: the mechanism has no such PROT level (RFC 2228).
    PROTECTION_LEVEL_NOT_SUPPORTED = 536;
    /// 537: the mechanism has no such protection for commands (RFC 2228).
    COMMAND_PROTECTION_NOT_SUPPORTED = 537;
    /// 550: the file is not available: not found, or no access.
    FILE_UNAVAILABLE = 550;
    /// 551: the page type is unknown.
    PAGE_TYPE_UNKNOWN = 551;
    /// 552: over the storage allocation.
    STORAGE_EXCEEDED = 552;
    /// 553: the file's name is not allowed.
    NAME_NOT_ALLOWED = 553;
    /// 556: no digest of this file, by policy (draft-bryan-ftpext-hash § 3.5).
    DIGEST_DENIED_BY_POLICY = 556;
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn named_codes_are_codes() {
        for code in NAMED {
            assert_eq!(Code::new(code.get()), Some(*code));
        }
    }

    #[test]
    fn classes_follow_the_first_digit() {
        assert_eq!(Code::OPENING_DATA_CONNECTION.class(), Class::Preliminary);
        assert_eq!(Code::OK.class(), Class::Completion);
        assert_eq!(Code::NEED_PASSWORD.class(), Class::Intermediate);
        assert!(Code::NEED_PASSWORD.class().is_positive());
        assert_eq!(Code::FILE_BUSY.class(), Class::TransientNegative);
        assert_eq!(Code::NOT_LOGGED_IN.class(), Class::PermanentNegative);
        assert!(Code::NOT_LOGGED_IN.class().is_negative());
    }

    proptest! {
        #[test]
        fn a_code_comes_back(number: u16, digits: [u8; 3]) {
            let code = Code::new(number);
            prop_assert_eq!(code.is_some(), (100..600).contains(&number));
            if let Some(code) = code {
                let text = code.to_string();
                let digits = text.as_bytes().try_into().unwrap();
                prop_assert_eq!(Code::from_digits(digits), Some(code));
            }
            let _ = Code::from_digits(digits);
        }
    }
}
