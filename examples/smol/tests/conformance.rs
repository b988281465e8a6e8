//! The contract of a runtime, and the client and the server, on smol.

use ftp_smol_example::Smol;
use smol::block_on;

ftp_driver::conformance_tests!(Smol::new(), block_on);
