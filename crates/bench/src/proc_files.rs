//! What the system tells of processes, in /proc.

use std::fs;

/// Clock ticks of one process, and of its children that have ended and were waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stat {
    pub parent: u32,
    pub own_ticks: u64,
    pub waited_for_ticks: u64,
}

impl Stat {
    /// Of a process, if it lives.
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(text: &str) -> Option<Self> {
        // The name, in parentheses, may hold anything. Behind it: state, parent, ..., utime, stime, cutime, cstime.
        let (_, rest) = text.rsplit_once(") ")?;
        let words: Vec<&str> = rest.split(' ').collect();
        let ticks = |place: usize| words.get(place)?.parse::<u64>().ok();
        Some(Self {
            parent: words.get(1)?.parse().ok()?,
            own_ticks: ticks(11)? + ticks(12)?,
            waited_for_ticks: ticks(13)? + ticks(14)?,
        })
    }
}

/// Clock ticks that a process and its children have used so far, those that have ended included.
pub fn family_ticks(pid: u32) -> Option<u64> {
    loop {
        let before = Stat::of(pid)?;
        let living: u64 = children(pid).iter().filter_map(|child| Some(Stat::of(*child)?.own_ticks)).sum();
        let after = Stat::of(pid)?;
        // Otherwise a child ended in between, and would count twice or not at all.
        if before.waited_for_ticks == after.waited_for_ticks {
            return Some(after.own_ticks + after.waited_for_ticks + living);
        }
    }
}

fn children(pid: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    pids.filter(|candidate| Stat::of(*candidate).is_some_and(|stat| stat.parent == pid)).collect()
}

/// The most memory that a process has held so far, in bytes; none when it has ended.
pub fn peak_memory_bytes(pid: u32) -> Option<u64> {
    peak_in(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn peak_in(status: &str) -> Option<u64> {
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"))?;
    Some(kib.parse::<u64>().ok()? * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fields_behind_a_name_with_blanks_and_parentheses_are_found() {
        let text = "42 (postgres: a) b) S 7 42 42 0 -1 4194560 1 2 3 4 120 30 500 60 20 0 1 0 9 10 11\n";
        assert_eq!(Stat::parse(text), Some(Stat { parent: 7, own_ticks: 150, waited_for_ticks: 560 }));
        assert_eq!(Stat::parse("42 (cut"), None);
    }

    #[test]
    fn the_peak_of_memory_is_in_bytes_and_a_process_that_has_ended_has_none() {
        assert_eq!(peak_in("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t  2048 kB\n"), Some(2 * 1024 * 1024));
        assert_eq!(peak_in("Name:\tx\nState:\tZ (zombie)\n"), None);
    }

    #[test]
    fn a_family_has_used_at_least_what_its_parent_has() {
        let own = std::process::id();
        assert!(family_ticks(own).unwrap() >= Stat::of(own).unwrap().own_ticks);
    }
}
