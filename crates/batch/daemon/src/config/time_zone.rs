//! Names of time zones, and what to write in place of a name that is none.

use chrono_tz::{TZ_VARIANTS, Tz};

/// What people write for a zone and what they mean. An abbreviation may mean several; the customer's is the first.
const MEANT: [(&str, &str); 16] = [
    ("IST", "Asia/Kolkata"),
    ("INDIA", "Asia/Kolkata"),
    ("BST", "Europe/London"),
    ("CEST", "Europe/Berlin"),
    ("EEST", "Europe/Athens"),
    ("MSK", "Europe/Moscow"),
    ("GST", "Asia/Dubai"),
    ("PKT", "Asia/Karachi"),
    ("SGT", "Asia/Singapore"),
    ("JST", "Asia/Tokyo"),
    ("AEST", "Australia/Sydney"),
    ("EDT", "America/New_York"),
    ("CST", "America/Chicago"),
    ("CDT", "America/Chicago"),
    ("PST", "America/Los_Angeles"),
    ("PDT", "America/Los_Angeles"),
];

/// Words for the zone of the machine, which is not asked.
const OF_THE_MACHINE: [&str; 5] = ["LOCAL", "LOCALTIME", "SYSTEM", "DEFAULT", "AUTO"];

/// Zones of offsets that are no whole hour, in minutes.
const ODD_OFFSETS: [(i32, &str); 8] = [
    (330, "Asia/Kolkata"),
    (345, "Asia/Kathmandu"),
    (270, "Asia/Kabul"),
    (210, "Asia/Tehran"),
    (390, "Asia/Yangon"),
    (570, "Australia/Darwin"),
    (-210, "America/St_Johns"),
    (-570, "Pacific/Marquesas"),
];

/// Why this is no time zone's name; none where it is one.
pub(super) fn fault(name: &str) -> Option<String> {
    if name.parse::<Tz>().is_ok() {
        return None;
    }
    let rule = format!("must be an IANA time zone, is {name:?}: ");
    let upper = name.trim().to_ascii_uppercase();
    if OF_THE_MACHINE.contains(&upper.as_str()) {
        return Some(rule + "the machine's own zone is not asked, so name it, as Asia/Kolkata");
    }
    Some(rule + "the nearest is " + &nearest(name, &upper))
}

fn nearest(name: &str, upper: &str) -> String {
    if let Some((_, zone)) = MEANT.iter().find(|(word, _)| *word == upper) {
        return (*zone).to_owned();
    }
    if let Some(minutes) = offset(upper) {
        if let Some((_, zone)) = ODD_OFFSETS.iter().find(|(odd, _)| *odd == minutes) {
            return (*zone).to_owned();
        }
        // In these names the sign is the other way round.
        let of_offset = format!("Etc/GMT{:+}", -(minutes / 60));
        if minutes % 60 == 0 && of_offset.parse::<Tz>().is_ok() {
            return of_offset;
        }
    }
    let by_case = TZ_VARIANTS.iter().find(|zone| zone.name().eq_ignore_ascii_case(name.trim()));
    let like = || TZ_VARIANTS.iter().min_by_key(|zone| strsim::damerau_levenshtein(zone.name(), name));
    by_case.or_else(like).map_or("UTC", |zone| zone.name()).to_owned()
}

/// The minutes of `+05:30`, `UTC+5:30`, `GMT+0530` or `-3`.
fn offset(text: &str) -> Option<i32> {
    let text = ["UTC", "GMT"].iter().find_map(|zone| text.strip_prefix(zone)).unwrap_or(text).trim();
    let (sign, digits) = match text.strip_prefix('+') {
        Some(digits) => (1, digits),
        None => (-1, text.strip_prefix(['-', '\u{2212}'])?),
    };
    let (hours, minutes) = match digits.split_once(':') {
        Some(parts) => parts,
        None if digits.len() == 4 && digits.is_ascii() => digits.split_at(2),
        None => (digits, "0"),
    };
    let (hours, minutes) = (hours.parse::<u8>().ok()?, minutes.parse::<u8>().ok()?);
    (hours <= 14 && minutes < 60).then(|| sign * (i32::from(hours) * 60 + i32::from(minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_write_for_a_zone_is_answered_with_the_zone_that_they_mean() {
        for (written, meant) in [
            ("IST", "Asia/Kolkata"),
            ("ist", "Asia/Kolkata"),
            ("+05:30", "Asia/Kolkata"),
            ("+0530", "Asia/Kolkata"),
            ("UTC+5:30", "Asia/Kolkata"),
            ("GMT+5:30", "Asia/Kolkata"),
            ("+01:00", "Etc/GMT-1"),
            ("-3", "Etc/GMT+3"),
            ("+05:45", "Asia/Kathmandu"),
            ("asia/kolkata", "Asia/Kolkata"),
            ("Asia/Kolkatta", "Asia/Kolkata"),
            ("Asia/Calcuta", "Asia/Calcutta"),
            ("PST", "America/Los_Angeles"),
        ] {
            let fault = fault(written).unwrap();
            assert!(fault.ends_with(&format!("the nearest is {meant}")), "{written}: {fault}");
        }
        for written in ["Local", "local", "localtime", "system"] {
            assert!(fault(written).unwrap().contains("the machine's own zone is not asked"), "{written}");
        }
        for known in ["Asia/Kolkata", "UTC", "EST", "Etc/GMT-1", "Europe/Berlin"] {
            assert_eq!(fault(known), None);
        }
    }

    #[test]
    fn every_zone_that_is_proposed_exists() {
        let proposed = MEANT.iter().map(|(_, zone)| zone).chain(ODD_OFFSETS.iter().map(|(_, zone)| zone));
        for zone in proposed {
            assert!(zone.parse::<Tz>().is_ok(), "{zone}");
        }
        assert!(fault("").is_some() && fault("+99:99").is_some() && fault("+1é3").is_some());
    }
}
