use super::*;

fn text(text: &str) -> Arg {
    Arg::try_from(text).unwrap()
}

fn date(text: &str) -> DateTime {
    parse_time_val(text.as_bytes()).unwrap()
}

#[test]
fn reads_what_servers_share() {
    let utime = |path: &str, times| SiteCommand::Utime {
        path: text(path),
        times,
    };
    let time = date("20240102150405");
    let all = SiteTimes::All {
        accessed: date("20240102150401"),
        modified: date("20240102150402"),
        created: date("20240102150403"),
    };
    let table = [
        (
            "chmod 0644 a b",
            SiteCommand::Chmod {
                mode: 0o644,
                path: text("a b"),
            },
        ),
        ("UMASK", SiteCommand::Umask(None)),
        ("UMASK 022 ", SiteCommand::Umask(Some(0o22))),
        (
            "UTIME 20240102150405 a b",
            utime("a b", SiteTimes::Modified(time)),
        ),
        (
            "UTIME 202401021504 a",
            utime("a", SiteTimes::Modified(date("20240102150400"))),
        ),
        (
            "UTIME a b 20240102150401 20240102150402 20240102150403 utc",
            utime("a b", all),
        ),
        (
            "UTIME \"20240102150405 a\" 20240102150401 20240102150402 20240102150403 UTC",
            utime("20240102150405 a", all),
        ),
        (
            "SYMLINK a b",
            SiteCommand::Symlink {
                target: text("a"),
                link: text("b"),
            },
        ),
        (
            "SYMLINK \"a b\" \"c d\"",
            SiteCommand::Symlink {
                target: text("a b"),
                link: text("c d"),
            },
        ),
        (
            "MKDIR -p a/b c",
            SiteCommand::Mkdir {
                parents: true,
                path: text("a/b c"),
            },
        ),
        (
            "MKDIR -- -p a",
            SiteCommand::Mkdir {
                parents: false,
                path: text("-p a"),
            },
        ),
        (
            "MKDIR -r a",
            SiteCommand::Mkdir {
                parents: false,
                path: text("-r a"),
            },
        ),
        (
            "RMDIR -r a",
            SiteCommand::Rmdir {
                removal: Removal::Recursive,
                path: text("a"),
            },
        ),
        (
            "RMDIR -p a",
            SiteCommand::Rmdir {
                removal: Removal::Parents,
                path: text("a"),
            },
        ),
        (
            "RMDIR a",
            SiteCommand::Rmdir {
                removal: Removal::Alone,
                path: text("a"),
            },
        ),
        ("IDLE", SiteCommand::Idle(None)),
        ("IDLE 900", SiteCommand::Idle(Some(900))),
        ("HELP", SiteCommand::Help(None)),
        ("HELP CHMOD", SiteCommand::Help(Some(text("CHMOD")))),
        ("CPFR a b", SiteCommand::CopyFrom(text("a b"))),
        ("CPTO \"a\"", SiteCommand::CopyTo(text("\"a\""))),
        (
            "COPY a b c",
            SiteCommand::Copy {
                from: text("a"),
                to: text("b c"),
            },
        ),
        (
            "GROUP users a b",
            SiteCommand::Group {
                group: text("users"),
                path: text("a b"),
            },
        ),
        (
            "CHGRP \"domain users\" a",
            SiteCommand::Group {
                group: text("domain users"),
                path: text("a"),
            },
        ),
        (
            " WHO  am i",
            SiteCommand::Other {
                word: text("WHO"),
                rest: Some(text(" am i")),
            },
        ),
        (
            "EXEC",
            SiteCommand::Other {
                word: text("EXEC"),
                rest: None,
            },
        ),
    ];
    for (line, site) in table {
        assert_eq!(SiteCommand::parse(&text(line)), Ok(site), "{line}");
    }
}

#[test]
fn refuses_what_is_incomplete() {
    for bad in [
        "",
        " ",
        "CHMOD",
        "CHMOD 644",
        "CHMOD 888 a",
        "CHMOD 10000 a",
        "CHMOD u+x a",
        "UMASK 1777",
        "UMASK x",
        "UTIME",
        "UTIME a",
        "UTIME 20240102150405",
        "UTIME 20241302150405 a",
        "UTIME 2024010215040 a",
        "UTIME a 20240102150401 20240102150402 20240102150403",
        "UTIME a 20240102150401 20240102150402 20240102150403 CET",
        "UTIME a 20240102150402 20240102150403 UTC",
        "SYMLINK a",
        "SYMLINK \"a b",
        "SYMLINK a \"b\" c",
        "MKDIR",
        "MKDIR -p",
        "MKDIR -p ",
        "RMDIR",
        "RMDIR -r ",
        "IDLE x",
        "IDLE -1",
        "CPFR",
        "CPTO ",
        "COPY a",
        "COPY \"\" b",
        "GROUP a",
        "CHGRP \"\" a",
    ] {
        let expected = Err(CommandErrorKind::Argument);
        assert_eq!(SiteCommand::parse(&text(bad)), expected, "{bad}");
    }
}

#[test]
fn writes_the_common_forms() {
    let all = SiteCommand::Utime {
        path: text("a b"),
        times: SiteTimes::All {
            accessed: date("20240102150401"),
            modified: date("20240102150402"),
            created: date("20240102150403"),
        },
    };
    let cut = SiteCommand::Utime {
        path: text("a b"),
        times: SiteTimes::Modified(date("20240102150405.5")),
    };
    let chmod = SiteCommand::Chmod {
        mode: 0o644,
        path: text("a b"),
    };
    let link = SiteCommand::Symlink {
        target: text("../a"),
        link: text("b c"),
    };
    let table = [
        (
            all,
            "UTIME \"a b\" 20240102150401 20240102150402 20240102150403 UTC",
        ),
        (cut, "UTIME 20240102150405 a b"),
        (chmod, "CHMOD 644 a b"),
        (link, "SYMLINK ../a \"b c\""),
        (SiteCommand::CopyFrom(text(" a")), "CPFR  a"),
        (SiteCommand::Umask(Some(0o2)), "UMASK 002"),
    ];
    for (site, line) in table {
        assert_eq!(site.to_arg(), text(line));
        assert_eq!(site.to_command(), Command::Site(text(line)));
    }
}
