//! What the throttle looks at, and how much of it is too much.

use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};

/// One day: nobody means a longer lag by a limit.
const DAY_MS: u64 = 86_400_000;

/// One PiB, in MiB.
const MOST_MIB: u64 = 1 << 30;

/// Standbys and slots to be passed over, at most.
const MAX_IGNORED: usize = 100;

/// The throttle that watches the databases. Of each pair `slow` is where it begins to slow and `pause` where nobody is
/// claimed any more, with a straight line between; a `pause` of 0 turns that sign off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThrottleConfig {
    /// Whether there is a throttle. Default true: the customer's database has other work.
    pub enabled: bool,
    /// Between two looks, in ms. Default 2,000: a look costs a few ms, and what is written in two seconds hurts nobody.
    pub look_ms: u64,
    /// Lag of a standby, in ms. Default 10,000: who reads there notices.
    pub replica_lag_slow_ms: u64,
    /// Likewise, for the pause. Default 30,000.
    pub replica_lag_pause_ms: u64,
    /// What a standby has not applied, in MiB. Default 1,024: some 400,000 users' worth.
    pub replica_behind_slow_mib: u64,
    /// Likewise, for the pause. Default 4,096.
    pub replica_behind_pause_mib: u64,
    /// What a replication slot keeps of the log, in MiB. Default 10,240: ten times what a healthy one keeps, and less than
    /// any disk has to spare.
    pub slot_wal_slow_mib: u64,
    /// Likewise, for the pause. Default 51,200.
    pub slot_wal_pause_mib: u64,
    /// What waits to be archived, in MiB. Default 1,024: an archiver that is well has a few files of 16 MiB to do.
    pub archive_behind_slow_mib: u64,
    /// Likewise, for the pause. Default 4,096: one that fails shall not fill the disk.
    pub archive_behind_pause_mib: u64,
    /// For how long somebody else waits for a lock of ours, in ms. Default 1,000: our locks last less than a second.
    pub blocked_slow_ms: u64,
    /// Likewise, for the pause. Default 5,000.
    pub blocked_pause_ms: u64,
    /// Free disk, in MiB; `slow` is the larger one. Default 10,240.
    pub free_disk_slow_mib: u64,
    /// Likewise, for the pause. Default 2,048: at full speed a minute's worth.
    pub free_disk_pause_mib: u64,
    /// Share of the full speed, 0 to 1, while a vacuum or other upkeep is at work on one of the two tables. Default 0.9: a
    /// tenth of the disk's time is left to it; what it has to clear away gets no less by our waiting. 1 turns it off.
    pub upkeep_share: f64,
    /// Standbys (by their `application_name`) and slots (by name) that are not looked at. Default none.
    pub ignored: Vec<String>,
    /// A query of the DBA's own, in the source database, that returns true for stop. Default none.
    pub stop_query: Option<String>,
}

impl Default for ThrottleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            look_ms: 2_000,
            replica_lag_slow_ms: 10_000,
            replica_lag_pause_ms: 30_000,
            replica_behind_slow_mib: 1_024,
            replica_behind_pause_mib: 4_096,
            slot_wal_slow_mib: 10_240,
            slot_wal_pause_mib: 51_200,
            archive_behind_slow_mib: 1_024,
            archive_behind_pause_mib: 4_096,
            blocked_slow_ms: 1_000,
            blocked_pause_ms: 5_000,
            free_disk_slow_mib: 10_240,
            free_disk_pause_mib: 2_048,
            upkeep_share: 0.9,
            ignored: Vec::new(),
            stop_query: None,
        }
    }
}

impl ThrottleConfig {
    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("throttle.look_ms", self.look_ms, 100, 60_000),
            Bound::new("throttle.replica_lag_slow_ms", self.replica_lag_slow_ms, 0, DAY_MS),
            Bound::new("throttle.replica_lag_pause_ms", self.replica_lag_pause_ms, 0, DAY_MS),
            Bound::new("throttle.replica_behind_slow_mib", self.replica_behind_slow_mib, 0, MOST_MIB),
            Bound::new("throttle.replica_behind_pause_mib", self.replica_behind_pause_mib, 0, MOST_MIB),
            Bound::new("throttle.slot_wal_slow_mib", self.slot_wal_slow_mib, 0, MOST_MIB),
            Bound::new("throttle.slot_wal_pause_mib", self.slot_wal_pause_mib, 0, MOST_MIB),
            Bound::new("throttle.archive_behind_slow_mib", self.archive_behind_slow_mib, 0, MOST_MIB),
            Bound::new("throttle.archive_behind_pause_mib", self.archive_behind_pause_mib, 0, MOST_MIB),
            Bound::new("throttle.blocked_slow_ms", self.blocked_slow_ms, 0, DAY_MS),
            Bound::new("throttle.blocked_pause_ms", self.blocked_pause_ms, 0, DAY_MS),
            Bound::new("throttle.free_disk_slow_mib", self.free_disk_slow_mib, 0, MOST_MIB),
            Bound::new("throttle.free_disk_pause_mib", self.free_disk_pause_mib, 0, MOST_MIB),
        ]
    }

    /// The pairs by the names of their fields: where it slows, and where it pauses.
    fn pairs(&self) -> [(&'static str, u64, u64); 5] {
        [
            ("replica_lag_*_ms", self.replica_lag_slow_ms, self.replica_lag_pause_ms),
            ("replica_behind_*_mib", self.replica_behind_slow_mib, self.replica_behind_pause_mib),
            ("slot_wal_*_mib", self.slot_wal_slow_mib, self.slot_wal_pause_mib),
            ("archive_behind_*_mib", self.archive_behind_slow_mib, self.archive_behind_pause_mib),
            ("blocked_*_ms", self.blocked_slow_ms, self.blocked_pause_ms),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        let field = |pair: &str, end: &str| format!("throttle.{}", pair.replace('*', end));
        for (pair, slow, pause) in self.pairs().into_iter().filter(|(_, slow, pause)| *pause > 0 && slow >= pause) {
            let rule = format!(
                "must be less than `{}`, {pause}, is {slow}: it slows before it pauses (a pause of 0 turns it off)",
                field(pair, "pause")
            );
            violations.push(Violation::new(field(pair, "slow"), rule));
        }
        let (slow, pause) = (self.free_disk_slow_mib, self.free_disk_pause_mib);
        if pause > 0 && slow <= pause {
            let rule = format!(
                "must be more than `throttle.free_disk_pause_mib`, {pause}, is {slow}: it slows before it pauses (a pause of 0 turns it off)"
            );
            violations.push(Violation::new("throttle.free_disk_slow_mib", rule));
        }
        // Written so that NaN, which TOML can hold, breaks it too.
        if !(0.0..=1.0).contains(&self.upkeep_share) {
            violations
                .push(Violation::new("throttle.upkeep_share", format!("must be 0 to 1, is {}", self.upkeep_share)));
        }
        if self.ignored.len() > MAX_IGNORED || self.ignored.iter().any(String::is_empty) {
            let rule = format!("must be at most {MAX_IGNORED} names, none of them empty");
            violations.push(Violation::new("throttle.ignored", rule));
        }
        if self.stop_query.as_ref().is_some_and(|query| query.trim().is_empty() || query.contains('\0')) {
            violations.push(Violation::new("throttle.stop_query", "must be a query, or not be there"));
        } else if self.stop_query.as_deref().is_some_and(|query| !only_asks(query)) {
            let rule =
                "must begin with SELECT, WITH, VALUES or TABLE: it is there to ask, and no other statement is sent";
            violations.push(Violation::new("throttle.stop_query", rule));
        }
        violations
    }
}

/// Whether a statement begins as those do that only ask. A transaction that only reads would still let a few others do something, such as
/// COPY to a program.
fn only_asks(statement: &str) -> bool {
    let begun = after_comments(statement);
    let word: String = begun.chars().take_while(char::is_ascii_alphabetic).collect();
    ["select", "with", "values", "table"].iter().any(|asks| word.eq_ignore_ascii_case(asks))
}

/// A statement from its first word on. A comment that MySQL executes (`/*! … */`) is no comment.
fn after_comments(statement: &str) -> &str {
    let mut rest = statement.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    loop {
        let line = rest.strip_prefix("--").or_else(|| rest.strip_prefix('#'));
        rest = match (line, rest.strip_prefix("/*")) {
            (Some(line), _) => line.split_once('\n').map_or("", |(_, rest)| rest),
            (_, Some(comment)) if !comment.starts_with('!') && !comment.starts_with("M!") => after_comment(comment),
            _ => return rest,
        };
        rest = rest.trim_start_matches(|character: char| character.is_whitespace() || character == '(');
    }
}

/// What follows a comment; nothing where it does not end, or holds another: PostgreSQL and MySQL read that in two ways.
fn after_comment(comment: &str) -> &str {
    match comment.split_once("*/") {
        Some((text, rest)) if !text.contains("/*") => rest,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fields(change: impl FnOnce(&mut ThrottleConfig)) -> Vec<String> {
        let mut config = ThrottleConfig::default();
        change(&mut config);
        config.validate().into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn it_slows_before_it_pauses() {
        assert_eq!(fields(|config| config.replica_lag_slow_ms = 30_000), ["throttle.replica_lag_slow_ms"]);
        assert_eq!(fields(|config| config.replica_lag_slow_ms = 29_999), [""; 0]);
        assert_eq!(fields(|config| config.slot_wal_pause_mib = 1), ["throttle.slot_wal_slow_mib"]);
        assert_eq!(fields(|config| config.free_disk_slow_mib = 2_048), ["throttle.free_disk_slow_mib"]);
    }

    #[test]
    fn a_pause_of_0_turns_a_sign_off_and_needs_no_order() {
        assert_eq!(fields(|config| config.slot_wal_pause_mib = 0), [""; 0]);
        assert_eq!(fields(|config| (config.free_disk_slow_mib, config.free_disk_pause_mib) = (0, 0)), [""; 0]);
    }

    #[test]
    fn a_share_a_name_and_a_query_that_say_nothing_are_refused() {
        assert_eq!(fields(|config| config.upkeep_share = f64::NAN), ["throttle.upkeep_share"]);
        assert_eq!(fields(|config| config.ignored = vec![String::new()]), ["throttle.ignored"]);
        assert_eq!(fields(|config| config.stop_query = Some(" ".into())), ["throttle.stop_query"]);
    }

    #[test]
    fn the_stop_query_must_only_ask() {
        let refused = |query: &str| !fields(|config| config.stop_query = Some(query.into())).is_empty();
        for asks in [
            "SELECT true",
            "  (select 1)",
            "((TABLE stop))",
            "-- is it night?\nWITH n AS (SELECT 1) SELECT true FROM n",
            "# a note\nVALUES (true)",
            "/* a comment */ SELECT/**/1",
        ] {
            assert!(!refused(asks), "{asks}");
        }
        for does in [
            "COPY (SELECT 1) TO PROGRAM 'touch /x'",
            "/* SELECT */ CALL stop()",
            "-- SELECT 1",
            "DO $$ BEGIN END $$",
            "/*! DROP */ SELECT 1",
            "/* SELECT 1",
            "/* /* */ CALL stop() -- */ SELECT 1",
            "SELECTED",
            "EXPLAIN ANALYZE SELECT 1",
            "(DELETE FROM t)",
        ] {
            assert!(refused(does), "{does}");
        }
    }
}
