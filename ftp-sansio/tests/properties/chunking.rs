//! Rule 1: chunking never changes behaviour. Outputs and sent bytes are compared whole.

use ftp_sansio::testing::fuzz;
use proptest::prelude::*;

/// Whole lines that mean something, mostly; and pieces of everything else.
fn stream(lines: &'static [&'static str]) -> impl Strategy<Value = Vec<u8>> {
    let line = prop::sample::select(lines).prop_map(|line| [line.as_bytes(), b"\r\n"].concat());
    let telnet = prop::sample::select(vec![
        &b"\xff\xfd\x01"[..],
        b"\xff\xf4\xff\xf2",
        b"\xff\xff",
        b"\xff",
        b"\r",
        b"\n",
        b"\0",
    ]);
    let piece = prop_oneof![
        12 => line,
        2 => telnet.prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..12),
        1 => (4000_usize..9000).prop_map(|count| vec![b'a'; count]),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

const COMMANDS: &[&str] = &[
    "USER anna",
    "PASS x",
    "USER anna\r\nPASS x",
    "USER x",
    "TYPE I",
    "EPSV",
    "EPSV\r\nRETR a",
    "EPSV\r\nSTOR b",
    "RETR a",
    "LIST",
    "PASV\r\nLIST\r\nABOR",
    "ABOR",
    "STAT",
    "STAT /",
    "NOOP",
    "CWD /",
    "CWD nowhere",
    "PWD",
    "SIZE a",
    "MDTM a",
    "MKD b",
    "RMD b",
    "RNFR a",
    "RNTO c",
    "RNFR c\r\nRNTO a",
    "REST 3",
    "FEAT",
    "HELP",
    "PORT 192,0,2,7,100,0",
    "PORT 1,1,1,1,1,1",
    "REIN",
    "QUIT",
    "FOO",
    "",
    "RETR",
    "NOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP\r\nNOOP",
    "HELP\r\nHELP\r\nHELP\r\nHELP\r\nHELP\r\nHELP",
    "AUTH TLS",
    "AUTH TLS\r\nUSER anna\r\nPASS x",
    "EPSV\r\nRETR a\r\nAUTH SSL\r\nABOR",
    "AUTH GSSAPI\r\nNOOP",
    "PBSZ 0\r\nPROT P",
    "PROT C",
    "CCC",
    "CCC\r\nNOOP",
    "AUTH TLS\r\n~hello\r\n~USER anna\r\n~PASS x",
    "AUTH TLS\r\n~hello\r\n~CCC\r\n~NOOP\r\n~close\r\nPWD",
    "AUTH TLS\r\n~hello\r\nNOOP",
    "~hello",
    "~PBSZ 0\r\n~PROT P",
    "~EPSV\r\n~RETR a\r\n~CCC\r\n~close",
    "~REIN\r\n~close",
    "~close",
    "REIN\r\nUSER anna\r\nPASS x",
    "HOST ftp.example.com",
    "LPSV\r\nRETR a",
];

const REPLIES: &[&str] = &[
    "220 Hi",
    "120 Soon",
    "200 Fine",
    "229 (|||50001|)",
    "227 (192,0,2,1,9,9)",
    "150 Here",
    "226 Done",
    "250 Done",
    "257 \"/a\"",
    "257-One\r\n257 \"/b\"",
    "350 And?",
    "550 No",
    "425 No",
    "211-A\r\n B\r\n211 C",
    "421 Enough",
    "nonsense",
    "",
    "220 Hi\r\n257 \"/\"",
    "234 Go on\r\n~hello",
    "234 Go on\r\n220 Hi",
    "~220 Hi",
    "~200 Fine\r\n~200 Fine",
    "~229 (|||50001|)\r\n~150 Here\r\n~226 Done",
    "200 Bye\r\n~close",
    "200 I\r\n229 (|||50001|)\r\n150 Here\r\n226 Done",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A digit chooses TLS that somebody may inject into, a letter one that hides nothing.
    #[test]
    fn of_a_server(choice in prop::sample::select(b"0157AEGIM".to_vec()), head in prop::sample::select(vec!["", "USER anna\r\nPASS x\r\n"]), bytes in stream(COMMANDS)) {
        fuzz::server_bytes(&[&[choice], head.as_bytes(), &bytes].concat());
    }

    #[test]
    fn of_a_client(choice in prop::sample::select(b"0124<pt".to_vec()), head in prop::sample::select(vec!["", "220 Hi\r\n"]), bytes in stream(REPLIES)) {
        fuzz::client_bytes(&[&[choice], head.as_bytes(), &bytes].concat());
    }
}
