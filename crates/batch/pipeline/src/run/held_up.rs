//! Users that other sessions hold up again and again, each alone in its chunk: what a trigger on such a user writes is locked, perhaps
//! for hours. Such a user is left for the next run, and does not keep this one from its end.

use std::collections::HashMap;
use std::time::Duration;

use tokio::time::Instant;

use crate::ports::{Key, RefusedUser};

/// So often a user is alone in a chunk that other sessions hold up, at least.
const TIMES: u32 = 3;

/// Which users, how often, and since when.
#[derive(Debug, Default)]
pub(super) struct HeldUp {
    users: HashMap<Key, (u32, Instant)>,
}

impl HeldUp {
    /// Takes note of a user that was held up; gives it back if that happened often enough, and for longer than `patience`.
    pub(super) fn note(&mut self, user: RefusedUser, patience: Duration, now: Instant) -> Option<RefusedUser> {
        let (times, since) = self.users.entry(user.user.clone()).or_insert((0, now));
        *times += 1;
        if *times < TIMES || now - *since < patience {
            return None;
        }
        self.users.remove(&user.user);
        Some(user)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cardgenius_failure::error::ErrorKind;

    #[test]
    fn a_user_is_given_up_after_three_times_and_the_patience() {
        let user = |name: &str| RefusedUser {
            user: Key { token: name.into(), shown: name.into() },
            kind: ErrorKind::Contention,
            reason: "locked".into(),
        };
        let (mut held_up, patience, start) = (HeldUp::default(), Duration::from_secs(60), Instant::now());
        let given_up: Vec<bool> = [0, 20, 40, 59, 60]
            .map(|second| held_up.note(user("a"), patience, start + Duration::from_secs(second)).is_some())
            .to_vec();
        assert_eq!(given_up, [false, false, false, false, true]);
        assert!(held_up.note(user("b"), Duration::ZERO, start).is_none(), "the first time");
        assert!(held_up.note(user("b"), Duration::ZERO, start).is_none(), "the second time");
        assert!(held_up.note(user("b"), Duration::ZERO, start).is_some());
    }
}
