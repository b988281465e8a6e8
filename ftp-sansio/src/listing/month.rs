//! The months as `ls` abbreviates them in many languages, in UTF-8 and in the old eight-bit encodings.

/// Each line: a month's abbreviations, in lower case, apart from the English one.
///
/// A word that two languages use for different months (`lis`, Polish for November and Croatian for October) has the
/// meaning of the more widespread locale.
const NAMES: [&[&str]; 12] = [
    &[
        "january", "janv", "ene", "gen", "ian", "sty", "led", "oca", "tammi", "янв", "січ", "ιαν",
        "яну",
    ],
    &[
        "february", "fév", "févr", "fev", "febr", "lut", "úno", "şub", "helmi", "фев", "лют", "φεβ",
    ],
    &[
        "march", "mär", "märz", "mrz", "mars", "mrt", "márc", "bře", "maalis", "мар", "бер", "μαρ",
        "μάρ", "mac",
    ],
    &[
        "april", "avr", "avril", "abr", "ápr", "kwi", "dub", "nis", "huhti", "апр", "кві", "απρ",
    ],
    &[
        "mai", "maj", "mag", "mei", "máj", "kvě", "touko", "май", "мая", "тра", "μαϊ", "μάι",
        "μαι", "maí",
    ],
    &[
        "june", "juin", "giu", "iun", "jún", "cze", "čen", "čer", "haz", "kesä", "июн", "чер",
        "ιουν", "ιού",
    ],
    &[
        "july", "juil", "lug", "iul", "júl", "lip", "čec", "tem", "heinä", "июл", "лип", "ιουλ",
    ],
    &[
        "august", "août", "aoû", "ago", "sie", "srp", "ağu", "elo", "авг", "сер", "αυγ", "ágú",
    ],
    &[
        "sept",
        "september",
        "set",
        "szept",
        "wrz",
        "zář",
        "eyl",
        "syys",
        "сен",
        "сент",
        "вер",
        "σεπ",
        "сеп",
    ],
    &[
        "october", "okt", "out", "ott", "paź", "říj", "eki", "loka", "окт", "жов", "οκτ",
    ],
    &[
        "november", "noi", "lis", "kas", "marras", "ноя", "нояб", "ное", "νοε", "νοέ", "nóv",
    ],
    &[
        "december", "dez", "déc", "dic", "des", "gru", "pro", "ara", "joulu", "дек", "гру", "δεκ",
    ],
];

/// The longest word above, in bytes, is well below this; a longer word is no month.
const LONGEST: usize = 20;

/// The month, 1 to 12, that a word of a listing names: `Jan`, `Mär`, `янв.`, `6月`.
pub(crate) fn find_month(word: &[u8]) -> Option<u8> {
    if let Some(month) = english(word.strip_suffix(b".").unwrap_or(word)) {
        return Some(month);
    }
    if word.len() < 3 || word.len() > LONGEST {
        return None;
    }
    if word[0].is_ascii_digit() {
        return east_asian(word);
    }
    let word = word.strip_suffix(b".").unwrap_or(word);
    match core::str::from_utf8(word) {
        Ok(text) => find(&text.chars()),
        // Not UTF-8, so one of the encodings with a byte a character.
        Err(_) => [latin1, latin2, windows_1251, koi8_r, iso_8859_5]
            .iter()
            .find_map(|decode| find(&word.iter().map(|byte| decode(*byte)))),
    }
}

/// Three letters in any case.
pub(crate) fn english(word: &[u8]) -> Option<u8> {
    let &[a, b, c] = word else {
        return None;
    };
    let months = b"janfebmaraprmayjunjulaugsepoctnovdec";
    let word = [a, b, c].map(|byte| byte.to_ascii_lowercase());
    let found = months
        .chunks_exact(3)
        .zip(1..)
        .find(|(month, _)| *month == word);
    found.map(|(_, month)| month)
}

/// `6月` in any encoding: a number and one character.
fn east_asian(word: &[u8]) -> Option<u8> {
    let digits = super::when::counted(word);
    if digits.len() == word.len() || word.ends_with(b".") {
        return None;
    }
    super::when::small(digits, 12).filter(|month| *month > 0)
}

fn find(word: &(impl Iterator<Item = char> + Clone)) -> Option<u8> {
    let matches = |name: &&str| name.chars().eq(word.clone().flat_map(char::to_lowercase));
    let found = NAMES
        .iter()
        .zip(1..)
        .find(|(names, _)| names.iter().any(matches));
    found.map(|(_, month)| month)
}

const fn latin1(byte: u8) -> char {
    byte as char
}

/// ISO 8859-2, as far as the names above need it.
const fn latin2(byte: u8) -> char {
    match byte {
        0xBC => 'ź',
        0xE8 => 'č',
        0xEC => 'ě',
        0xF8 => 'ř',
        _ => byte as char,
    }
}

fn windows_1251(byte: u8) -> char {
    match byte {
        0xB2 | 0xB3 => 'і',
        0xC0..=0xFF => cyrillic(byte - 0xC0),
        _ => char::from(byte),
    }
}

fn iso_8859_5(byte: u8) -> char {
    match byte {
        0xA6 | 0xF6 => 'і',
        0xB0..=0xEF => cyrillic(byte - 0xB0),
        _ => char::from(byte),
    }
}

/// KOI8-R and KOI8-U: small letters first, in the order of the Latin alphabet.
fn koi8_r(byte: u8) -> char {
    const SMALL: &str = "юабцдефгхийклмнопярстужвьызшэщчъ";
    match byte {
        0xA6 | 0xB6 => 'і',
        0xC0..=0xFF => SMALL
            .chars()
            .nth(usize::from(byte & 0x1F))
            .unwrap_or(char::from(byte)),
        _ => char::from(byte),
    }
}

/// The letters from А to я by their place in the alphabet.
fn cyrillic(place: u8) -> char {
    char::from_u32(0x410 + u32::from(place)).unwrap_or(char::REPLACEMENT_CHARACTER)
}

#[cfg(test)]
mod tests {
    use super::find_month;

    #[test]
    fn finds() {
        for (word, month) in [
            ("Jan", Some(1)),
            ("DEC", Some(12)),
            ("März", Some(3)),
            ("MÄR", Some(3)),
            ("févr.", Some(2)),
            ("Jan.", Some(1)),
            ("août", Some(8)),
            ("paź", Some(10)),
            ("řij", None),
            ("říj", Some(10)),
            ("сент.", Some(9)),
            ("12月", Some(12)),
            ("13月", None),
            ("0월", None),
            ("12.", None),
            ("12", None),
            ("", None),
            (".", None),
            ("Janvier-et-tout-cela", None),
        ] {
            assert_eq!(find_month(word.as_bytes()), month, "{word}");
        }
        // Latin-2 říj and KOI8-R ДЕК.
        assert_eq!(find_month(b"\xF8\xEDj"), Some(10));
        assert_eq!(find_month(b"\xE4\xE5\xEB"), Some(12));
    }
}
