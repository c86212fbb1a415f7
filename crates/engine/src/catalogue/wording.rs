//! How faults quote the catalogue: short, on one line, and with the nearest name that would have been right.

use cardgenius_text::Shown;

/// Longest quotation, in characters.
const MAX_QUOTED_CHARS: usize = 60;

/// The beginning of `text`, with whatever is not seen written out.
pub(super) fn excerpt(text: &str) -> String {
    let mut quoted = String::new();
    for (index, character) in text.chars().enumerate() {
        if index == MAX_QUOTED_CHARS {
            quoted.push('…');
            break;
        }
        quoted.push(character);
    }
    Shown(quoted).to_string()
}

/// What a JSON value is, in words.
pub(super) fn kind_of(json: &str) -> String {
    match json.as_bytes().first() {
        Some(b'{') => "an object".to_owned(),
        Some(b'[') => "a list".to_owned(),
        Some(b'"') => format!("the text {}", excerpt(json)),
        Some(b'n') => "null".to_owned(),
        Some(b't' | b'f') => json.to_owned(),
        _ => format!("the number {}", excerpt(json)),
    }
}

/// Names, quoted, with commas between them.
pub(super) fn list_of(names: &[&str]) -> String {
    names.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ")
}

/// The known name nearest to `name`, unless none has much in common with it.
pub(super) fn nearest<'k>(name: &str, known: &[&'k str]) -> Option<&'k str> {
    const NEAR_ENOUGH: f64 = 0.75;
    if name.chars().count() > MAX_QUOTED_CHARS {
        return None;
    }
    let likeness = |other: &str| strsim::jaro_winkler(&name.to_lowercase(), other);
    let best = known.iter().copied().max_by(|one, other| likeness(one).total_cmp(&likeness(other)))?;
    (likeness(best) >= NEAR_ENOUGH).then_some(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quotation_is_short_and_on_one_line() {
        assert_eq!(excerpt("a\nb\u{0}"), "a\\nb\\u{0}");
        assert_eq!(excerpt(&"é".repeat(1_000)).chars().count(), MAX_QUOTED_CHARS + 1);
    }

    #[test]
    fn the_nearest_name_is_found_and_a_far_one_is_not() {
        let known = ["base_rate", "multiplier", "cap_monthly", "cap_yearly"];
        assert_eq!(nearest("base_rte", &known), Some("base_rate"));
        assert_eq!(nearest("Multiplyer", &known), Some("multiplier"));
        assert_eq!(nearest("cap_montly", &known), Some("cap_monthly"));
        assert_eq!(nearest("xyz", &known), None);
        assert_eq!(nearest(&"base_rate".repeat(1_000), &known), None);
        assert_eq!(nearest("", &[]), None);
    }
}
