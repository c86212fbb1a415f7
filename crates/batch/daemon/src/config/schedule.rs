//! When `cardgenius run` opens runs by itself.

use std::collections::BTreeSet;

use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use super::violation::{Bound, Violation};
use crate::schedule::Times;

/// The name of the schedule that the section itself is; its runs are of kind `weekly`.
pub const WEEKLY: &str = "weekly";

/// Schedules beside the weekly one, at most: each is a label of metrics and a question at every look.
const MAX_FURTHER: usize = 20;

/// Characters of a schedule's name at most.
const MAX_NAME: usize = 40;

/// The schedule.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ScheduleConfig {
    /// Whether the weekly run is opened. Default true; an open run is taken part in either way.
    pub enabled: bool,
    /// When, as a cron expression of five fields. Default `0 2 * * 1`: Monday 02:00, the customer's quiet hour.
    pub cron: String,
    /// Its time zone, by its IANA name. Default none: that of `run.time_zone`.
    pub time_zone: Option<String>,
    /// A missed time is made up for until it is so late, in ms; then it is recorded as missed. Default 259,200,000: three
    /// days, so that a long weekend's outage still gives the week its run.
    pub max_lateness_ms: u64,
    /// Users that a run settles at most; the rest waits for the next. Default 0: no limit.
    pub max_users: u64,
    /// Between two looks at the database, for what is due and for runs to take part in, in ms. Default 5,000: one short
    /// query, and nobody waits longer for a run to begin.
    pub look_ms: u64,
    /// Schedules beside it: a list of tables with `name`, `cron`, and if need be `time_zone` and `max_users`. Default none.
    pub further: Vec<FurtherSchedule>,
}

/// A schedule beside the weekly one; its runs are of kind `scheduled`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FurtherSchedule {
    /// Its name, in lower-case letters, digits and `-`.
    pub name: String,
    /// When, as a cron expression of five fields.
    pub cron: String,
    /// Its time zone; none: that of `run.time_zone`.
    #[serde(default)]
    pub time_zone: Option<String>,
    /// Users that a run settles at most; 0: no limit.
    #[serde(default)]
    pub max_users: u64,
}

impl Default for ScheduleConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            cron: "0 2 * * 1".to_owned(),
            time_zone: None,
            max_lateness_ms: 259_200_000,
            max_users: 0,
            look_ms: 5_000,
            further: Vec::new(),
        }
    }
}

impl ScheduleConfig {
    /// Every schedule that is on, the weekly one first.
    #[must_use]
    pub fn all(&self) -> Vec<FurtherSchedule> {
        let weekly = FurtherSchedule {
            name: WEEKLY.to_owned(),
            cron: self.cron.clone(),
            time_zone: self.time_zone.clone(),
            max_users: self.max_users,
        };
        self.enabled.then_some(weekly).into_iter().chain(self.further.iter().cloned()).collect()
    }

    /// The numbers of this section with their bounds.
    #[must_use]
    pub fn bounds(&self) -> Vec<Bound> {
        vec![
            Bound::new("schedule.max_lateness_ms", self.max_lateness_ms, 60_000, 2_592_000_000),
            Bound::new("schedule.max_users", self.max_users, 0, 1_000_000_000_000),
            Bound::new("schedule.look_ms", self.look_ms, 1_000, 60_000),
        ]
    }

    /// Every rule that this section breaks by itself.
    #[must_use]
    pub fn validate(&self) -> Vec<Violation> {
        let mut violations: Vec<_> = self.bounds().iter().filter_map(Bound::violation).collect();
        violations.extend(cron_violation("schedule.cron", "", &self.cron));
        violations.extend(zone_violation("schedule.time_zone", "", self.time_zone.as_deref()));
        if self.further.len() > MAX_FURTHER {
            let rule = format!("must be at most {MAX_FURTHER} schedules, are {}", self.further.len());
            violations.push(Violation::new("schedule.further", rule));
        }
        let mut names = BTreeSet::from([WEEKLY]);
        for further in &self.further {
            let of = format!("of {:?} ", further.name);
            let field = "schedule.further";
            violations.extend(name_violation(&further.name, &mut names));
            violations.extend(cron_violation(field, &format!("{of}`cron` "), &further.cron));
            violations.extend(zone_violation(field, &format!("{of}`time_zone` "), further.time_zone.as_deref()));
        }
        violations
    }
}

fn name_violation<'a>(name: &'a str, names: &mut BTreeSet<&'a str>) -> Option<Violation> {
    let plain = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit() || character == '-';
    let rule = if name.is_empty() || name.len() > MAX_NAME || !name.chars().all(plain) {
        format!("must have names of 1 to {MAX_NAME} lower-case letters, digits and `-`, has {name:?}")
    } else if !names.insert(name) {
        format!("must have names of their own, has {name:?} twice (`{WEEKLY}` is the section's own)")
    } else {
        return None;
    };
    Some(Violation::new("schedule.further", rule))
}

fn cron_violation(field: &str, of: &str, cron: &str) -> Option<Violation> {
    let fault = Times::parse(cron, Tz::UTC).err()?;
    Some(Violation::new(field, format!("{of}must be a cron expression of five fields, is {cron:?}: {fault}")))
}

/// What is wrong with a time zone's name, if anything.
pub(super) fn zone_violation(field: &str, of: &str, name: Option<&str>) -> Option<Violation> {
    let fault = super::time_zone::fault(name?)?;
    Some(Violation::new(field, format!("{of}{fault}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn further(name: &str, cron: &str) -> FurtherSchedule {
        FurtherSchedule { name: name.into(), cron: cron.into(), time_zone: None, max_users: 0 }
    }

    #[test]
    fn an_expression_that_is_none_is_refused_with_what_is_wrong_about_it() {
        for (cron, sound) in [
            ("0 2 * * 1", true),
            ("*/15 1-5 * * MON-FRI", true),
            ("0 2 29 2 *", true),
            ("0 2 1,15 * MON,FRI", true),
            // An item that is missing may be one that was forgotten.
            ("0 2 * * 1,", false),
            ("0 2 * * ,1", false),
            ("0,,30 2 * * 1", false),
            ("0 2 , * 1", false),
            ("0 2 * * 1-", false),
            ("*/ 2 * * 1", false),
            ("", false),
            ("0 2 * *", false),
            ("0 0 2 * * 1", false),
            ("61 2 * * 1", false),
            ("every monday", false),
        ] {
            let config = ScheduleConfig { cron: cron.to_owned(), ..ScheduleConfig::default() };
            assert_eq!(config.validate().is_empty(), sound, "{cron:?} {:?}", config.validate());
        }
    }

    #[test]
    fn further_schedules_have_names_of_their_own_and_sound_times() {
        let config = |further| ScheduleConfig { further, ..ScheduleConfig::default() };
        assert_eq!(config(vec![further("daily", "0 3 * * *"), further("month-end", "0 4 L * *")]).validate(), []);
        for wrong in [
            vec![further("weekly", "0 3 * * *")],
            vec![further("a", "0 3 * * *"), further("a", "0 4 * * *")],
            vec![further("Daily Run", "0 3 * * *")],
            vec![further("", "0 3 * * *")],
            vec![further("daily", "never")],
            vec![FurtherSchedule { time_zone: Some("Asia/Kolkatta".into()), ..further("daily", "0 3 * * *") }],
        ] {
            let violations = config(wrong).validate();
            assert_eq!(violations.len(), 1, "{violations:?}");
            assert_eq!(violations[0].field, "schedule.further");
        }
    }

    #[test]
    fn a_schedule_that_is_off_leaves_the_further_ones_on() {
        let config = ScheduleConfig {
            enabled: false,
            further: vec![further("daily", "0 3 * * *")],
            ..ScheduleConfig::default()
        };
        let names: Vec<String> = config.all().into_iter().map(|schedule| schedule.name).collect();
        assert_eq!(names, ["daily"]);
    }
}
