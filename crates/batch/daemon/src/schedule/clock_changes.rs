//! A table of what happens with a fake clock: zones with their clock changes, leap days, weeks of silence, clocks set back
//! and forth.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;

use super::{Due, Known, Times, due};

const THREE_DAYS: TimeDelta = TimeDelta::days(3);

fn at(text: &str) -> DateTime<Utc> {
    DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
}

fn times(cron: &str, zone: Tz) -> Times {
    Times::parse(cron, zone).unwrap()
}

/// The times after a moment, written in the zone itself.
fn following(cron: &str, zone: Tz, after: &str, count: usize) -> Vec<String> {
    let times = times(cron, zone);
    let successors = std::iter::successors(times.next_after(at(after)), |time| times.next_after(*time));
    successors.take(count).map(|time| time.with_timezone(&zone).to_rfc3339()).collect()
}

/// Zone, expression, a moment, and the times that follow it.
const TABLE: &[(Tz, &str, &str, &[&str])] = &[
    // No clock changes: always 20:30 on Sunday in Greenwich.
    (
        Tz::Asia__Kolkata,
        "0 2 * * 1",
        "2026-11-20T00:00:00Z",
        &["2026-11-23T02:00:00+05:30", "2026-11-30T02:00:00+05:30"],
    ),
    // The clocks go from 1:00 to 2:00 on a Sunday; on Monday only the offset differs.
    (
        Tz::Europe__London,
        "0 2 * * 1",
        "2027-03-20T00:00:00Z",
        &["2027-03-22T02:00:00+00:00", "2027-03-29T02:00:00+01:00"],
    ),
    // 1:30 is left out on 2027-03-28: at the first moment after the gap.
    (
        Tz::Europe__London,
        "30 1 * * *",
        "2027-03-27T12:00:00Z",
        &["2027-03-28T02:00:00+01:00", "2027-03-29T01:30:00+01:00"],
    ),
    // 1:30 comes twice on 2027-10-31: the first one counts.
    (
        Tz::Europe__London,
        "30 1 * * *",
        "2027-10-30T12:00:00Z",
        &["2027-10-31T01:30:00+01:00", "2027-11-01T01:30:00+00:00"],
    ),
    (
        Tz::America__New_York,
        "0 2 * * 0",
        "2027-03-10T00:00:00Z",
        &["2027-03-14T03:00:00-04:00", "2027-03-21T02:00:00-04:00"],
    ),
    (
        Tz::America__New_York,
        "30 1 * * 0",
        "2027-11-06T12:00:00Z",
        &["2027-11-07T01:30:00-04:00", "2027-11-14T01:30:00-05:00"],
    ),
    // Lord Howe's clocks change by half an hour: from 2:00 to 2:30 in October, from 2:00 back to 1:30 in April.
    (
        Tz::Australia__Lord_Howe,
        "15 2 * * *",
        "2027-10-02T00:00:00Z",
        &["2027-10-03T02:30:00+11:00", "2027-10-04T02:15:00+11:00"],
    ),
    (
        Tz::Australia__Lord_Howe,
        "45 1 * * *",
        "2027-04-02T20:00:00Z",
        &["2027-04-04T01:45:00+11:00", "2027-04-05T01:45:00+10:30"],
    ),
    // A leap day.
    (
        Tz::Asia__Kolkata,
        "0 2 29 2 *",
        "2026-11-20T00:00:00Z",
        &["2028-02-29T02:00:00+05:30", "2032-02-29T02:00:00+05:30"],
    ),
    // Midnight is an hour before the gap, and comes once.
    (
        Tz::Europe__London,
        "0 0 * * 0",
        "2024-03-30T12:00:00Z",
        &["2024-03-31T00:00:00+00:00", "2024-04-07T00:00:00+01:00"],
    ),
    // Samoa left out a whole day: Friday, 30 December 2011.
    (
        Tz::Pacific__Apia,
        "0 2 * * *",
        "2011-12-29T00:00:00Z",
        &["2011-12-29T02:00:00-10:00", "2011-12-31T00:00:00+14:00", "2011-12-31T02:00:00+14:00"],
    ),
    (Tz::UTC, "0 4 L 2 *", "2027-11-20T00:00:00Z", &["2028-02-29T04:00:00+00:00", "2029-02-28T04:00:00+00:00"]),
];

#[test]
fn the_times_in_each_zone_are_those_of_its_clocks() {
    for (zone, cron, after, expected) in TABLE {
        assert_eq!(following(cron, *zone, after, expected.len()), *expected, "{cron} in {zone}");
    }
}

#[test]
fn no_clock_change_of_twelve_years_loses_or_doubles_a_weekly_time() {
    for zone in
        [Tz::Asia__Kolkata, Tz::Europe__London, Tz::America__New_York, Tz::Australia__Lord_Howe, Tz::America__Santiago]
    {
        for cron in ["0 2 * * 1", "30 2 * * 0", "45 1 * * 0", "0 0 * * 0"] {
            let times = times(cron, zone);
            let begin = at("2024-01-03T00:00:00Z");
            let all: Vec<_> =
                std::iter::successors(times.next_after(begin), |time| times.next_after(*time)).take(52 * 12).collect();
            for (one, other) in all.iter().zip(&all[1..]) {
                let week: TimeDelta = *other - *one;
                assert!(
                    (week - TimeDelta::days(7)).abs() <= TimeDelta::hours(2),
                    "{cron} in {zone}: {one} and {other}"
                );
            }
        }
    }
}

#[test]
fn a_time_is_the_same_whatever_fraction_of_a_second_one_asks_from() {
    let times = times("0 2 * * 1", Tz::Asia__Kolkata);
    for from in ["2026-11-20T00:00:00Z", "2026-11-20T00:00:00.000001Z", "2026-11-22T20:29:59.999999999Z"] {
        assert_eq!(times.next_after(at(from)), Some(at("2026-11-22T20:30:00Z")), "{from}");
    }
    assert_eq!(times.next_after(at("2026-11-22T20:30:00.000001Z")), Some(at("2026-11-29T20:30:00Z")));
}

/// A schedule as the database keeps it, and a clock to be moved at will.
struct Story {
    times: Times,
    known: Known,
    opened: Vec<DateTime<Utc>>,
    missed: BTreeSet<DateTime<Utc>>,
}

impl Story {
    fn begins(cron: &str, zone: Tz, now: &str) -> Self {
        let known = Known { decided_until: at(now), settled: BTreeSet::new() };
        Self { times: times(cron, zone), known, opened: Vec::new(), missed: BTreeSet::new() }
    }

    /// A look at this moment, with what the store does about it.
    fn look(&mut self, now: &str) -> Due {
        let found = due(&self.times, &self.known, at(now), THREE_DAYS);
        if let Some(time) = found.due {
            self.opened.push(time);
            self.known.settled.insert(time);
            self.missed.remove(&time);
        }
        self.missed.extend(&found.missed);
        self.known.decided_until = at(now);
        found
    }

    fn opened(&self) -> Vec<String> {
        self.opened.iter().map(|time| time.format("%m-%dT%H:%M").to_string()).collect()
    }

    fn missed(&self) -> Vec<String> {
        self.missed.iter().map(|time| time.format("%m-%dT%H:%M").to_string()).collect()
    }
}

fn weekly(now: &str) -> Story {
    Story::begins("0 2 * * 1", Tz::UTC, now)
}

#[test]
fn a_time_is_due_once_however_often_one_looks() {
    let mut story = weekly("2026-11-20T00:00:00Z");
    for now in ["2026-11-23T01:59:59Z", "2026-11-23T02:00:00Z", "2026-11-23T02:00:05Z", "2026-11-24T00:00:00Z"] {
        story.look(now);
    }
    assert_eq!(story.opened(), ["11-23T02:00"]);
    assert_eq!(story.look("2026-11-24T00:00:01Z").next, Some(at("2026-11-30T02:00:00Z")));
}

#[test]
fn a_schedule_seen_for_the_first_time_makes_up_for_nothing() {
    let mut story = weekly("2026-11-23T02:00:01Z");
    assert_eq!(story.look("2026-11-23T02:00:06Z").due, None);
}

#[test]
fn a_missed_time_is_made_up_for_once_within_the_lateness() {
    let mut story = weekly("2026-11-20T00:00:00Z");
    story.look("2026-11-26T01:59:59Z");
    story.look("2026-11-26T02:30:00Z");
    assert_eq!((story.opened(), story.missed()), (vec!["11-23T02:00".to_owned()], vec![]));
    let mut too_late = weekly("2026-11-20T00:00:00Z");
    too_late.look("2026-11-26T02:00:01Z");
    assert_eq!((too_late.opened(), too_late.missed()), (vec![], vec!["11-23T02:00".to_owned()]));
}

#[test]
fn of_several_missed_times_the_latest_is_made_up_for_and_the_others_are_missed() {
    let mut story = weekly("2026-11-06T00:00:00Z");
    story.look("2026-11-24T12:00:00Z");
    assert_eq!(story.opened(), ["11-23T02:00"]);
    assert_eq!(story.missed(), ["11-09T02:00", "11-16T02:00"]);
}

#[test]
fn a_year_of_silence_of_a_minutes_schedule_ends_with_one_run_and_a_bounded_record() {
    let mut story = Story::begins("* * * * *", Tz::UTC, "2025-11-20T00:00:00Z");
    story.look("2026-11-20T12:00:30Z");
    assert_eq!(story.opened(), ["11-20T12:00"]);
    assert_eq!(story.missed.len(), 100);
    assert_eq!(story.missed().last().unwrap(), "11-20T11:59");
}

#[test]
fn a_clock_set_back_by_seconds_doubles_nothing() {
    let mut story = weekly("2026-11-20T00:00:00Z");
    for now in ["2026-11-23T02:00:03Z", "2026-11-23T01:59:30Z", "2026-11-23T02:00:00Z", "2026-11-23T02:00:10Z"] {
        story.look(now);
    }
    assert_eq!(story.opened(), ["11-23T02:00"]);
}

#[test]
fn a_clock_set_a_week_forth_and_back_loses_and_doubles_nothing() {
    let mut story = weekly("2026-11-20T00:00:00Z");
    // A week too early: the week's run seems missed, the next one's time seems to have come.
    story.look("2026-11-30T02:00:10Z");
    assert_eq!((story.opened(), story.missed()), (vec!["11-30T02:00".to_owned()], vec!["11-23T02:00".to_owned()]));
    // Back: what seemed missed comes in its time, what was done is not done again.
    for now in ["2026-11-20T00:05:00Z", "2026-11-23T02:00:01Z", "2026-11-30T02:00:01Z", "2026-12-07T02:00:01Z"] {
        story.look(now);
    }
    assert_eq!(story.opened(), ["11-30T02:00", "11-23T02:00", "12-07T02:00"]);
    assert_eq!(story.missed(), Vec::<String>::new());
}

#[test]
fn a_clock_set_years_forth_and_back_does_not_end_the_schedule() {
    let mut story = weekly("2026-11-20T00:00:00Z");
    story.look("2036-01-01T00:00:00Z");
    story.look("2026-11-20T00:00:05Z");
    story.look("2026-11-23T02:00:00Z");
    assert_eq!(story.opened().last().unwrap(), "11-23T02:00");
}
