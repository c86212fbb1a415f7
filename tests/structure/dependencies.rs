//! Imports point one way: foundation <- engine <- pipeline <- store <- daemon <- cardgenius.

use std::collections::BTreeSet;

use toml::{Table, Value};

use crate::workspace::{File, files};
use crate::{none, only};

/// Each crate, and the crates of the workspace that it may depend on. A new crate needs a place here.
const HOUSE: [(&str, &[&str]); 10] = [
    ("text", &[]),
    ("failure", &["text"]),
    ("engine", &["text"]),
    ("pipeline", &["engine", "failure", "text"]),
    ("store", &["engine", "failure", "pipeline", "text"]),
    ("daemon", &["engine", "failure", "pipeline", "store", "embedded", "text"]),
    // The systems, for what its tests know of them; the binary itself only calls them.
    ("cardgenius", &["daemon", "engine", "failure", "pipeline", "store", "text"]),
    ("embedded", &[]),
    ("bench", &["engine", "failure", "pipeline", "store", "daemon", "embedded"]),
    ("testkit", &["engine", "pipeline", "store", "embedded"]),
];

/// For tests only, any crate may have these as well.
const FOR_TESTS: [&str; 2] = ["embedded", "testkit"];

/// All that the engine may use: parsing, numbers, dates. What comes new must be as pure as these.
const PURE: [&str; 8] =
    ["cardgenius-text", "chrono", "num-bigint", "num-traits", "serde", "serde_json", "strsim", "thiserror"];

/// Features of `chrono` that read the clock or the machine's time zone.
const CLOCK_FEATURES: [&str; 4] = ["clock", "now", "default", "iana-time-zone"];

/// A database driver's package name begins with one of these, or has it behind a dash or underscore.
const DRIVERS: [&str; 10] =
    ["postgres", "tokio_postgres", "deadpool", "bb8", "mysql", "mysql_async", "sqlx", "diesel", "rusqlite", "sea_orm"];

/// Whether this is the name of a database driver, as a package or as a path.
pub fn is_driver(name: &str) -> bool {
    let name = name.replace('-', "_");
    DRIVERS.iter().any(|driver| name == *driver || name.starts_with(&format!("{driver}_")))
}

struct Manifest<'a> {
    package: &'a str,
    table: Table,
}

fn manifests(files: &[File]) -> Vec<Manifest<'_>> {
    let in_crates = files.iter().filter(|file| file.path.ends_with("/Cargo.toml"));
    in_crates
        .filter_map(|file| Some(Manifest { package: file.package()?, table: file.text.parse().unwrap() }))
        .collect()
}

impl Manifest<'_> {
    /// Dependencies of this kind, those for one platform only included.
    fn dependencies(&self, kind: &str) -> Vec<(&String, &Value)> {
        let everywhere = self.table.get(kind).and_then(Value::as_table);
        let targets = self.table.get("target").and_then(Value::as_table).into_iter().flat_map(Table::values);
        let by_target = targets.filter_map(|target| target.get(kind)?.as_table());
        everywhere.into_iter().chain(by_target).flatten().collect()
    }

    fn crates_of_the_house(&self, kind: &str) -> BTreeSet<String> {
        let names = self.dependencies(kind).into_iter().filter_map(|(name, _)| match name.as_str() {
            "cardgenius" => Some("cardgenius".to_owned()),
            name => name.strip_prefix("cardgenius-").map(str::to_owned),
        });
        names.collect()
    }
}

fn crates_that_import_against_the_grain(files: &[File]) -> Vec<String> {
    let mut violations = Vec::new();
    for manifest in manifests(files) {
        let package = manifest.package;
        let Some((_, allowed)) = HOUSE.iter().find(|(name, _)| *name == package) else {
            violations.push(format!("crates/{package} has no place in the house"));
            continue;
        };
        for kind in ["dependencies", "build-dependencies", "dev-dependencies"] {
            let for_tests = kind == "dev-dependencies";
            for other in manifest.crates_of_the_house(kind) {
                let other = other.as_str();
                if !allowed.contains(&other) && (!for_tests || !FOR_TESTS.contains(&other)) {
                    violations.push(format!("crates/{package} must not have {other} among its {kind}"));
                }
            }
        }
    }
    violations
}

fn impure_dependencies_of_the_engine(files: &[File]) -> Vec<String> {
    let root = files.iter().find(|file| file.path == "Cargo.toml").expect("the workspace's Cargo.toml");
    let root: Table = root.text.parse().unwrap();
    let chrono = &root["workspace"]["dependencies"]["chrono"];
    let mut violations = Vec::new();
    if chrono.get("default-features").and_then(Value::as_bool) != Some(false) {
        violations.push("chrono's default features bring the clock into the engine".to_owned());
    }
    for manifest in manifests(files).iter().filter(|manifest| manifest.package == "engine") {
        for (name, detail) in manifest.dependencies("dependencies") {
            if !PURE.contains(&name.as_str()) {
                violations.push(format!("{name} is not among the engine's pure dependencies"));
            }
            let shared = if name == "chrono" { Some(chrono) } else { None };
            let features = shared.into_iter().chain([detail]).filter_map(|value| value.get("features")?.as_array());
            let mut features = features.flatten().filter_map(Value::as_str);
            if name == "chrono" && features.any(|feature| CLOCK_FEATURES.contains(&feature)) {
                violations.push("the engine's chrono must not have a clock".to_owned());
            }
        }
    }
    violations
}

fn drivers_of_the_pipeline(files: &[File]) -> Vec<String> {
    let pipeline = manifests(files).into_iter().filter(|manifest| manifest.package == "pipeline");
    let names = pipeline.flat_map(|manifest| {
        let kinds = ["dependencies", "dev-dependencies", "build-dependencies"];
        kinds.map(|kind| manifest.dependencies(kind).into_iter().map(|(name, _)| name.clone()).collect::<Vec<_>>())
    });
    let drivers = names.flatten().filter(|name| is_driver(name));
    drivers.map(|name| format!("the pipeline must not know the driver {name}")).collect()
}

#[test]
fn imports_between_crates_point_one_way() {
    let files = files();
    assert_eq!(manifests(&files).len(), HOUSE.len(), "a crate of the house is gone, or was not seen");
    none(&crates_that_import_against_the_grain(&files));
}

#[test]
fn the_engine_depends_on_nothing_impure() {
    none(&impure_dependencies_of_the_engine(&files()));
}

#[test]
fn the_pipeline_depends_on_no_driver() {
    none(&drivers_of_the_pipeline(&files()));
}

#[test]
fn an_engine_that_depends_on_the_pipeline_is_found() {
    let sample = File::new("crates/engine/Cargo.toml", "[dependencies]\ncardgenius-pipeline.workspace = true");
    only(&crates_that_import_against_the_grain(&[sample]), "crates/engine must not have pipeline");
}

#[test]
fn a_testkit_outside_of_tests_is_found() {
    let text =
        "[dependencies]\ncardgenius-testkit.workspace = true\n[dev-dependencies]\ncardgenius-testkit.path = \"x\"";
    let sample = File::new("crates/daemon/Cargo.toml", text);
    only(&crates_that_import_against_the_grain(&[sample]), "testkit among its dependencies");
}

#[test]
fn an_import_for_one_platform_only_is_found() {
    let text = "[target.'cfg(unix)'.dependencies]\ncardgenius-store.workspace = true";
    let sample = File::new("crates/embedded/Cargo.toml", text);
    only(&crates_that_import_against_the_grain(&[sample]), "store");
}

#[test]
fn a_crate_without_a_place_is_found() {
    only(&crates_that_import_against_the_grain(&[File::new("crates/extra/Cargo.toml", "")]), "crates/extra");
}

#[test]
fn an_engine_with_a_runtime_or_a_clock_is_found() {
    let root =
        |features: &str| File::new("Cargo.toml", &format!("[workspace.dependencies]\nchrono = {{ {features} }}"));
    let engine = |text: &str| File::new("crates/engine/Cargo.toml", &format!("[dependencies]\n{text}"));
    let pure = "default-features = false";
    let check = |root: File, engine: File| impure_dependencies_of_the_engine(&[root, engine]);
    only(&check(root(pure), engine("tokio.workspace = true")), "tokio");
    only(&check(root(pure), engine("chrono = { workspace = true, features = [\"clock\"] }")), "clock");
    only(&check(root("version = \"1\""), engine("")), "default features");
    none(&check(root(pure), engine("chrono.workspace = true")));
}

#[test]
fn a_pipeline_with_a_driver_is_found() {
    let sample = File::new("crates/pipeline/Cargo.toml", "[dev-dependencies]\ndeadpool-postgres.workspace = true");
    only(&drivers_of_the_pipeline(&[sample]), "deadpool-postgres");
}
