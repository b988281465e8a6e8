//! Pipes that a program does well not to rely on.

use std::io::{PipeReader, PipeWriter, Write, pipe};

use rustix::io::ioctl_fionbio;

/// A pipe that takes nothing more until somebody reads: whoever writes to it waits.
pub fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().expect("a pipe");
    ioctl_fionbio(&writer, true).expect("a pipe that can be told not to wait");
    for size in [4096, 1] {
        while writer.write(&vec![b'\n'; size]).is_ok() {}
    }
    ioctl_fionbio(&writer, false).expect("a pipe that can be told to wait");
    (reader, writer)
}

/// A pipe that nobody will ever read: whoever writes to it is told so.
pub fn closed_pipe() -> PipeWriter {
    pipe().expect("a pipe").1
}
