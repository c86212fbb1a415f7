//! Text that comes from a database, a file, the environment or a command line, as people may safely read it.
//!
//! Such a text can hold a line break that forges a line of the log, an escape sequence that a terminal obeys, a sign that turns
//! the order of the letters around, or letters that are not seen at all. [`Shown`] writes all of these out, as `\n` or `\u{202e}`,
//! and leaves the letters of every script as they are. A backslash stays as it is, so that a text can be shown twice.

use std::fmt::{self, Display, Write};

/// Characters that are not seen, or that change how others are seen: format characters, and those that Unicode calls
/// `Default_Ignorable_Code_Point`, with the separators of lines and paragraphs and the blank Braille pattern. In order.
const UNSEEN: [(char, char); 27] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{2028}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{2800}', '\u{2800}'),
    ('\u{3164}', '\u{3164}'),
    // Private use: each font shows something else.
    ('\u{e000}', '\u{f8ff}'),
    ('\u{fdd0}', '\u{fdef}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{ffa0}', '\u{ffa0}'),
    ('\u{fff0}', '\u{fffb}'),
    ('\u{fffe}', '\u{ffff}'),
    ('\u{13430}', '\u{1345f}'),
    ('\u{16fe4}', '\u{16fe4}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d159}', '\u{1d159}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{1fffe}', '\u{1ffff}'),
    ('\u{2fffe}', '\u{2ffff}'),
    ('\u{3fffe}', '\u{3ffff}'),
    // Tags, variation selectors, and both planes of private use.
    ('\u{e0000}', '\u{10ffff}'),
];

/// Whether a character is a control character, is not seen, or changes how others are seen.
#[must_use]
pub fn is_unseen(character: char) -> bool {
    if character.is_ascii() {
        return character.is_ascii_control();
    }
    character.is_control() || UNSEEN.iter().any(|(first, last)| (*first..=*last).contains(&character))
}

/// Whether an unseen character is needed where it stands in a text for people: the joiners and the choice of a picture are part of
/// the writing of many scripts, and of emoji, but not of Latin, Greek or Cyrillic letters.
#[must_use]
pub fn is_in_place(before: Option<char>, character: char) -> bool {
    const FIRST_OF_THE_OTHER_SCRIPTS: char = '\u{590}';
    let joins = matches!(character, '\u{200c}' | '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    let chooses = |character| matches!(character, '\u{fe0e}' | '\u{fe0f}');
    joins
        && before.is_some_and(|before| {
            before >= FIRST_OF_THE_OTHER_SCRIPTS && (!is_unseen(before) || (chooses(before) && !chooses(character)))
        })
}

/// A text as people may read it: on one line, with nothing in it that a terminal obeys or hides.
///
/// ```
/// use cardgenius_text::Shown;
///
/// assert_eq!(Shown("प्रिया\n\u{1b}[2J").to_string(), r"प्रिया\n\u{1b}[2J");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Shown<T>(pub T);

impl<T: Display> Display for Shown<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f, Escape::InRust), "{}", self.0)
    }
}

/// A document of several lines, each of which is [`Shown`]: for texts whose line breaks are our own.
#[derive(Clone, Copy, Debug)]
pub struct ShownLines<T>(pub T);

impl<T: Display> Display for ShownLines<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f, Escape::AllButLineBreaks), "{}", self.0)
    }
}

/// A JSON document in which unseen characters are written as JSON writes them, `\u202e`. It means the same.
#[derive(Clone, Copy, Debug)]
pub struct ShownJson<T>(pub T);

impl<T: Display> Display for ShownJson<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f, Escape::InJson), "{}", self.0)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Escape {
    InRust,
    AllButLineBreaks,
    InJson,
}

struct Escaping<'a, 'b>(&'a mut fmt::Formatter<'b>, Escape);

impl Write for Escaping<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut plain = 0;
        for (at, character) in text.char_indices() {
            // Unseen characters of ASCII stand in JSON between values only: the line breaks of a tidy document.
            let stays = match self.1 {
                Escape::InRust => false,
                Escape::AllButLineBreaks => character == '\n',
                Escape::InJson => character.is_ascii() && character != '\u{7f}',
            };
            if stays || !is_unseen(character) {
                continue;
            }
            self.0.write_str(&text[plain..at])?;
            if self.1 == Escape::InJson {
                character.encode_utf16(&mut [0; 2]).iter().try_for_each(|unit| write!(self.0, "\\u{unit:04x}"))?;
            } else {
                write!(self.0, "{}", character.escape_default())?;
            }
            plain = at + character.len_utf8();
        }
        self.0.write_str(&text[plain..])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whatever_a_terminal_obeys_or_hides_is_written_out() {
        for (text, shown) in [
            ("\n2026-01-01T00:00:00Z  INFO a forged line", r"\n2026-01-01T00:00:00Z  INFO a forged line"),
            ("\u{1b}]0;title\u{7}", r"\u{1b}]0;title\u{7}"),
            ("a\r\t\u{8}\u{7f}\0", r"a\r\t\u{8}\u{7f}\u{0}"),
            ("\u{9b}31m\u{85}", r"\u{9b}31m\u{85}"),
            ("\u{202e}evil\u{2066}\u{200f}\u{61c}", r"\u{202e}evil\u{2066}\u{200f}\u{61c}"),
            ("\u{2028}\u{2029}\u{200b}\u{feff}\u{ad}\u{2060}", r"\u{2028}\u{2029}\u{200b}\u{feff}\u{ad}\u{2060}"),
            ("\u{e0041}\u{e0100}\u{3164}\u{2800}", r"\u{e0041}\u{e0100}\u{3164}\u{2800}"),
        ] {
            assert_eq!(Shown(text).to_string(), shown);
            assert_eq!(Shown(shown).to_string(), shown, "a text may be shown twice");
        }
    }

    #[test]
    fn the_letters_of_all_scripts_stay_as_they_are() {
        for text in ["Zoë Ünal 😀", "प्रिया க்ஷ നന്ദി বাংলা", "עברית عربي", "漢字 한글 かな", r"C:\card 5 % “x” – ₹", ""]
        {
            assert_eq!(Shown(text).to_string(), text);
            assert_eq!(ShownLines(text).to_string(), text);
            assert_eq!(ShownJson(text).to_string(), text);
        }
    }

    #[test]
    fn the_lines_of_a_document_stay_and_nothing_else() {
        assert_eq!(ShownLines("a\nb\u{1b}\r\n").to_string(), "a\nb\\u{1b}\\r\n");
    }

    #[test]
    fn a_json_document_means_the_same_afterwards() {
        let text = "{\n\t\"a\":\"\u{9b}\u{202e}\u{e0041}\u{7f}é\"}";
        assert_eq!(ShownJson(text).to_string(), "{\n\t\"a\":\"\\u009b\\u202e\\udb40\\udc41\\u007fé\"}");
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(&ShownJson(text).to_string()), value(text));
    }

    #[test]
    fn the_ranges_stand_in_order() {
        assert!(UNSEEN.is_sorted_by(|one, other| one.1 < other.0));
        assert!(UNSEEN.iter().all(|(first, last)| first <= last));
    }

    #[test]
    fn joiners_belong_between_letters_that_join_and_to_emoji() {
        for (before, character, is_allowed) in [
            (Some('ക'), '\u{200d}', true),
            (Some('\u{94d}'), '\u{200c}', true),
            (Some('❤'), '\u{fe0f}', true),
            (Some('\u{fe0f}'), '\u{200d}', true),
            (Some('a'), '\u{200d}', false),
            (Some('я'), '\u{200c}', false),
            (None, '\u{200d}', false),
            (Some('\u{200d}'), '\u{200d}', false),
            (Some('\u{fe0f}'), '\u{fe0f}', false),
            (Some('ക'), '\u{200b}', false),
            (Some('ക'), '\u{202e}', false),
        ] {
            assert_eq!(is_in_place(before, character), is_allowed, "{before:?} {character:?}");
        }
    }
}
