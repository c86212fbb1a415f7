//! The binary `cardgenius`.

use std::process::ExitCode;

fn main() -> ExitCode {
    cardgenius::run(std::env::args_os()).into()
}
