//! Steps two parties through one schedule: at each step one of them may send its next request, and then both come to rest:
//! answered and asking again, waiting for a lock, or done.

use std::time::{Duration, Instant};

use cardgenius_testkit::{Lines, Request, Stepper};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_postgres::Client;

use crate::schedules::Plan;

/// An answer that takes longer may be waiting for a lock: then the server is asked.
const ASK_AFTER: Duration = Duration::from_millis(2);

/// After this long a test hangs, and had better say so.
const PATIENCE: Duration = Duration::from_secs(60);

/// Whose requests are let go one at a time.
pub struct Party<'a> {
    pub stepper: &'a Stepper,
    pub lines: Lines,
    /// Whether its call has come to an end.
    pub done: watch::Receiver<bool>,
}

/// What happened, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A request was let go.
    Granted { party: usize, text: String },
    /// The request that this party sent last was seen waiting for a lock.
    Blocked { party: usize },
}

/// One schedule, as it went.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    pub events: Vec<Event>,
    /// At each choice: whether the other party could have gone on as well.
    pub choices: Vec<bool>,
}

impl Trace {
    /// A letter for each step: who took it.
    pub fn letters(&self) -> String {
        let letter = |event: &Event| match event {
            Event::Granted { party, .. } => ["A", "B"][*party],
            Event::Blocked { party } => ["a", "b"][*party],
        };
        self.events.iter().map(letter).collect()
    }

    /// Where the first request that holds this text was let go.
    pub fn place_of(&self, part: &str) -> Option<usize> {
        self.events.iter().position(|event| matches!(event, Event::Granted { text, .. } if text.contains(part)))
    }

    /// Where the last request that holds this text was let go.
    pub fn last_place_of(&self, part: &str) -> Option<usize> {
        self.events.iter().rposition(|event| matches!(event, Event::Granted { text, .. } if text.contains(part)))
    }

    /// How often this party was seen waiting for a lock.
    pub fn blocked(&self, of: usize) -> usize {
        self.events.iter().filter(|event| matches!(event, Event::Blocked { party } if *party == of)).count()
    }
}

/// Starts a call; its end is seen by the explorer.
pub fn start<T: Send + 'static>(
    call: impl Future<Output = T> + Send + 'static,
) -> (JoinHandle<T>, watch::Receiver<bool>) {
    let (sender, done) = watch::channel(false);
    let handle = tokio::spawn(async move {
        let outcome = call.await;
        sender.send_replace(true);
        outcome
    });
    (handle, done)
}

/// Requests that neither see nor change what others do: no use to switch before them.
fn is_neutral(request: &Request) -> bool {
    let neutral = ["START TRANSACTION", "SAVEPOINT", "RELEASE", "SHOW transaction_read_only"];
    !request.executes
        || neutral.iter().any(|start| request.text.starts_with(start))
        || request.text.contains("set_config(")
        || request.text.contains("pg_catalog.pg_type")
}

/// Runs both parties to their ends, as the plan says.
pub async fn step_through(server: &Client, parties: &[Party<'_>; 2], plan: &mut Plan) -> Trace {
    let mut trace = Trace::default();
    let mut current = plan.first();
    // The request under way was seen waiting already.
    let mut seen = [false; 2];
    loop {
        let blocked = settle(server, parties, &trace).await;
        for party in 0..2 {
            if blocked[party] && !seen[party] {
                trace.events.push(Event::Blocked { party });
            }
            seen[party] = blocked[party];
        }
        let ready = [0, 1].map(|party| parties[party].stepper.waiting(parties[party].lines));
        if let Some(neutral) = ready.iter().position(|request| request.as_ref().is_some_and(is_neutral)) {
            parties[neutral].stepper.grant(ready[neutral].as_ref().unwrap().connection);
            continue;
        }
        match [ready[0].is_some(), ready[1].is_some()] {
            [false, false] if blocked == [false, false] => return trace,
            // Only the server can part them now.
            [false, false] => change(parties, Duration::from_millis(50)).await,
            can => {
                if !can[current] {
                    current = 1 - current;
                }
                if plan.switches_at(trace.choices.len(), can[1 - current]) {
                    current = 1 - current;
                }
                trace.choices.push(can[0] && can[1]);
                let request = ready[current].as_ref().unwrap();
                // It may have gone with its connection this moment.
                if let Some(Request { text, .. }) = parties[current].stepper.grant(request.connection) {
                    trace.events.push(Event::Granted { party: current, text });
                }
            }
        }
    }
}

/// Waits until both parties are at rest; which of them wait for locks.
async fn settle(server: &Client, parties: &[Party<'_>; 2], trace: &Trace) -> [bool; 2] {
    let begun = Instant::now();
    // To ask costs the server something: less and less often.
    let mut ask_after = ASK_AFTER;
    loop {
        assert!(begun.elapsed() < PATIENCE, "nothing goes on any more: {trace:#?}");
        let under_way = [0, 1].map(|party| parties[party].stepper.under_way(parties[party].lines));
        let at_rest = [0, 1].map(|party| {
            let Party { stepper, lines, done } = &parties[party];
            under_way[party].is_empty() && (is_over(done) || stepper.waiting(*lines).is_some())
        });
        if at_rest == [true, true] {
            return [false, false];
        }
        // Whoever is not at rest must be at work on the server, and there in a queue for a lock.
        if begun.elapsed() >= ask_after && [0, 1].iter().all(|party| at_rest[*party] || !under_way[*party].is_empty()) {
            let pids = under_way.concat();
            let waiting = "SELECT bool_and(cardinality(pg_blocking_pids(pid)) > 0) FROM unnest($1::int[]) AS pid";
            let all: bool = server.query_one(waiting, &[&pids]).await.unwrap().get(0);
            let still = [0, 1].map(|party| parties[party].stepper.under_way(parties[party].lines));
            if all && still == under_way {
                return [0, 1].map(|party| !at_rest[party]);
            }
            ask_after *= 2;
        }
        change(parties, ASK_AFTER).await;
    }
}

/// A call that panicked is over too.
fn is_over(done: &watch::Receiver<bool>) -> bool {
    *done.borrow() || done.has_changed().is_err()
}

/// Waits until something happens at one of the parties, or for so long.
async fn change(parties: &[Party<'_>; 2], at_most: Duration) {
    let [first, second] = parties;
    let (mut one, mut other) = (first.stepper.changes(), second.stepper.changes());
    let (mut one_done, mut other_done) = (first.done.clone(), second.done.clone());
    tokio::select! {
        _ = one.changed() => {}
        _ = other.changed() => {}
        Ok(_) = one_done.wait_for(|done| *done), if !is_over(&first.done) => {}
        Ok(_) = other_done.wait_for(|done| *done), if !is_over(&second.done) => {}
        () = tokio::time::sleep(at_most) => {}
    }
}
