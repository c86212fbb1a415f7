//! The program of the last schema's version, built from the commit that had it last.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The last commit of version 0.1.0, with version 1 of the schema.
const COMMIT: &str = "77a76462cad4534324b4a0952a598c034f780e60";

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");

/// Where the program is.
pub static PROGRAM: LazyLock<PathBuf> = LazyLock::new(build);

fn run(command: &mut Command, failed: &str) -> Vec<u8> {
    let output = command.output().unwrap_or_else(|error| panic!("{failed}: {command:?}: {error}"));
    assert!(output.status.success(), "{failed}: {command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// Takes the sources out of the history and builds them in a folder of their own, which stays: unless something changed, the
/// next time costs nothing.
fn build() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("last-version");
    let sources = folder.join("sources");
    if !sources.join("Cargo.toml").exists() {
        let part = folder.join("sources.part");
        let _ = std::fs::remove_dir_all(&part);
        std::fs::create_dir_all(&part).unwrap();
        let archive = folder.join("sources.tar");
        let history =
            "the last version is built from this repository's history, which must be whole (git fetch --unshallow)";
        run(Command::new("git").args(["-C", ROOT, "archive", "--output"]).arg(&archive).arg(COMMIT), history);
        run(
            Command::new("tar").arg("--extract").arg("--file").arg(&archive).arg("--directory").arg(&part),
            "unpacking",
        );
        std::fs::rename(&part, &sources).unwrap();
    }
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    let target = folder.join("target");
    // As quickly as it can be built: how fast it runs does not matter here.
    run(
        Command::new(cargo)
            .args(["build", "--locked", "--package", "cardgenius", "--manifest-path"])
            .arg(sources.join("Cargo.toml"))
            .arg("--target-dir")
            .arg(&target)
            .args(["--config", "profile.dev.package.'*'.opt-level=0"])
            .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
            .env("CARGO_PROFILE_DEV_DEBUG", "0"),
        "building the last version",
    );
    target.join("debug/cardgenius")
}
