//! `cardgenius config`: what the configuration is.

use serde_json::{Value as Json, json};

use super::output;
use crate::{
    config::{Config, ConfigError, Inputs, Loaded, Origin, leaves, load},
    exit::Exit,
};

/// Prints every setting in force and where it comes from. A configuration that breaks rules is printed as well, and then
/// what is wrong with it.
#[must_use]
pub fn show(inputs: &Inputs, json: bool) -> Exit {
    let shown = load(inputs).and_then(|loaded| {
        let exit = if json { output::print_json(&as_json(&loaded)?) } else { output::print(&as_table(&loaded)?) };
        loaded.check().map(|()| exit)
    });
    shown.unwrap_or_else(super::refuse)
}

/// One setting: its field, its value without secrets, its origin.
type Row = (String, Json, Origin);

fn rows(loaded: &Loaded) -> Result<Vec<Row>, ConfigError> {
    // `Config` serialises without its secrets.
    let tree = serde_json::to_value::<&Config>(loaded.unchecked())?;
    let row = |(field, value): (String, &Json)| {
        let origin = loaded.origins().get(&field).cloned().unwrap_or(Origin::Default);
        (field, value.clone(), origin)
    };
    Ok(leaves(&tree).into_iter().map(row).collect())
}

fn as_table(loaded: &Loaded) -> Result<String, ConfigError> {
    let lines = rows(loaded)?.into_iter().map(|(field, value, origin)| {
        let value = if value.is_null() { "none".to_owned() } else { value.to_string() };
        vec![field, value, origin.to_string()]
    });
    Ok(output::table(&["SETTING", "VALUE", "FROM"], lines))
}

fn as_json(loaded: &Loaded) -> Result<String, ConfigError> {
    let settings: Vec<Json> = rows(loaded)?
        .into_iter()
        .map(|(field, value, origin)| json!({"setting": field, "value": value, "from": origin}))
        .collect();
    Ok(serde_json::to_string_pretty(&settings)?)
}
