//! TYPE, STRU, MODE, REST, ALLO, OPTS.

use crate::transcript;

#[test]
fn what_is_carried_out_and_what_is_not() {
    transcript(
        r#"
        given: logged in
        C: TYPE I
        S: 200 Done.
        C: type a n
        S: 200 Done.
        C: TYPE L 8
        S: 200 Done.
        C: TYPE L 7
        S: 504 Not implemented for this parameter.
        C: TYPE E
        S: 200 Done.
        C: TYPE Q
        S: 504 No such parameter.
        C: TYPE
        S: 501 Argument missing or not understood.
        C: STRU F
        S: 200 Done.
        C: STRU R
        S: 200 Done.
        C: STRU P
        S: 200 Done.
        C: STRU X
        S: 504 No such parameter.
        C: MODE S
        S: 200 Done.
        C: MODE B
        S: 200 Done.
        C: MODE C
        S: 200 Done.
        C: MODE Z
        S: 200 Done.
        C: MODE X
        S: 504 No such parameter.
        C: MODE
        S: 501 Argument missing or not understood.
        C: ALLO 1000000000000 R 5
        S: 202 No allocation is needed.
        C: ALLO x
        S: 501 Argument missing or not understood.
        C: OPTS UTF8 OFF
        S: 504 Names are bytes; they are never converted.
        C: OPTS NONSENSE
        S: 501 No such option.
        "#,
    );
}

#[test]
fn restart_positions() {
    transcript(
        r#"
        given: logged in
        C: REST 5
        S: 504 Restarting needs TYPE I and STRU F, or MODE B.
        C: REST 0
        S: 350 Restarting at 0.
        C: TYPE I
        S: 200 Done.
        C: REST 9223372036854775807
        S: 350 Restarting at 9223372036854775807.
        C: REST 9223372036854775808
        S: 501 Argument missing or not understood.
        C: REST -1
        S: 501 Argument missing or not understood.
        C: STRU R
        S: 200 Done.
        C: REST 5
        S: 504 Restarting needs TYPE I and STRU F, or MODE B.
        C: MODE B
        S: 200 Done.
        C: REST 5
        S: 350 Restarting at 5.
        C: STRU P
        S: 200 Done.
        C: REST 5
        S: 504 Restarting needs TYPE I and STRU F, or MODE B.
        C: REST
        S: 501 Argument missing or not understood.
        "#,
    );
}

#[test]
fn help() {
    transcript(
        r#"
        given: plain store
        given: logged in
        C: HELP nonsense
        S: 502 No such command.
        C: HELP AUTH
        S: 502 No such command.
        C: HELP epsv
        S: 214 Syntax: EPSV [1|2|ALL]
        C: HELP
        S: 214-These commands are known:
        S:  USER PASS ACCT CWD CDUP REIN QUIT PORT
        S:  PASV TYPE STRU MODE RETR STOR STOU APPE
        S:  ALLO REST RNFR RNTO ABOR DELE RMD MKD
        S:  PWD LIST NLST SITE SYST STAT HELP NOOP
        S:  FEAT OPTS SIZE MDTM MLST MLSD EPRT EPSV
        S:  LPRT LPSV LANG HOST RANG CLNT CSID PRET
        S: 214 HELP with one of them tells its syntax.
        "#,
    );
}
