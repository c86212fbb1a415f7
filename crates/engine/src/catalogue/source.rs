//! From bytes to one JSON value: what is not JSON at all is one fault, with its line and column.

use serde_json::value::RawValue;

/// Largest file, in bytes.
pub const MAX_BYTES: usize = 64 << 20;

/// Deepest nesting of lists and objects; a catalogue needs five.
pub const MAX_DEPTH: usize = 32;

/// The one value that `bytes` hold, or the rule that they break.
pub(super) fn json_value(bytes: &[u8]) -> Result<&RawValue, String> {
    if bytes.len() > MAX_BYTES {
        return Err(format!("has {} bytes, at most {MAX_BYTES} are allowed", bytes.len()));
    }
    let text = std::str::from_utf8(bytes)
        .map_err(|error| format!("is not UTF-8 text{}", place(bytes, error.valid_up_to())))?;
    if text.starts_with('\u{feff}') {
        return Err("begins with a byte order mark at line 1 column 1, save it as plain UTF-8".to_owned());
    }
    let value: &RawValue = serde_json::from_str(text).map_err(|error| format!("is not JSON: {error}"))?;
    match first_too_deep(bytes) {
        Some(offset) => Err(format!("is nested deeper than {MAX_DEPTH} levels{}", place(bytes, offset))),
        None => Ok(value),
    }
}

/// Lines and columns are counted from one, columns in bytes, as the JSON reader counts them.
fn place(bytes: &[u8], offset: usize) -> String {
    let before = bytes.get(..offset).unwrap_or(bytes);
    let line = before.iter().filter(|byte| **byte == b'\n').count() + 1;
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    format!(" at line {line} column {}", offset - line_start + 1)
}

/// Where legal JSON is nested too deeply.
fn first_too_deep(json: &[u8]) -> Option<usize> {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (offset, byte) in json.iter().enumerate() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'{' | b'[' if !in_text => depth += 1,
            b'}' | b']' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        if depth > MAX_DEPTH {
            return Some(offset);
        }
    }
    None
}
