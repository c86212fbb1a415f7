//! What is no JSON text at all: one clear fault with its line and column.

use super::super::{MAX_BYTES, MAX_DEPTH};
use super::{Catalogue, card, catalogue_of, fault_lines};

fn only_fault(bytes: &[u8]) -> String {
    let faults = Catalogue::parse(bytes).unwrap_err();
    assert_eq!(faults.total(), 1, "{faults}");
    faults.to_string()
}

#[test]
fn invalid_utf_8_is_named_with_its_place() {
    let fault = only_fault(b"{\n  \"cards\": [\xff]}");
    assert_eq!(fault, "catalogue: file: is not UTF-8 text at line 2 column 13");
    assert_eq!(
        only_fault("\u{feff}{}".as_bytes()),
        "catalogue: file: begins with a byte order mark at line 1 column 1, save it as plain UTF-8"
    );
}

#[test]
fn what_is_not_json_is_named_with_its_place() {
    for (text, place) in [
        ("", "line 1 column 0"),
        ("{\n\"cards\": [1,]}", "line 2 column 13"),
        ("{\"cards\": [", "line 1 column 11"),
        ("{} x", "line 1 column 4"),
        ("{\"cards\": 01}", "line 1 column 12"),
        ("{\"cards\": NaN}", "line 1 column 11"),
        ("{\"cards\": \"\u{1}\"}", "line 1 column 11"),
        ("{\"cards\": 'x'}", "line 1 column 11"),
        ("{\"cards\": 1 // note\n}", "line 1 column 13"),
    ] {
        let fault = only_fault(text.as_bytes());
        assert!(fault.starts_with("catalogue: file: is not JSON: "), "{text}: {fault}");
        assert!(fault.ends_with(place), "{text}: {fault}");
    }
}

#[test]
fn another_json_value_than_an_object_is_refused() {
    assert_eq!(fault_lines("[]"), ["catalogue: file: is a list, expected an object"]);
    assert_eq!(fault_lines("null"), ["catalogue: file: is null, expected an object"]);
    assert_eq!(fault_lines(r#"{"cards": {}}"#), ["catalogue: cards: is an object, expected a list"]);
}

#[test]
fn too_deep_nesting_is_one_fault_however_deep() {
    let nested = |levels: usize| format!("\n{}{}", "[".repeat(levels), "]".repeat(levels));
    assert_eq!(fault_lines(&nested(MAX_DEPTH)), ["catalogue: file: is a list, expected an object"]);
    for levels in [MAX_DEPTH + 1, 1_000_000] {
        assert_eq!(
            only_fault(nested(levels).as_bytes()),
            "catalogue: file: is nested deeper than 32 levels at line 2 column 33"
        );
    }
    let brackets_in_text = card(&[("source", &format!("\"\\\"{}\"", "[{".repeat(100)))]);
    assert_eq!(fault_lines(&catalogue_of(&[brackets_in_text])), Vec::<String>::new());
}

#[test]
fn a_file_has_a_bounded_size() {
    let mut text = catalogue_of(&[card(&[])]);
    text.push_str(&" ".repeat(MAX_BYTES - text.len()));
    assert_eq!(fault_lines(&text), Vec::<String>::new());
    text.push(' ');
    assert_eq!(fault_lines(&text), ["catalogue: file: has 67108865 bytes, at most 67108864 are allowed"]);
}
