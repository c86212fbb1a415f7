//! Hours of the day, by the clocks of a zone: `22:00-06:00`.

use std::fmt;

use chrono::{DateTime, TimeDelta, Timelike, Utc};
use chrono_tz::Tz;

const MINUTES_OF_A_DAY: u32 = 24 * 60;

/// A window that a clock change leaves out one day comes the day after.
const LOOK_AHEAD_MINUTES: i64 = 3 * 24 * 60;

/// Why hours cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursError {
    /// It is not two times with `-` between them.
    #[error("{0:?} is not a window of two times, such as 22:00-06:00")]
    Window(String),
    /// It is not a time of the day.
    #[error("{0:?} is not a time of the day, 00:00 to 24:00")]
    Time(String),
    /// It begins when it ends.
    #[error("{0:?} is empty: leave the setting empty to allow every hour")]
    Empty(String),
    /// The zone is not known.
    #[error("the time zone is not known")]
    Zone,
}

/// Windows of the day, by what the clocks of a zone show. A window that ends before it begins goes over midnight; where
/// clocks change it is as long as they make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DayHours {
    /// Minutes of the day: the first that belongs to it, and the first that does not any more.
    windows: Vec<(u32, u32)>,
    zone: Tz,
}

impl DayHours {
    /// Reads windows with commas between them; none if there is nothing to read, which means every hour.
    ///
    /// # Errors
    /// [`HoursError`], with the part that is wrong.
    pub fn parse(text: &str, zone: Tz) -> Result<Option<Self>, HoursError> {
        if text.trim().is_empty() {
            return Ok(None);
        }
        let windows = text.split(',').map(window).collect::<Result<_, _>>()?;
        Ok(Some(Self { windows, zone }))
    }

    /// The moment at which the next window opens; none if one is open now.
    #[must_use]
    pub fn opens(&self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        if self.is_open(now) {
            return None;
        }
        let minute = now.with_second(0).and_then(|now| now.with_nanosecond(0)).unwrap_or(now);
        // Minute by minute, so that whatever clocks do is right by itself.
        let mut minutes =
            (1..=LOOK_AHEAD_MINUTES).filter_map(|ahead| minute.checked_add_signed(TimeDelta::minutes(ahead)));
        minutes.find(|minute| self.is_open(*minute)).or(Some(minute + TimeDelta::minutes(LOOK_AHEAD_MINUTES)))
    }

    /// What the zone's clocks show at a moment, as `22:00`; with the day if it is not that of `now`.
    #[must_use]
    pub fn shown(&self, moment: DateTime<Utc>, now: DateTime<Utc>) -> String {
        let (moment, now) = (moment.with_timezone(&self.zone), now.with_timezone(&self.zone));
        let format = if moment.date_naive() == now.date_naive() { "%H:%M" } else { "%H:%M on %A" };
        moment.format(format).to_string()
    }

    fn is_open(&self, moment: DateTime<Utc>) -> bool {
        let clock = moment.with_timezone(&self.zone);
        let minute = clock.hour() * 60 + clock.minute();
        self.windows.iter().any(
            |&(from, to)| {
                if from < to { (from..to).contains(&minute) } else { minute >= from || minute < to }
            },
        )
    }
}

impl fmt::Display for DayHours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (from, to)) in self.windows.iter().enumerate() {
            let comma = if place > 0 { ", " } else { "" };
            write!(f, "{comma}{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, to / 60, to % 60)?;
        }
        write!(f, " {}", self.zone)
    }
}

fn window(text: &str) -> Result<(u32, u32), HoursError> {
    let text = text.trim();
    let (from, to) = text.split_once('-').ok_or_else(|| HoursError::Window(text.to_owned()))?;
    let (from, to) = (time(from)?, time(to)?);
    // Midnight as a beginning is 00:00.
    let from = from % MINUTES_OF_A_DAY;
    if from == to { Err(HoursError::Empty(text.to_owned())) } else { Ok((from, to)) }
}

fn time(text: &str) -> Result<u32, HoursError> {
    let text = text.trim();
    let wrong = || HoursError::Time(text.to_owned());
    let two_digits = |digits: &str| {
        let is_sound = digits.len() == 2 && digits.bytes().all(|digit| digit.is_ascii_digit());
        if is_sound { digits.parse::<u32>().map_err(|_| wrong()) } else { Err(wrong()) }
    };
    let (hours, minutes) = text.split_once(':').ok_or_else(wrong)?;
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    let minute = hours * 60 + minutes;
    if minutes < 60 && minute <= MINUTES_OF_A_DAY { Ok(minute) } else { Err(wrong()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(text).unwrap().with_timezone(&Utc)
    }

    fn hours(text: &str, zone: Tz) -> DayHours {
        DayHours::parse(text, zone).unwrap().unwrap()
    }

    /// Zone, windows, a moment, and when they open: empty if they are open.
    const TABLE: &[(Tz, &str, &str, &str)] = &[
        // Half past nine in the evening in Kolkata, and half an hour later.
        (Tz::Asia__Kolkata, "22:00-06:00", "2026-11-20T16:00:00Z", "2026-11-20T16:30:00Z"),
        (Tz::Asia__Kolkata, "22:00-06:00", "2026-11-20T16:29:59.999Z", "2026-11-20T16:30:00Z"),
        (Tz::Asia__Kolkata, "22:00-06:00", "2026-11-20T16:30:00Z", ""),
        // Over midnight, up to the last moment before six.
        (Tz::Asia__Kolkata, "22:00-06:00", "2026-11-21T00:29:59Z", ""),
        (Tz::Asia__Kolkata, "22:00-06:00", "2026-11-21T00:30:00Z", "2026-11-21T16:30:00Z"),
        // The nearest of several.
        (Tz::UTC, "22:00-06:00, 12:00-13:00", "2026-11-20T08:00:00Z", "2026-11-20T12:00:00Z"),
        (Tz::UTC, "22:00-06:00,12:00-13:00", "2026-11-20T13:00:00Z", "2026-11-20T22:00:00Z"),
        (Tz::UTC, "00:00-24:00", "2026-11-20T23:59:59Z", ""),
        (Tz::UTC, "20:00-24:00", "2026-11-20T00:00:00Z", "2026-11-20T20:00:00Z"),
        // The clocks go from 1:00 to 2:00: the window is an hour shorter, and one within the gap comes a day later.
        (Tz::Europe__London, "00:00-03:00", "2027-03-28T01:59:00Z", ""),
        (Tz::Europe__London, "00:00-03:00", "2027-03-28T02:00:00Z", "2027-03-28T23:00:00Z"),
        (Tz::Europe__London, "01:15-01:45", "2027-03-28T00:30:00Z", "2027-03-29T00:15:00Z"),
        // The clocks go back from 2:00 to 1:00: half past one is twice within the window.
        (Tz::Europe__London, "01:00-02:00", "2027-10-31T00:30:00Z", ""),
        (Tz::Europe__London, "01:00-02:00", "2027-10-31T01:30:00Z", ""),
        (Tz::Europe__London, "01:00-02:00", "2027-10-31T02:00:00Z", "2027-11-01T01:00:00Z"),
        // In New York a night over the change is an hour longer.
        (Tz::America__New_York, "22:00-06:00", "2026-11-01T10:59:00Z", ""),
        (Tz::America__New_York, "22:00-06:00", "2026-11-01T11:00:00Z", "2026-11-02T03:00:00Z"),
    ];

    #[test]
    fn windows_open_by_the_clocks_of_their_zone() {
        for (zone, text, now, opens) in TABLE {
            let found = hours(text, *zone).opens(at(now));
            assert_eq!(found, (!opens.is_empty()).then(|| at(opens)), "{zone}, {text}, {now}");
        }
    }

    #[test]
    fn a_moment_is_shown_by_the_zones_clocks_with_its_day_if_that_is_another() {
        let hours = hours("22:00-06:00", Tz::Asia__Kolkata);
        let opens = at("2026-11-20T16:30:00Z");
        assert_eq!(hours.shown(opens, at("2026-11-20T10:00:00Z")), "22:00");
        assert_eq!(hours.shown(opens, at("2026-11-19T10:00:00Z")), "22:00 on Friday");
        assert_eq!(hours.to_string(), "22:00-06:00 Asia/Kolkata");
    }

    #[test]
    fn what_is_no_window_is_refused_and_nothing_means_every_hour() {
        assert_eq!(DayHours::parse("", Tz::UTC), Ok(None));
        assert_eq!(DayHours::parse("  ", Tz::UTC), Ok(None));
        for wrong in [
            "22:00",
            "22-06",
            "22:00-25:00",
            "22:00-24:01",
            "2:00-06:00",
            "22:60-06:00",
            "22:00-",
            "-06:00",
            "+1:00-06:00",
            "22:00-06:00,",
            "22:00-06:00;12:00-13:00",
            "05:00-05:00",
            "24:00-00:00",
            "always",
            "22:00–06:00",
        ] {
            assert!(DayHours::parse(wrong, Tz::UTC).is_err(), "{wrong}");
        }
    }
}
