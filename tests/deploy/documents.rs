//! The delivered files, and the programs of other people that read them.

use std::fs;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::program::{Start, start};

/// The project's folder.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// What a program said.
pub struct Said {
    pub succeeded: bool,
    pub stdout: String,
    pub stderr: String,
}

/// Runs a program that comes with this package of Debian's, with this on its standard input.
pub fn told(program: &str, package: &str, arguments: &[&str], input: &str) -> Said {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root()).env("PYTHONDONTWRITEBYTECODE", "1");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            panic!("{program} is missing: `deploy/prerequisites.sh tests` installs it (Debian: {package})")
        }
        outcome => outcome.unwrap(),
    };
    let Output { status, stdout, stderr } = std::thread::scope(|scope| {
        let mut stdin = child.stdin.take().unwrap();
        // Whoever does not read it says why on standard error.
        scope.spawn(move || stdin.write_all(input.as_bytes()));
        child.wait_with_output().unwrap()
    });
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Said { succeeded: status.success(), stdout: text(stdout), stderr: text(stderr) }
}

impl Said {
    /// It must have gone well; its standard output.
    #[track_caller]
    pub fn well(self) -> String {
        assert!(self.succeeded, "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self.stdout
    }
}

/// A Python with the packages of `requirements.txt`, in a virtual environment that is made once for each version of it.
pub static PYTHON: LazyLock<String> = LazyLock::new(|| {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("deploy-python");
    let (python, made_from) = (folder.join("bin/python"), folder.join("made-from"));
    let wanted = include_str!("requirements.txt");
    if fs::read_to_string(&made_from).is_ok_and(|found| found == wanted) {
        return python.to_str().unwrap().to_owned();
    }
    // What an interrupted start left is made again from nothing.
    let folder = folder.to_str().unwrap();
    told("python3", "python3-venv", &["-m", "venv", "--clear", folder], "").well();
    let requirements = root().join("tests/deploy/requirements.txt");
    let python = python.to_str().unwrap().to_owned();
    let pip = ["-m", "pip", "install", "--quiet", "--no-deps", "--disable-pip-version-check", "--requirement"];
    told(&python, "python3-venv", &[&pip[..], &[requirements.to_str().unwrap()]].concat(), "").well();
    fs::write(made_from, wanted).unwrap();
    python
});

/// The documents of a YAML text.
pub fn yaml(text: &str) -> Vec<Value> {
    let program = "import json, sys, yaml; print(json.dumps(list(yaml.safe_load_all(sys.stdin))))";
    serde_json::from_str(&told(&PYTHON, "python3-venv", &["-c", program], text).well()).unwrap()
}

/// The files with this extension in a folder of the project, by their paths in it.
pub fn files(folder: &str, extension: &str) -> Vec<String> {
    let entries = fs::read_dir(root().join(folder)).unwrap().map(|entry| entry.unwrap().path());
    let wanted = entries.filter(|path| path.extension().is_some_and(|found| found == extension));
    let mut files: Vec<String> =
        wanted.map(|path| format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap())).collect();
    files.sort();
    assert!(!files.is_empty(), "no .{extension} file in {folder}");
    files
}

/// The program must know this command line. It is not carried out.
#[track_caller]
pub fn is_a_command_line(arguments: &[&str]) {
    let answer = start(arguments).flags(&["--help"]).run();
    assert_eq!(answer.code, 0, "cardgenius {}: {}", arguments.join(" "), answer.stderr);
}

/// The program must know and accept these settings: their JSON, as `cardgenius config show` prints it.
#[track_caller]
pub fn are_settings<'v>(variables: impl IntoIterator<Item = (&'v str, &'v str)>) -> Value {
    let start = variables
        .into_iter()
        .fold(start(&["config", "show", "--json"]), |start: Start, (name, value)| start.variable(name, value));
    let answer = start.run();
    assert_eq!(answer.code, 0, "{}", answer.stderr);
    serde_json::from_str(&answer.stdout).unwrap()
}

/// What a stop takes at most after the grace time, in seconds: where the database gives no answer, chunks are given back for ten
/// seconds in vain, and then the run's sums, the lease and what watches the database are waited for, two seconds each.
const AFTER_THE_GRACE_TIME: f64 = 25.0;

/// Seconds that whatever stops the program must leave it, for a stop to be a graceful one.
pub fn stop_seconds() -> f64 {
    let shown = are_settings([]);
    let grace = shown.as_array().unwrap().iter().find(|one| one["setting"] == "pipeline.grace_ms").unwrap();
    grace["value"].as_f64().unwrap() / 1000.0 + AFTER_THE_GRACE_TIME
}
