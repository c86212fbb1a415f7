//! Nothing is left behind of a server of the MySQL family, however its owner ends.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod owner;

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use cardgenius_embedded::{MariadbOptions, PrivateMariadb};

use owner::{Owner, is_alive, kill_while_launching, of_another_account, open_base, process_group, processes_of};

const PROGRAM: &str = env!("CARGO_BIN_EXE_private-mariadb");

#[test]
fn a_dropped_server_leaves_no_process_and_no_folder() {
    let server = PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap();
    let folder = server.folder().to_owned();
    let group = process_group(server.server_pid().unwrap()).unwrap();
    assert!(!processes_of(&folder, group).is_empty());
    drop(server);
    assert!(!folder.exists());
    assert_eq!(processes_of(&folder, group), Vec::<String>::new());
}

#[test]
fn a_server_that_was_stopped_or_killed_before_its_drop_leaves_nothing_either() {
    for end in [PrivateMariadb::stop, PrivateMariadb::kill] {
        let server = PrivateMariadb::launch(MariadbOptions::for_tests()).unwrap();
        let folder = server.folder().to_owned();
        end(&server).unwrap();
        drop(server);
        assert!(!folder.exists());
    }
}

#[test]
fn a_launch_that_fails_leaves_no_folder() {
    let base = open_base();
    let options = MariadbOptions::for_tests().base_folder(base.path()).setting("no_such_setting", "1");
    PrivateMariadb::launch(options).unwrap_err();
    assert_eq!(fs::read_dir(base.path()).unwrap().count(), 0);
}

#[test]
fn a_server_whose_owner_ends_without_dropping_it_leaves_nothing() {
    let mut command = Command::new(PROGRAM);
    command.arg("--forget");
    let mut owner = Owner::start(command);
    drop(owner.child.stdin.take());
    assert!(owner.child.wait().unwrap().success());
    owner.await_the_end();
}

#[test]
fn a_server_whose_owner_is_killed_leaves_no_process_and_no_folder() {
    let mut owner = Owner::start(Command::new(PROGRAM));
    assert!(is_alive(owner.server_pid) && owner.folder.exists());
    owner.kill();
    owner.await_the_end();
}

#[test]
fn an_owner_killed_while_it_launches_leaves_no_folder() {
    let base = open_base();
    kill_while_launching(PROGRAM, base.path());
}

#[test]
fn an_owner_that_is_not_root_starts_a_server_of_its_own_account_and_leaves_nothing() {
    let shared = tempfile::Builder::new().prefix("cg-program-").tempdir_in("/tmp").unwrap();
    let (mut owner, account) = of_another_account(PROGRAM, shared.path());
    assert_eq!(fs::metadata(format!("/proc/{}", owner.server_pid)).unwrap().uid(), account);
    assert_eq!(fs::metadata(&owner.folder).unwrap().uid(), account);
    owner.kill();
    owner.await_the_end();
}

#[test]
fn a_signal_to_the_owners_process_group_does_not_reach_the_server() {
    let mut command = Command::new(PROGRAM);
    command.process_group(0);
    let mut owner = Owner::start(command);
    assert_ne!(process_group(owner.child.id()).unwrap(), owner.group);
    drop(owner.child.stdin.take());
    owner.child.wait().unwrap();
    owner.await_the_end();
}
