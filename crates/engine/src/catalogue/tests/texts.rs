//! Texts: length, content, and the few that are one of several names.

use super::{card, faults_of, read};

/// Every text of a card: its key, that key's text with `T` for the text, its path, its greatest length.
const TEXTS: [(&str, &str, &str, Option<usize>); 10] = [
    ("card_name", "T", "card_name", Some(200)),
    ("issuer", "T", "issuer", Some(100)),
    ("network", "T", "network", None),
    ("source", "T", "source", None),
    ("as_of", "T", "as_of", None),
    ("tags", "[T]", "tags#1", None),
    ("extra_benefits", r#"{"description": T}"#, "extra_benefits.description", None),
    ("redemption_options", r#"[{"method": T, "conversion_rate": 1}]"#, "redemption_options#1.method", Some(50)),
    (
        "redemption_options",
        r#"[{"method": "A", "opt_type": T, "conversion_rate": 1}]"#,
        "redemption_options#1.opt_type",
        Some(50),
    ),
    ("card_id", "T", "card_id", Some(100)),
];

/// The faults with `content` (JSON escapes included) as that text, without the card's label.
fn faults_with(text: (&str, &str, &str, Option<usize>), content: &str) -> Vec<String> {
    let changed = card(&[(text.0, &text.1.replace('T', &format!("\"{content}\"")))]);
    let label = if text.0 == "card_id" { "card #1" } else { "card" };
    faults_of(&changed).into_iter().map(|line| line.replacen(&format!("{label}: {}: ", text.2), "", 1)).collect()
}

#[test]
fn lengths_are_counted_in_characters() {
    for text in TEXTS {
        let max = text.3.unwrap_or(10_000);
        assert_eq!(faults_with(text, &"é".repeat(max)), Vec::<String>::new(), "{}", text.2);
        if let Some(max) = text.3 {
            let quoted = format!("{}{}", "é".repeat(max.min(60)), if max >= 60 { "…" } else { "é" });
            let rule = format!("\"{quoted}\" has {} characters, at most {max} are allowed", max + 1);
            assert_eq!(faults_with(text, &"é".repeat(max + 1)), [rule], "{}", text.2);
        }
    }
}

#[test]
fn blank_text_and_control_characters_are_refused() {
    for text in TEXTS {
        for (content, rule) in [
            ("", "is empty"),
            (" ", "has only white space"),
            ("\u{a0}\u{3000}", "has only white space"),
            ("a\\u0000", "\"a\\u{0}\" has the control character U+0000"),
            ("a\\nb", "\"a\\nb\" has the control character U+000A"),
            ("\\u0085x", "\"\\u{85}x\" has the control character U+0085"),
            ("\u{7f}x", "\"\\u{7f}x\" has the control character U+007F"),
            ("\\ud800", "is not legal text: it has half of a surrogate pair"),
        ] {
            assert_eq!(faults_with(text, content), [rule], "{}: {content}", text.2);
        }
        assert_eq!(faults_with(text, "\\t").len(), 2, "white space and a control character");
    }
}

#[test]
fn characters_that_are_not_seen_are_refused_unless_the_script_needs_them() {
    for text in TEXTS {
        for unseen in [
            '\u{202e}',
            '\u{2066}',
            '\u{200e}',
            '\u{61c}',
            '\u{2028}',
            '\u{2029}',
            '\u{200b}',
            '\u{200d}',
            '\u{feff}',
            '\u{e0041}',
            '\u{3164}',
        ] {
            let code = u32::from(unseen);
            let rule =
                format!("\"Gold\\u{{{code:x}}} Card\" has U+{code:04X}, which is not seen by readers: take it out");
            assert_eq!(faults_with(text, &format!("Gold{unseen} Card")), [rule], "{}", text.2);
        }
        for needed in
            ["ശ്രീ \u{d28}\u{d4d}\u{200d}", "प्रिया कार्ड \u{915}\u{94d}\u{200c}\u{937}", "❤\u{fe0f} 👩\u{200d}👧"]
        {
            assert_eq!(faults_with(text, needed), [""; 0], "{}: {needed}", text.2);
        }
    }
}

#[test]
fn text_is_never_trimmed_and_escapes_are_decoded() {
    let card = read(&card(&[("issuer", r#"" B\u0061nk \ud83d\ude00""#)]));
    assert_eq!(card.issuer, " Bank 😀");
}

#[test]
fn what_is_no_text_is_refused_where_one_belongs() {
    assert_eq!(faults_of(&card(&[("issuer", "5")])), ["card: issuer: is the number 5, expected a text"]);
    assert_eq!(faults_of(&card(&[("network", "[]")])), ["card: network: is a list, expected a text"]);
    assert_eq!(faults_of(&card(&[("tags", "[null]")])), ["card: tags#1: is null, expected a text"]);
    assert_eq!(faults_of(&card(&[("card_id", "false")])), ["card #1: card_id: is false, expected a text"]);
}

#[test]
fn names_of_status_scope_confidence_and_category_are_exact() {
    for (key, text) in [
        ("status", r#""active""#),
        ("status", r#""discontinued""#),
        ("confidence", r#""low""#),
        ("reward_rates", r#"{"ajio": {"base_rate": 0, "cap_scope": "accelerated"}}"#),
        ("shared_caps", r#"[{"categories": ["other_online"], "cap_scope": "all"}]"#),
    ] {
        assert_eq!(faults_of(&card(&[(key, text)])), Vec::<String>::new());
    }
    for (key, text, fault) in [
        (
            "status",
            r#""Active""#,
            "status: \"Active\" is unknown, one of \"active\", \"discontinued\" is allowed; \
             did you mean \"active\"?",
        ),
        (
            "confidence",
            r#""certain""#,
            "confidence: \"certain\" is unknown, one of \"high\", \"medium\", \"low\" is allowed",
        ),
        (
            "reward_rates",
            r#"{"ajio": {"base_rate": 0, "cap_scope": "acelerated"}}"#,
            "reward_rates.ajio.cap_scope: \"acelerated\" is unknown, one of \"all\", \"accelerated\" is allowed; \
             did you mean \"accelerated\"?",
        ),
        (
            "shared_caps",
            r#"[{"categories": ["ajio", "amazn"]}]"#,
            "shared_caps#1.categories#2: \"amazn\" is unknown, one of \"amazon\", \"flipkart\", \"myntra\", \
             \"ajio\", \"grocery\", \"other_online\" is allowed; did you mean \"amazon\"?",
        ),
        (
            "reward_rates",
            r#"{"amazn": {"base_rate": 0}}"#,
            "reward_rates.amazn: is an unknown key; did you mean \"amazon\"?",
        ),
    ] {
        assert_eq!(faults_of(&card(&[(key, text)])), [format!("card: {fault}")]);
    }
}
