//! What is due, and what was missed.

use std::collections::{BTreeSet, VecDeque};

use chrono::{DateTime, TimeDelta, Utc};

use super::Times;

/// Missed times that are recorded one by one at a time: the latest.
const MAX_MISSED: usize = 100;

/// Times that are gone through one by one; a minute's schedule after a month of silence has 43,000.
const MAX_STEPS: usize = 50_000;

/// What the database knows of a schedule.
#[derive(Clone, Debug)]
pub struct Known {
    /// Every time until then was dealt with.
    pub decided_until: DateTime<Utc>,
    /// Times that a run was opened for, or that one covered. A clock that was set back brings them a second time.
    pub settled: BTreeSet<DateTime<Utc>>,
}

/// What a look at the clock makes of that.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Due {
    /// The time to open a run for, now.
    pub due: Option<DateTime<Utc>>,
    /// Times that nobody was there for, and that it is too late for, or that the due one makes up for. The latest hundred.
    pub missed: Vec<DateTime<Utc>>,
    /// The first time that is still to come.
    pub next: Option<DateTime<Utc>>,
}

/// What is due at `now`: of the times since the last look the latest, unless it is too late for it; the others are missed.
///
/// `now` may lie before `decided_until`, if a clock was set back: what was dealt with then stays so, and what was not, since
/// it lay in the future all along, will be due in its time.
#[must_use]
pub fn due(times: &Times, known: &Known, now: DateTime<Utc>, max_lateness: TimeDelta) -> Due {
    let mut passed = VecDeque::new();
    let mut at = known.decided_until.min(now);
    let mut next = times.next_after(at);
    let mut steps = 0;
    while let Some(time) = next.filter(|time| *time <= now) {
        if !known.settled.contains(&time) {
            if passed.len() > MAX_MISSED {
                passed.pop_front();
            }
            passed.push_back(time);
        }
        steps += 1;
        // What lies too far back for every single time to matter is passed over.
        at = if steps == MAX_STEPS { time.max(now - max_lateness) } else { time };
        next = times.next_after(at);
    }
    let due = passed.back().copied().filter(|time| now - *time <= max_lateness);
    if due.is_some() {
        passed.pop_back();
    }
    Due { due, missed: passed.into(), next }
}
