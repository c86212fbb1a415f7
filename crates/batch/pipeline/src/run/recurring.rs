//! Users that come back: claimed in each of the last passes of a run, and new once more. A customer who changes a few users again
//! does no harm; the same users in one pass after the other are set back by what the claim or the completion itself sets off.

use std::collections::HashSet;

use crate::ports::ClaimedUser;

/// Users that are remembered of a pass, at most: larger passes are work, and no users that come back.
const REMEMBERED: usize = 1_000;

/// Passes in a row after which users count as coming back.
const PASSES: u32 = 5;

/// The users of the present pass, and those of all passes in a row before it.
#[derive(Debug, Default)]
pub(super) struct Recurring {
    now: HashSet<Box<str>>,
    too_many_now: bool,
    always: HashSet<Box<str>>,
    passes: u32,
}

impl Recurring {
    /// Takes note of a chunk of the present pass.
    pub(super) fn claimed(&mut self, users: &[ClaimedUser]) {
        self.too_many_now |= self.now.len() + users.len() > REMEMBERED;
        if self.too_many_now {
            self.now.clear();
        } else {
            self.now.extend(users.iter().map(|user| user.user_id.clone()));
        }
    }

    /// A pass that claimed users is over.
    pub(super) fn pass_over(&mut self) {
        let now = std::mem::take(&mut self.now);
        if std::mem::take(&mut self.too_many_now) {
            (self.always, self.passes) = (HashSet::new(), 0);
            return;
        }
        self.always = if self.passes == 0 { now } else { self.always.intersection(&now).cloned().collect() };
        self.passes += 1;
    }

    /// Whether the user was claimed in each of so many passes that it can only come back.
    pub(super) fn holds(&self, user_id: &str) -> bool {
        self.passes >= PASSES && self.always.contains(user_id)
    }
}

#[cfg(test)]
mod tests {
    use cardgenius_engine::user::{Spend, User};

    use super::*;

    fn pass(recurring: &mut Recurring, users: &[&str]) {
        let user = User { spend: Spend::Paise([0; 6]), monthly_income_paise: None, credit_score: None };
        let claimed = |id: &&str| ClaimedUser { user_id: (*id).into(), user: user.clone(), may_have_rows: false };
        recurring.claimed(&users.iter().map(claimed).collect::<Vec<_>>());
        recurring.pass_over();
    }

    #[test]
    fn only_a_user_of_each_of_the_last_passes_comes_back() {
        let mut recurring = Recurring::default();
        let many: Vec<String> = (0..=REMEMBERED).map(|number| number.to_string()).collect();
        pass(&mut recurring, &many.iter().map(String::as_str).collect::<Vec<_>>());
        for others in ["7", "8", "9", "10"] {
            pass(&mut recurring, &["3", others]);
        }
        assert!(!recurring.holds("3"), "four passes after the first, which was work");
        pass(&mut recurring, &["3"]);
        assert!(recurring.holds("3") && !recurring.holds("10"));
    }
}
