//! A target that has no room for the rows for a while.
//!
//! The disk is a small file system in memory where this account may mount one. Elsewhere, and always in a test of its own,
//! the limit on a file's size stands for it: it cuts a write short, which the server reports as a full disk.

use std::fs;
use std::io::Write;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use cardgenius_embedded::PostgresOptions;
use cardgenius_testkit::TestServer;
use tempfile::TempDir;

use crate::program::holds_all;
use crate::running::{Running, spawn};
use crate::scene::Scene;

const DISK_BYTES: usize = 32 << 20;

/// Room for some of the chunks of a run, on the disk with its ballast.
const ROOM_BYTES: usize = 600 << 10;

/// Above a file of the server's own log of changes (16 MiB), which must go on; and not a whole number of its blocks, since
/// a write that begins at the limit is refused in another way than one that is cut short.
const FILE_SIZE_LIMIT: usize = (17 << 20) + 100;

/// A small file system; it goes with this value, or with this process if that is killed.
pub struct Disk {
    folder: TempDir,
    keeper: Child,
}

impl Disk {
    /// For the account that owns this folder. `None` if ours may not mount.
    pub fn mounted_for(server_folder: &Path) -> Option<Self> {
        let folder = TempDir::new().unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o755)).unwrap();
        let disk = folder.path().join("disk");
        fs::create_dir(&disk).unwrap();
        let owner = fs::metadata(server_folder).unwrap();
        let options = format!("size={DISK_BYTES},uid={},gid={},mode=0700", owner.uid(), owner.gid());
        let mount = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(&disk).output().unwrap();
        if !mount.status.success() {
            println!("cannot mount: {}", String::from_utf8_lossy(&mount.stderr));
            return None;
        }
        let keeper = Command::new("sh")
            .args(["-c", r#"cat; umount -l "$0" && rm -rf "$(dirname "$0")""#])
            .arg(&disk)
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Some(Self { folder, keeper })
    }

    pub fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        let _ = self.keeper.wait();
    }
}

/// Sets how large the server's files may become.
fn limit_files(server: &TestServer, bytes: &str) {
    let postmaster = server.postgres.postmaster_pid().unwrap().to_string();
    let limit = format!("--fsize={bytes}:");
    // Only a process's own account may do this everywhere.
    let owner = fs::metadata(server.postgres.folder()).unwrap();
    let set = Command::new("prlimit").args(["--pid", &postmaster, &limit]).uid(owner.uid()).gid(owner.gid()).output();
    let set = set.expect("a full disk is made with `mount` or with `prlimit` (package util-linux)");
    assert!(
        set.status.success(),
        "a full disk needs an account that may mount, or one that may limit the size of its server's files: {}",
        String::from_utf8_lossy(&set.stderr)
    );
}

/// A run that is under way when the disk becomes full, and ends well after `free` has made room.
async fn waits_for_room(scene: Scene<'_>, free: impl FnOnce()) {
    let run = full(&scene).await;
    run.said("SQLSTATE 53100");
    free();
    let answer = run.end().ended(0);
    holds_all(&answer.stderr, &[r#""kind":"resource_limit""#]);
    assert_eq!(scene.claims("returned"), 0, "a chunk was given back");
    scene.all_well().await;
}

/// A run that has met the full disk.
async fn full(scene: &Scene<'_>) -> Running {
    let run = spawn(scene.start(100));
    run.said("finishing failed; trying again");
    let counts = scene.audited().await;
    assert!(counts.new + counts.pending > 0 && counts.failed == 0, "{counts:?}");
    run
}

async fn with_limited_files(server: &TestServer, seed: i64) {
    let scene = Scene::on(server, 2_000, seed).await;
    // The table grows beyond the limit with few rows.
    scene.source.psql("ALTER TABLE {{output}} SET (fillfactor = 10)");
    limit_files(server, &FILE_SIZE_LIMIT.to_string());
    let run = full(&scene).await;
    run.said("could not extend file");
    limit_files(server, "unlimited");
    // PostgreSQL 15 says 53100 of a file that could grow in part, and XX000, a fault of its own, of one that could not grow
    // at all: then the chunk may be given back and done later.
    run.end().ended(0);
    scene.all_well().await;
}

/// Leaves little room on it, until what it gives is removed.
pub fn fill(disk: &Path) -> PathBuf {
    let ballast = disk.join("ballast");
    fs::File::create(&ballast).unwrap().write_all(&vec![0; DISK_BYTES - ROOM_BYTES]).unwrap();
    ballast
}

#[tokio::test(flavor = "multi_thread")]
async fn a_disk_that_is_full_for_a_while_is_waited_for_and_costs_nobody_anything() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    let Some(disk) = Disk::mounted_for(server.postgres.folder()) else {
        return with_limited_files(&server, 321).await;
    };
    let scene = Scene::on(&server, 2_000, 321).await;
    scene.source.psql(&format!("CREATE TABLESPACE tight LOCATION '{}'", disk.path().display()));
    scene.source.psql("ALTER TABLE {{output}} SET TABLESPACE tight");
    let ballast = fill(&disk.path());
    waits_for_room(scene, || fs::remove_file(ballast).unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_may_not_grow_for_a_while_are_waited_for_and_cost_nobody_anything() {
    let server = TestServer::launch(PostgresOptions::for_tests());
    with_limited_files(&server, 322).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_says_for_a_while_that_its_disk_is_full_is_waited_for_and_costs_nobody_anything() {
    let scene = Scene::in_two(400, 323).await;
    scene.target.psql(
        "CREATE TABLE quota (used boolean); INSERT INTO quota VALUES (true);
         CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN
             IF NEW.user_id > 'CK0000150' AND (SELECT used FROM quota) THEN
                 RAISE EXCEPTION 'over quota' USING ERRCODE = '53100';
             END IF;
             RETURN NEW;
         END $$;
         CREATE TRIGGER refuse BEFORE INSERT ON {{output}} FOR EACH ROW EXECUTE FUNCTION refuse()",
    );
    let target = scene.target.clone();
    waits_for_room(scene, || drop(target.psql("UPDATE quota SET used = false"))).await;
}
