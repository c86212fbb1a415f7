//! The machine, as far as figures depend on it.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde::Serialize;

use crate::failure::{Doing, Outcome};

/// What is said of it beside the figures.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    cores: usize,
    model: String,
    memory_mib: u64,
    /// Of the folder that holds the server's data.
    filesystem: String,
}

impl Machine {
    /// This one, with the server's data in `folder`.
    pub fn here(folder: &Path) -> Outcome<Self> {
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
        let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
        let mounts = fs::read_to_string("/proc/mounts").unwrap_or_default();
        Ok(Self {
            cores,
            model: model.map_or("unknown", |(_, model)| model).to_owned(),
            memory_mib: memory_mib()?,
            filesystem: filesystem(&mounts, folder).unwrap_or("unknown").to_owned(),
        })
    }

    /// Whether a sync of the server's data reaches no disk.
    pub fn is_memory_only(&self) -> bool {
        matches!(&*self.filesystem, "tmpfs" | "ramfs")
    }

    /// In one line.
    pub fn line(&self) -> String {
        format!("{} cores of {}, {} MiB, {}", self.cores, self.model, self.memory_mib, self.filesystem)
    }
}

/// All memory.
pub fn memory_mib() -> Outcome<u64> {
    meminfo("MemTotal")
}

/// Memory that can be had without swapping.
pub fn available_mib() -> Outcome<u64> {
    meminfo("MemAvailable")
}

fn meminfo(name: &str) -> Outcome<u64> {
    let text = fs::read_to_string("/proc/meminfo").doing("reading /proc/meminfo")?;
    let kib = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')?.trim().strip_suffix(" kB"));
    Ok(kib.ok_or_else(|| format!("no {name} in /proc/meminfo"))?.parse::<u64>()? / 1024)
}

/// Work on the machine over the last minute, in runnable processes.
pub fn load() -> f64 {
    let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|load| load.parse().ok()).unwrap_or_default()
}

/// The commit of the sources that lie here, and whether they have been changed since.
pub fn commit() -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    };
    match (git(&["rev-parse", "--short", "HEAD"]), git(&["status", "--porcelain"])) {
        (Some(commit), Some(changes)) if changes.is_empty() => commit,
        (Some(commit), _) => format!("{commit}, changed"),
        (None, _) => "unknown".to_owned(),
    }
}

/// The kind of the filesystem that a folder lies in.
fn filesystem<'a>(mounts: &'a str, folder: &Path) -> Option<&'a str> {
    let mounts = mounts.lines().filter_map(|line| {
        let mut words = line.split(' ').skip(1);
        Some((Path::new(words.next()?), words.next()?))
    });
    let holding = mounts.filter(|(point, _)| folder.starts_with(point));
    // Of two at one place the later one hides the other.
    holding.max_by_key(|(point, _)| point.components().count()).map(|(_, kind)| kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_lies_in_the_filesystem_mounted_nearest_above_it() {
        let mounts = "/dev/a / ext4 rw 0 0\ntmpfs /tmp tmpfs rw 0 0\n/dev/b /tmp/data xfs rw 0 0\n";
        assert_eq!(filesystem(mounts, Path::new("/tmp/cg-1")), Some("tmpfs"));
        assert_eq!(filesystem(mounts, Path::new("/tmp/data/cg-1")), Some("xfs"));
        assert_eq!(filesystem(mounts, Path::new("/tmpfolder")), Some("ext4"));
    }
}
