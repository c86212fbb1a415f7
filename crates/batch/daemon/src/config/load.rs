//! Puts the layers on top of each other.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use figment::{Figment, error::Kind as FigmentKind, providers::Serialized, value::Value};

use super::{
    Config,
    environment::Environment,
    error::{ConfigError, Fault},
    file,
    keys::{FILE_VARIABLE, Keys},
    layer::{Layer, Origin},
};

/// A value from the command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// As the operator writes it, `--workers`.
    pub name: &'static str,
    /// The field that it sets, `pipeline.workers`.
    pub field: &'static str,
    /// Its value, as the operator wrote it.
    pub text: String,
}

/// What a configuration is made from.
#[derive(Clone, Debug, Default)]
pub struct Inputs {
    /// The file, where `--config` names one; else the variable `CARDGENIUS_CONFIG` may.
    pub file: Option<PathBuf>,
    /// The environment's variables; those of others are passed over.
    pub variables: Vec<(OsString, OsString)>,
    /// The command line's values.
    pub flags: Vec<Flag>,
}

/// A configuration, and where each of its values comes from.
#[derive(Clone, Debug)]
pub struct Loaded {
    config: Config,
    origins: BTreeMap<String, Origin>,
    violations: Vec<Fault>,
}

impl Loaded {
    /// The configuration as it stands, which may break rules: to be shown, not to be used.
    #[must_use]
    pub fn unchecked(&self) -> &Config {
        &self.config
    }

    /// Where each field's value comes from.
    #[must_use]
    pub fn origins(&self) -> &BTreeMap<String, Origin> {
        &self.origins
    }

    /// The rules that are broken.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faults`] with all of them.
    pub fn check(&self) -> Result<(), ConfigError> {
        if self.violations.is_empty() { Ok(()) } else { Err(ConfigError::Faults(self.violations.clone())) }
    }

    /// The configuration, to be used.
    ///
    /// # Errors
    ///
    /// [`ConfigError::Faults`] with all rules that are broken.
    pub fn into_config(self) -> Result<Config, ConfigError> {
        self.check()?;
        Ok(self.config)
    }
}

/// Reads the layers: defaults, `DATABASE_URL`, file, environment, flags, the later over the earlier. The values' rules are
/// judged too, and held back until [`Loaded::check`], so that a configuration that breaks them can still be shown.
///
/// # Errors
///
/// A file that cannot be read or is no TOML; otherwise all unknown keys and all values of a wrong kind at once.
pub fn load(inputs: &Inputs) -> Result<Loaded, ConfigError> {
    let keys = Keys::known()?;
    let environment = Environment::read(&inputs.variables, &keys);
    let mut faults = environment.faults;

    let defaults = Figment::from(Serialized::defaults(Config::default()));
    let mut figment = defaults.clone();
    if let Some(layer) = environment.database_url {
        figment = figment.merge(layer);
    }
    if let Some(path) = inputs.file.clone().or_else(|| file_of(&inputs.variables)) {
        let (layer, unknown) = file::read(&path, &keys)?;
        faults.extend(unknown);
        figment = figment.merge(layer);
    }
    for layer in environment.variables {
        figment = figment.merge(layer);
    }
    for flag in &inputs.flags {
        let origin = Origin::Flag(flag.name.to_owned());
        match keys.kind(flag.field).and_then(|kind| kind.read(&flag.text)) {
            Some(value) => figment = figment.merge(Layer::of_one(origin, flag.field, value)),
            None => faults.push(kind_fault(&keys, flag.field, origin)),
        }
    }

    let (config, wrong) = extract(&figment, &defaults, &keys);
    faults.extend(wrong);
    match config {
        Some(config) if faults.is_empty() => Ok(loaded(config, &figment, &keys)),
        _ => Err(ConfigError::Faults(faults)),
    }
}

fn file_of(variables: &[(OsString, OsString)]) -> Option<PathBuf> {
    variables.iter().find(|(name, _)| name == FILE_VARIABLE).map(|(_, path)| path.into())
}

fn loaded(config: Config, figment: &Figment, keys: &Keys) -> Loaded {
    let origin = |field: &str| Origin::of(figment.find_metadata(field));
    let violations = config
        .validate()
        .into_iter()
        .map(|violation| Fault::Field {
            origin: origin(&violation.field),
            field: violation.field,
            rule: violation.rule,
        })
        .collect();
    let origins = keys.fields().map(|field| (field.to_owned(), origin(field))).collect();
    Loaded { config, origins, violations }
}

/// The configuration, with all values of a wrong kind: each is replaced by its default to find the next.
fn extract(figment: &Figment, defaults: &Figment, keys: &Keys) -> (Option<Config>, Vec<Fault>) {
    let mut figment = figment.clone();
    let mut faults: Vec<Fault> = Vec::new();
    loop {
        let error = match figment.extract::<Config>() {
            Ok(config) => return (Some(config), faults),
            Err(error) => error,
        };
        let field = error.path.join(".");
        let origin = Origin::of(figment.find_metadata(&field));
        let fault = match error.kind {
            FigmentKind::UnknownVariant(_, known) => {
                Fault::Field { field: field.clone(), origin, rule: format!("must be one of {}", known.join(", ")) }
            }
            kind => match keys.fields().find(|known| is_within(&field, known)) {
                // An item of a list; no secret is one.
                Some(list) => Fault::Field {
                    field: list.to_owned(),
                    origin: Origin::of(figment.find_metadata(list)),
                    rule: format!("has an item that is wrong: {kind}"),
                },
                None => kind_fault(keys, &field, origin),
            },
        };
        let seen = faults.contains(&fault);
        faults.push(fault);
        let default: Option<Value> = defaults.find_value(&field).ok();
        match default {
            Some(value) if !seen => figment = figment.merge(Layer::of_one(Origin::Default, &field, value)),
            _ => return (None, faults),
        }
    }
}

fn is_within(field: &str, list: &str) -> bool {
    field.strip_prefix(list).is_some_and(|rest| rest.starts_with('.'))
}

/// A value of a wrong kind. The value itself is not shown: it may be a password without its quotes.
fn kind_fault(keys: &Keys, field: &str, origin: Origin) -> Fault {
    let rule = keys.kind(field).map_or("must be a table", |kind| kind.rule());
    Fault::Field { field: field.to_owned(), origin, rule: rule.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Kind, variable_name},
        *,
    };

    fn with_variables(variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
        let variables = variables.iter().map(|(name, value)| (name.into(), value.into())).collect();
        load(&Inputs { variables, ..Inputs::default() })
    }

    #[test]
    fn nothing_said_gives_the_defaults() {
        let loaded = with_variables(&[]).unwrap();
        assert_eq!(loaded.unchecked(), &Config::default());
        assert!(loaded.origins().values().all(|origin| *origin == Origin::Default));
        assert_eq!(loaded.into_config().unwrap(), Config::default());
    }

    #[test]
    fn a_password_reaches_its_field_as_its_exact_text() {
        for text in ["12345", "true", "0x10", "1e3", "\"quoted\"", "[1]", " spaced ", "a\nb"] {
            let url = ("CARDGENIUS_TARGET__URL", "postgres://db/x");
            let config = with_variables(&[url, ("CARDGENIUS_TARGET__PASSWORD", text)]).unwrap().into_config().unwrap();
            assert_eq!(config.target.password.unwrap().expose(), text);
        }
    }

    #[test]
    fn every_setting_can_be_given_by_its_variable() {
        // Also holds the rule that a field without a default is text: a number there would be of a wrong kind.
        let keys = Keys::known().unwrap();
        for field in keys.fields() {
            let text = match keys.kind(field).unwrap() {
                _ if field == "log.format" => "human",
                Kind::Text => "12345",
                Kind::Bool => "true",
                Kind::List => "[]",
                Kind::Whole | Kind::Decimal => "1",
            };
            let loaded = with_variables(&[(&variable_name(field), text)]).unwrap();
            assert_eq!(loaded.origins()[field], Origin::Environment(variable_name(field)));
        }
    }

    #[test]
    fn a_list_with_an_item_of_another_shape_is_refused_as_a_whole() {
        for wrong in
            ["[{ nam = \"a\", cron = \"0 1 * * *\" }]", "[{ name = \"a\" }]", "[7]", "[{ name = 7, cron = \"\" }]"]
        {
            let error = with_variables(&[("CARDGENIUS_SCHEDULE__FURTHER", wrong)]).unwrap_err().to_string();
            assert!(error.contains("`schedule.further`") && error.contains("has an item that is wrong"), "{error}");
            assert!(error.contains("CARDGENIUS_SCHEDULE__FURTHER"), "{error}");
        }
    }

    #[test]
    fn a_flag_that_sets_no_field_is_refused() {
        let flag = Flag { name: "--x", field: "x.y", text: "1".to_owned() };
        assert!(load(&Inputs { flags: vec![flag], ..Inputs::default() }).is_err());
    }

    #[cfg(unix)]
    #[test]
    fn a_variable_that_is_no_text_is_refused_by_name() {
        use std::os::unix::ffi::OsStringExt;
        for name in ["CARDGENIUS_SOURCE__PASSWORD", "DATABASE_URL", "RUST_LOG"] {
            let variables = vec![(name.into(), OsString::from_vec(vec![0x70, 0xff]))];
            let error = load(&Inputs { variables, ..Inputs::default() }).unwrap_err().to_string();
            assert!(error.contains(name) && error.contains("UTF-8"), "{error}");
        }
    }
}
