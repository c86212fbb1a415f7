//! The layer that comes from the configuration file.

use std::path::Path;

use figment::value::{Dict, Value};

use super::{
    error::{ConfigError, Fault},
    keys::Keys,
    layer::{Layer, Origin},
};
use cardgenius_store::bounded_read;

/// Far more than every key with a comment.
const MAX_BYTES: usize = 1 << 20;

/// Reads the file, and finds the keys in it that nobody knows.
///
/// # Errors
///
/// [`ConfigError::File`] where it cannot be read, [`ConfigError::Syntax`] where it is no TOML.
pub(super) fn read(path: &Path, keys: &Keys) -> Result<(Layer, Vec<Fault>), ConfigError> {
    let text =
        bounded_read::text(path, MAX_BYTES).map_err(|source| ConfigError::File { path: path.to_owned(), source })?;
    // Not through figment, whose message would quote the line, and with it a password that lacks its quotes.
    let table: toml::Table = toml::from_str(&text).map_err(|error| syntax(path, &text, &error))?;
    let values = Value::serialize(table).ok().and_then(Value::into_dict).unwrap_or_default();
    let origin = Origin::File(path.to_owned());
    let faults = unknown(&values, "", keys)
        .into_iter()
        .map(|key| Fault::UnknownKey { nearest: keys.nearest(&key), key, origin: origin.clone() })
        .collect();
    Ok((Layer { origin, values }, faults))
}

fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> ConfigError {
    let before = text.get(..error.span().map_or(0, |span| span.start)).unwrap_or_default();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
    ConfigError::Syntax { path: path.to_owned(), line, column, reason: error.message().replace('\n', "; ") }
}

/// The paths in a table that are neither fields nor sections.
fn unknown(table: &Dict, section: &str, keys: &Keys) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in table {
        // A key with a dot of its own would read like a path and yet be another key; control characters would reach the
        // terminal.
        let plain = !key.contains(|c: char| c == '.' || c.is_control());
        let name = if plain { key.clone() } else { format!("{key:?}") };
        let path = if section.is_empty() { name } else { format!("{section}.{name}") };
        if keys.kind(&path).is_some() {
            continue;
        }
        match value {
            Value::Dict(_, inner) if !inner.is_empty() => found.extend(unknown(inner, &path, keys)),
            // A known section that holds something else than a table is a value of a wrong kind, and said so later.
            _ if keys.is_section(&path) => {}
            _ => found.push(path),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Vec<String> {
        let table: toml::Table = toml::from_str(text).unwrap();
        let values = Value::serialize(table).unwrap().into_dict().unwrap();
        unknown(&values, "", &Keys::known().unwrap())
    }

    #[test]
    fn every_unknown_key_is_found_at_any_depth() {
        assert_eq!(faults("[pipeline]\nworkers = 1\n[source.columns]\ncredit_score = \"c\"\n[log]\n"), [""; 0]);
        assert_eq!(
            faults(
                "a = 1\n\"source.url\" = \"x\"\n\"\\u001b[0m\" = 1\n[b]\n[c]\nd = 1\n[source]\ne = 1\n[source.columns]\nf = 1\n"
            ),
            ["\"\\u{1b}[0m\"", "a", "b", "c.d", "source.columns.f", "source.e", "\"source.url\""]
        );
    }
}
