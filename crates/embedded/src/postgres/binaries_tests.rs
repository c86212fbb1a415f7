use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

/// A folder with programs that say they are a PostgreSQL of this version.
fn pretend(folder: &Path, version: &str, programs: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for program in programs {
        let path = folder.join(program);
        fs::write(&path, format!("#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn nowhere(root: &TempDir) -> Places {
    Places { versioned_root: root.path().join("versions"), path: OsString::new(), pg_config: None }
}

#[test]
fn the_newest_version_is_taken_by_number_not_by_letter() {
    let root = TempDir::new().unwrap();
    for version in ["9.6", "13", "9"] {
        pretend(&root.path().join("versions").join(version).join("bin"), version, &NEEDED);
    }
    let found = PostgresBinaries::find_among(&nowhere(&root)).unwrap();
    assert_eq!(found.folder(), root.path().join("versions/13/bin"));
    assert_eq!(found.version().major, 13);
}

#[test]
fn a_newer_version_without_a_server_is_passed_over() {
    let root = TempDir::new().unwrap();
    pretend(&root.path().join("versions/17/bin"), "17.1", &["initdb"]);
    pretend(&root.path().join("versions/16/bin"), "16.4", &NEEDED);
    assert_eq!(PostgresBinaries::find_among(&nowhere(&root)).unwrap().version().text, "16.4");
}

#[test]
fn a_link_on_the_path_leads_to_the_folder_it_points_into() {
    let root = TempDir::new().unwrap();
    let real = root.path().canonicalize().unwrap().join("real");
    pretend(&real, "15.18 (Debian 15.18-0+deb12u1)", &NEEDED);
    let path = root.path().join("path");
    fs::create_dir(&path).unwrap();
    symlink(real.join("postgres"), path.join("postgres")).unwrap();
    let places = Places { path: path.into(), ..nowhere(&root) };
    let found = PostgresBinaries::find_among(&places).unwrap();
    assert_eq!(found.folder(), real);
    assert_eq!(found.version().major, 15);
}

#[test]
fn pg_config_is_the_last_to_be_asked() {
    let root = TempDir::new().unwrap();
    let real = root.path().join("real");
    pretend(&real, "14.2", &NEEDED);
    let pg_config = root.path().join("pg_config");
    fs::write(&pg_config, format!("#!/bin/sh\necho {}\n", real.display())).unwrap();
    fs::set_permissions(&pg_config, fs::Permissions::from_mode(0o755)).unwrap();
    let places = Places { pg_config: Some(pg_config), ..nowhere(&root) };
    assert_eq!(PostgresBinaries::find_among(&places).unwrap().folder(), real);
}

#[test]
fn without_a_server_the_error_names_the_places_and_the_package() {
    let root = TempDir::new().unwrap();
    pretend(&root.path().join("versions/12/bin"), "12.9", &NEEDED);
    let error = PostgresBinaries::find_among(&nowhere(&root)).unwrap_err().to_string();
    for needed in ["versions/12/bin (version 12.9 is older than 13)", "on the PATH", "package `postgresql`", VARIABLE] {
        assert!(error.contains(needed), "{needed} is not in: {error}");
    }
}

#[test]
fn a_named_folder_without_a_server_is_an_error_and_not_passed_over() {
    let root = TempDir::new().unwrap();
    pretend(root.path(), "15.1", &["postgres"]);
    let error = PostgresBinaries::in_named_folder(root.path(), VARIABLE).unwrap_err().to_string();
    assert!(error.contains("no program `initdb`") && error.contains(VARIABLE), "{error}");
}

#[test]
fn a_version_that_is_not_postgresql_is_not_understood() {
    assert_eq!(ServerVersion::parse("mysqld  Ver 8.0.36"), None);
    assert_eq!(ServerVersion::parse("postgres (PostgreSQL) 17beta1\n").unwrap().major, 17);
}
