//! The binary `cardgenius`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardgenius_daemon::run(std::env::args_os()).into()
}
