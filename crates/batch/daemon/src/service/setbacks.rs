//! This instance's parts in runs that failed one after the other: what is no outage, and fails again and again while no user gets
//! through, is not tried for ever.

use cardgenius_failure::error::{DatabaseError, ErrorKind};
use uuid::Uuid;

/// So many equal failures, and the run is closed as failed. With the rests between them (5, 10, 20 … 300 s) that is as long as an
/// outage may last by default: ten minutes.
const MOST: u32 = 8;

/// Failures in a row, all of them equal.
#[derive(Debug, Default)]
pub(super) struct Setbacks {
    last: Option<Failure>,
    times: u32,
}

/// What makes two failures equal.
#[derive(Debug, PartialEq, Eq)]
struct Failure {
    run_id: Uuid,
    kind: ErrorKind,
    doing: String,
    /// Users settled in the run by then, by all instances: more of them, and a user got through.
    settled: u64,
}

impl Setbacks {
    /// Takes note of a failure, after `settled` users in the run. How many equal ones there have been, if that is too many.
    pub(super) fn note(&mut self, run_id: Uuid, error: &DatabaseError, settled: u64) -> Option<u32> {
        if error.kind().is_an_outage() {
            self.clear();
            return None;
        }
        let failure = Failure { run_id, kind: error.kind(), doing: error.doing().to_owned(), settled };
        if self.last.as_ref() != Some(&failure) {
            self.times = 0;
        }
        self.last = Some(failure);
        self.times += 1;
        (self.times >= MOST).then_some(self.times)
    }

    /// A part ended otherwise.
    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(kind: ErrorKind) -> DatabaseError {
        DatabaseError::caused(kind, "claiming users", "the words change: 17")
    }

    #[test]
    fn the_eighth_equal_failure_in_which_no_user_got_through_is_too_many() {
        let (run_id, mut setbacks) = (Uuid::from_u128(1), Setbacks::default());
        for _ in 0..7 {
            assert_eq!(setbacks.note(run_id, &failure(ErrorKind::Bug), 5), None);
        }
        assert_eq!(setbacks.note(run_id, &failure(ErrorKind::Bug), 5), Some(8));
        assert_eq!(setbacks.note(run_id, &failure(ErrorKind::Bug), 5), Some(9), "until the run can be closed");
    }

    #[test]
    fn another_run_another_kind_other_doing_or_a_user_that_got_through_begins_anew() {
        let (run_id, seventh) = (Uuid::from_u128(1), |setbacks: &mut Setbacks| {
            for _ in 0..7 {
                assert_eq!(setbacks.note(Uuid::from_u128(1), &failure(ErrorKind::Bug), 5), None);
            }
        });
        for (run, error, settled) in [
            (Uuid::from_u128(2), failure(ErrorKind::Bug), 5),
            (run_id, failure(ErrorKind::Authentication), 5),
            (run_id, DatabaseError::new(ErrorKind::Bug, "loading"), 5),
            (run_id, failure(ErrorKind::Bug), 6),
        ] {
            let mut setbacks = Setbacks::default();
            seventh(&mut setbacks);
            assert_eq!(setbacks.note(run, &error, settled), None);
        }
    }

    #[test]
    fn an_outage_is_waited_out_however_often_it_fails() {
        let mut setbacks = Setbacks::default();
        for kind in [ErrorKind::Unreachable, ErrorKind::ReadOnly, ErrorKind::ResourceLimit, ErrorKind::Contention] {
            for _ in 0..100 {
                assert_eq!(setbacks.note(Uuid::from_u128(1), &failure(kind), 0), None);
            }
        }
    }
}
