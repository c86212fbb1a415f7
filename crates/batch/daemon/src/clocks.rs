//! This machine's clock beside the database's. The database's is the one that counts: for the schedules, the leases, and the date
//! on which a run's promotions are judged.

use std::time::SystemTime;

use chrono::{DateTime, TimeDelta, Utc};

/// Clocks that are set over the network differ by far less.
const TOLERATED: TimeDelta = TimeDelta::minutes(1);

/// How far this machine's clock is ahead of the database's, which says that it is `now`.
#[must_use]
pub(crate) fn ahead_of(now: DateTime<Utc>) -> TimeDelta {
    DateTime::<Utc>::from(SystemTime::now()) - now
}

/// What is wrong, if this machine's clock is so far ahead of the database's, or behind it.
#[must_use]
pub(crate) fn fault(ahead: TimeDelta) -> Option<String> {
    if ahead.abs() <= TOLERATED {
        return None;
    }
    let (days, seconds) = (ahead.abs().num_days(), ahead.abs().num_seconds());
    let by = if days > 1 { format!("{days} days") } else { format!("{seconds} s") };
    let side = if ahead < TimeDelta::zero() { "behind" } else { "ahead of" };
    Some(format!("this machine's clock is {by} {side} the database's, which is the one that counts: set the wrong one"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_of_more_than_a_minute_is_a_fault_on_either_side() {
        for (seconds, part) in [
            (0, None),
            (60, None),
            (-60, None),
            (61, Some("61 s ahead of")),
            (-3_600, Some("3600 s behind")),
            (40 * 86_400, Some("40 days ahead of")),
        ] {
            let fault = fault(TimeDelta::seconds(seconds));
            assert_eq!(fault.is_some(), part.is_some(), "{seconds}: {fault:?}");
            assert!(part.is_none_or(|part| fault.is_some_and(|fault| fault.contains(part))), "{seconds}");
        }
    }

    #[test]
    fn this_machines_clock_is_compared_with_what_the_database_says() {
        let now = DateTime::<Utc>::from(SystemTime::now());
        assert!((ahead_of(now - TimeDelta::days(40)) - TimeDelta::days(40)).abs() < TimeDelta::minutes(1));
    }
}
