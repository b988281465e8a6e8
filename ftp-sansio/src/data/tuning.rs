//! What may be chosen about a codec, beside what TYPE, STRU and MODE say.

use super::ebcdic::CodePage;

/// What may be chosen about a codec. The [default](Self::default) is what
/// [`Parameters::codec`](super::Parameters::codec) takes.
///
/// ```
/// # use ftp_sansio::data::Tuning;
/// let mut tuning = Tuning::default();
/// tuning.level = 9;
/// tuning.markers_every = Some(1024 * 1024);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Tuning {
    /// What EBCDIC's bytes mean (TYPE E). IBM-1047 by default.
    pub page: CodePage,
    /// How hard MODE Z tries when it sends: 0 (not at all) to 9, more being taken for 9. 6 by default.
    pub level: u8,
    /// How many bytes may come of one byte in MODE Z, once there are more than 16 MiB in all: beyond it the transfer ends in
    /// [`Fault::Bomb`](super::Fault::Bomb). 250 by default. Deflate reaches 1032 where a file consists of zeros, so that a greater cap
    /// refuses nothing.
    pub ratio_cap: u32,
    /// How many bytes of the local file are sent between two restart markers, in MODE B and C (RFC 959 § 3.5). A marker says the
    /// offset in the file, in decimal. None by default; and never in pages (STRU P), which say themselves where they belong.
    pub markers_every: Option<u64>,
    /// Where in the local file the transfer starts, in bytes, so that markers tell offsets in the whole file. 0 by default.
    pub offset: u64,
}

impl Default for Tuning {
    fn default() -> Self {
        Self {
            page: CodePage::default(),
            level: 6,
            ratio_cap: 250,
            markers_every: None,
            offset: 0,
        }
    }
}
