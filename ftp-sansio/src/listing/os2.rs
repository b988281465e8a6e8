//! IBM OS/2: `     0           DIR   12-30-97   12:32  name`.

use super::Kind;
use super::dos::parse_date;
use super::item::{Item, Outcome, State, number, trim_start, words};
use super::when::{When, clock, name_after};

pub(super) fn parse_line<'a>(line: &'a [u8], state: &State) -> Outcome<'a> {
    if line.is_empty() {
        return Outcome::Ignored;
    }
    parse(line, state).into()
}

fn parse<'a>(line: &'a [u8], state: &State) -> Option<Item<'a>> {
    let mut words = words(line, 0);
    let size = number(words.next()?.text)?;
    let mut kind = Kind::File;
    // Attributes such as `RSA`, then `DIR`; either may be missing.
    let when = loop {
        let word = words.next()?;
        if word.text == b"DIR" {
            kind = Kind::Folder;
        } else if !word.text.iter().all(u8::is_ascii_uppercase) {
            break parse_date(word.text)?;
        }
    };
    let time = words.next()?;
    let clock = Some(clock(time.text)?);
    let mut item = Item::new(trim_start(name_after(line, time.end())?), kind);
    item.size = Some(size);
    item.modified = When { clock, ..when }.resolve(state.now);
    (!item.name.is_empty()).then_some(item)
}

#[cfg(test)]
mod tests {
    use super::super::Dialect;
    use super::super::fixture::{check, check_unknown};

    #[test]
    fn reads() {
        check(
            Dialect::Os2,
            &[
                (
                    "     0           DIR   05-12-97   16:52  My Desktop",
                    r#"[Folder 0 1997-05-12T16:52 "My Desktop"]"#,
                ),
                (
                    "149473      A          11-17-98   16:07  POPUP.OS2",
                    r#"[File 149473 1998-11-17T16:07 "POPUP.OS2"]"#,
                ),
                (
                    "  5823    RSA    DIR   01-08-2000 13:58  OS2KRNL",
                    r#"[Folder 5823 2000-01-08T13:58 "OS2KRNL"]"#,
                ),
            ],
        );
        check_unknown(
            Dialect::Os2,
            &[
                "0 DIR 05-12-97 16:52",
                "0 DIR x",
                "x DIR 05-12-97 16:52 x",
                "0 DIR 05-12-97 16.52 x",
            ],
        );
    }
}
