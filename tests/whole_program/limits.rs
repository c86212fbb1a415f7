//! What the environment and the limits of the process must not be able to do: each start either works or says what is wanting.

use crate::place::SERVER;
use crate::program::{holds_all, start};
use crate::unwritable_log::by_a_shell;

#[test]
fn threads_are_started_as_the_program_wants_them_whatever_the_environment_says() {
    let database = SERVER.empty();
    for (name, value) in [
        ("TOKIO_WORKER_THREADS", "0"),
        ("TOKIO_WORKER_THREADS", "x"),
        ("RUST_MIN_STACK", "1"),
        ("RUST_MIN_STACK", "99999999999999"),
        ("RAYON_NUM_THREADS", "x"),
    ] {
        let answer = start(&["check"]).variable("CARDGENIUS_SOURCE__URL", &database.url()).variable(name, value).run();
        let answer = answer.ended(64);
        holds_all(&answer.stderr, &["missing-table"]);
    }
}

#[test]
fn a_limit_on_open_files_that_is_too_low_is_said() {
    let database = SERVER.empty();
    for files in [8, 16, 40] {
        let start = start(&["check"]).variable("CARDGENIUS_SOURCE__URL", &database.url());
        let answer = by_a_shell(start, &format!("ulimit -n {files}; exec \"$@\"")).run().ended(1);
        holds_all(&answer.stderr, &["this process may open", "raise the limit (ulimit -n"]);
    }
}
