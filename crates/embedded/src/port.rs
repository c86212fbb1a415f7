//! Ports on the loopback interface.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};

use crate::EmbeddedError;

/// Below the range from which Linux takes ports for outgoing connections, so that a server that is stopped for a
/// moment finds its port free again.
const LOWEST: u16 = 15_000;
const COUNT: u16 = 16_000;
const ATTEMPTS: u32 = 8;

/// Starts a server on a port that is free.
pub(crate) fn start_on_a_free_one(
    mut start: impl FnMut(u16) -> Result<(), EmbeddedError>,
) -> Result<(), EmbeddedError> {
    let mut last_log = String::new();
    for _ in 0..ATTEMPTS {
        let Some(port) = probably_free() else { break };
        match start(port) {
            // Another program took the port between the look and the start.
            Err(EmbeddedError::EndedAtStart { log }) if log.contains("Address already in use") => last_log = log,
            outcome => return outcome,
        }
    }
    Err(EmbeddedError::NoPort { attempts: ATTEMPTS, log: last_log })
}

/// A port that was free a moment ago, searched from a random place; `None` if all are taken. A caller that binds it must
/// be ready to find it taken in the meantime.
fn probably_free() -> Option<u16> {
    let offset = RandomState::new().build_hasher().finish() % u64::from(COUNT);
    let offset = u16::try_from(offset).unwrap_or(0);
    (0..COUNT)
        .map(|step| LOWEST + (offset + step) % COUNT)
        .find(|port| TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_free_port_can_be_bound_and_lies_outside_the_outgoing_range() {
        let port = probably_free().unwrap();
        assert!((LOWEST..LOWEST + COUNT).contains(&port), "{port}");
    }
}
