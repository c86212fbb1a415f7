use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

use tempfile::TempDir;

use super::*;

/// A folder with programs that say they are a server of this version.
fn pretend(folder: &Path, version: &str, programs: &[&str]) {
    fs::create_dir_all(folder).unwrap();
    for program in programs {
        let path = folder.join(program);
        fs::write(&path, format!("#!/bin/sh\necho '{program}  Ver {version} for Linux on x86_64'\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
}

fn usual(folders: &[PathBuf]) -> Places {
    Places { usual: folders.to_vec(), path: OsString::new() }
}

const MARIADB: &str = "10.11.14-MariaDB-0+deb12u2";

#[test]
fn a_server_and_its_programs_are_found_in_folders_beside_one_another() {
    let root = TempDir::new().unwrap();
    pretend(&root.path().join("sbin"), MARIADB, &["mariadbd"]);
    pretend(&root.path().join("bin"), MARIADB, &["mariadb-install-db", "mariadb"]);
    let found = MariadbBinaries::find_among(&usual(&[root.path().join("none"), root.path().join("sbin")])).unwrap();
    assert_eq!(found.server(), root.path().join("sbin/mariadbd"));
    assert_eq!(found.installer().unwrap(), root.path().join("bin/mariadb-install-db"));
    assert_eq!(found.client(), root.path().join("bin/mariadb"));
    assert_eq!(found.version().vendor, Vendor::MariaDb);
}

#[test]
fn mysqls_server_needs_no_program_that_makes_its_data_folder() {
    let root = TempDir::new().unwrap();
    pretend(root.path(), "8.0.36", &["mysqld", "mysql"]);
    let found = MariadbBinaries::find_among(&usual(&[root.path().to_owned()])).unwrap();
    assert_eq!((found.version().vendor, found.installer()), (Vendor::MySql, None));
}

#[test]
fn a_server_that_is_too_old_or_not_whole_is_passed_over() {
    let root = TempDir::new().unwrap();
    let folder = |name: &str| root.path().join(name);
    pretend(&folder("old/sbin"), "10.5.29-MariaDB", &["mariadbd", "mariadb-install-db", "mariadb"]);
    pretend(&folder("part/sbin"), MARIADB, &["mariadbd", "mariadb"]);
    pretend(&folder("whole/sbin"), "11.4.2-MariaDB", &["mariadbd", "mariadb-install-db", "mariadb"]);
    let places = usual(&[folder("old/sbin"), folder("part/sbin"), folder("whole/sbin")]);
    assert_eq!(MariadbBinaries::find_among(&places).unwrap().version().number, (11, 4, 2));
}

#[test]
fn a_link_on_the_path_leads_to_the_folder_it_points_into() {
    let root = TempDir::new().unwrap();
    let real = root.path().canonicalize().unwrap().join("real");
    pretend(&real, "8.0.36", &["mysqld", "mysql"]);
    let path = root.path().join("path");
    fs::create_dir(&path).unwrap();
    symlink(real.join("mysqld"), path.join("mysqld")).unwrap();
    let places = Places { usual: Vec::new(), path: path.into() };
    assert_eq!(MariadbBinaries::find_among(&places).unwrap().server(), real.join("mysqld"));
}

#[test]
fn without_a_server_the_error_names_the_places_the_versions_and_the_package() {
    let root = TempDir::new().unwrap();
    pretend(root.path(), "8.0.18", &["mysqld", "mysql"]);
    let error = MariadbBinaries::find_among(&usual(&[root.path().to_owned()])).unwrap_err().to_string();
    let old = format!("{} (MySQL 8.0.18 is older than 8.0.19)", root.path().display());
    for needed in [old.as_str(), "on the PATH", "10.6.0 of MariaDB", "package `mariadb-server`", VARIABLE] {
        assert!(error.contains(needed), "{needed} is not in: {error}");
    }
}

#[test]
fn a_named_folder_without_a_server_is_an_error_and_not_passed_over() {
    let root = TempDir::new().unwrap();
    let error = MariadbBinaries::in_named_folder(root.path(), VARIABLE).unwrap_err().to_string();
    assert!(error.contains("no program `mariadbd` or `mysqld`") && error.contains(VARIABLE), "{error}");
}
