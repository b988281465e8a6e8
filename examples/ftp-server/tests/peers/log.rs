//! What it says on standard error of what happens.

use ftp_peers::{Runtime, Wire, on_both_runtimes, until};

use crate::House;

on_both_runtimes!(lines_name_who_is_logged_in);

/// Each line names who is logged in when it is said: nobody after a REIN or a second USER, though somebody was before.
fn lines_name_who_is_logged_in(runtime: Runtime) {
    let House {
        server,
        here: _here,
    } = House::with(runtime, &["-v"]);
    let mut wire = Wire::login(server.address(), "alice", "secret");
    wire.expect("MKD one", 257);
    wire.expect("REIN", 220);
    wire.expect("USER bob", 331);
    wire.expect("PASS wrong", 530);
    wire.expect("USER bob", 331);
    wire.expect("PASS look", 230);
    wire.expect("USER alice", 331);
    wire.expect("USER alice", 331);
    wire.expect("PASS secret", 230);
    wire.expect("MKD two", 257);
    wire.expect("REIN", 220);
    wire.expect("QUIT", 221);
    let said = until("the last line", || {
        let said = server.daemon.said();
        said.contains("goodbye").then_some(said)
    });
    // `#0 127.0.0.1:40000 alice: logged in`
    let lines: Vec<_> = said
        .lines()
        .filter(|line| line.starts_with('#'))
        .map(|line| line.splitn(3, ' ').last().unwrap_or_default())
        .collect();
    let wanted = [
        "-: connected",
        "alice: logged in",
        "alice: MKD /one",
        "alice: logged out",
        "-: login refused: bob",
        "bob: logged in",
        "bob: logged out",
        "alice: logged in",
        "alice: MKD /two",
        "alice: logged out",
        "-: gone: said goodbye",
    ];
    assert_eq!(lines, wanted);
}
