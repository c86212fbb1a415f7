//! What is said of a panic, which is a fault of the program: a line of the log, like anything else that goes wrong. The standard
//! library's own words would go past the log, in several lines.

use std::backtrace::{Backtrace, BacktraceStatus};

use tracing::{dispatcher, error};

use crate::commands::output;

/// Says each panic in the log from now on; before there is a log, plainly on standard error.
pub fn say_in_the_log() {
    std::panic::set_hook(Box::new(|panic| {
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words");
        let place = panic.location().map_or_else(String::new, ToString::to_string);
        // Asked for by RUST_BACKTRACE, as usual.
        let backtrace = Backtrace::capture();
        let backtrace = (backtrace.status() == BacktraceStatus::Captured).then(|| backtrace.to_string());
        if dispatcher::has_been_set() {
            error!(place, backtrace, "a fault of the program, please report it: panicked: {text}");
        } else {
            output::complain(&format!("a fault of the program, please report it: panicked at {place}: {text}"));
        }
    }));
}
