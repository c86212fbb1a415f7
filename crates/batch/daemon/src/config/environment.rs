//! The layers that come from environment variables.

use std::ffi::OsString;

use cardgenius_embedded::POSTGRES_BIN_VARIABLE;

use super::{
    error::Fault,
    keys::{FILE_VARIABLE, Keys, PREFIX},
    layer::{Layer, Origin},
};

/// Serves as the source's address where nothing else names one: what many platforms set.
const DATABASE_URL: &str = "DATABASE_URL";

/// Wins over `log.filter`, as people expect of it.
const RUST_LOG: &str = "RUST_LOG";

/// The environment as layers.
#[derive(Debug, Default)]
pub(super) struct Environment {
    /// `DATABASE_URL`, below the file.
    pub(super) database_url: Option<Layer>,
    /// Our own variables, and `RUST_LOG` last.
    pub(super) variables: Vec<Layer>,
    pub(super) faults: Vec<Fault>,
}

impl Environment {
    pub(super) fn read(variables: &[(OsString, OsString)], keys: &Keys) -> Self {
        let mut environment = Self::default();
        let mut rust_log = None;
        for (name, value) in variables {
            let Some(name) = name.to_str() else { continue };
            let foreign = matches!(name, DATABASE_URL | RUST_LOG);
            // The second is no setting of a run: the demo's server looks for its programs there.
            if matches!(name, FILE_VARIABLE | POSTGRES_BIN_VARIABLE) || !(foreign || name.starts_with(PREFIX)) {
                continue;
            }
            let Some(value) = value.to_str() else {
                environment.faults.push(Fault::NotUnicode { name: name.to_owned() });
                continue;
            };
            let layer = |field, value: &str| Layer::of_one(Origin::Environment(name.to_owned()), field, value.into());
            match name {
                // Other programs' variables: an empty one is how people unset them.
                DATABASE_URL | RUST_LOG if value.is_empty() => {}
                DATABASE_URL => environment.database_url = Some(layer("source.url", value)),
                RUST_LOG => rust_log = Some(layer("log.filter", value)),
                _ => environment.read_one(name, value, keys),
            }
        }
        environment.variables.extend(rust_log);
        environment
    }

    fn read_one(&mut self, name: &str, value: &str, keys: &Keys) {
        let origin = Origin::Environment(name.to_owned());
        let Some((field, kind)) = keys.field_of_variable(name).and_then(|field| Some((field, keys.kind(field)?)))
        else {
            if !is_service_link(name) {
                let nearest = keys.nearest_variable(name);
                self.faults.push(Fault::UnknownVariable { name: name.to_owned(), nearest });
            }
            return;
        };
        match kind.read(value) {
            Some(value) => self.variables.push(Layer::of_one(origin, field, value)),
            None => self.faults.push(Fault::Field { field: field.to_owned(), origin, rule: kind.rule().to_owned() }),
        }
    }
}

/// Whether Kubernetes made this variable for a service whose name begins with `cardgenius`: it puts `CARDGENIUS_PORT`,
/// `CARDGENIUS_SERVICE_HOST` and more into every pod beside it, and nobody can have meant them for us, because every
/// variable of ours has two underscores in a row.
fn is_service_link(name: &str) -> bool {
    if name.contains("__") {
        return false;
    }
    let ends = |suffixes: &[&str]| suffixes.iter().any(|suffix| name.ends_with(suffix));
    ends(&["_SERVICE_HOST", "_SERVICE_PORT", "_PORT"])
        || name.contains("_SERVICE_PORT_")
        || name
            .match_indices("_PORT_")
            .any(|(at, found)| name[at + found.len()..].starts_with(|c: char| c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_folder_of_the_demos_server_is_no_unknown_setting() {
        let variables = [(POSTGRES_BIN_VARIABLE.into(), "/opt/postgres/bin".into())];
        let loaded = crate::config::load(&crate::config::Inputs { variables: variables.into(), ..Default::default() });
        assert!(loaded.is_ok_and(|loaded| loaded.check().is_ok()));
    }

    #[test]
    fn what_kubernetes_sets_for_a_service_of_our_name_is_passed_over() {
        for name in [
            "CARDGENIUS_SERVICE_HOST",
            "CARDGENIUS_SERVICE_PORT",
            "CARDGENIUS_SERVICE_PORT_METRICS",
            "CARDGENIUS_PORT",
            "CARDGENIUS_PORT_9090_TCP",
            "CARDGENIUS_PORT_9090_TCP_ADDR",
            "CARDGENIUS_PORT_9090_TCP_PORT",
            "CARDGENIUS_METRICS_PORT_9090_TCP_PROTO",
        ] {
            assert!(is_service_link(name), "{name}");
        }
        for name in ["CARDGENIUS_SOURCE_URL", "CARDGENIUS_PORTS", "CARDGENIUS_SOURCE__PORT", "CARDGENIUS_PORT_A"] {
            assert!(!is_service_link(name), "{name}");
        }
    }
}
