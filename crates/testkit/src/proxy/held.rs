//! What a stepper holds: the requests of each connection, in order, and which of them are under way.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::{mpsc, watch};

use super::stepper::{Lines, Request};

/// What goes from a client to the server.
#[derive(Debug)]
pub(super) enum Item {
    /// Waits to be let go.
    Request(Request, Bytes),
    /// Passes when it is its turn.
    Free(Bytes),
    /// The client has ended.
    End,
}

#[derive(Debug)]
struct Line {
    backend: Option<i32>,
    items: VecDeque<(u64, Item)>,
    under_way: usize,
    go: mpsc::UnboundedSender<Item>,
    lost: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    holding: bool,
    arrivals: u64,
    connections: u64,
    lines: BTreeMap<u64, Line>,
}

/// Shared by a stepper and its connections.
#[derive(Debug, Default)]
pub(super) struct Held {
    state: Mutex<State>,
    changes: watch::Sender<u64>,
}

/// A connection's ends of it.
pub(super) struct Place {
    pub(super) connection: u64,
    /// What may go to the server.
    pub(super) going: mpsc::UnboundedReceiver<Item>,
    /// The client's side is to be closed.
    pub(super) lost: watch::Receiver<bool>,
}

impl Held {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn changed(&self) {
        self.changes.send_modify(|count| *count += 1);
    }

    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    pub(super) fn place(&self) -> Place {
        let (go, going) = mpsc::unbounded_channel();
        let (lost_sender, lost) = watch::channel(false);
        let mut state = self.state();
        state.connections += 1;
        let connection = state.connections;
        let line = Line { backend: None, items: VecDeque::new(), under_way: 0, go, lost: lost_sender };
        state.lines.insert(connection, line);
        Place { connection, going, lost }
    }

    pub(super) fn arrive(&self, connection: u64, item: Item) {
        {
            let state = &mut *self.state();
            state.arrivals += 1;
            if let Some(line) = state.lines.get_mut(&connection) {
                line.items.push_back((state.arrivals, item));
                line.advance(!state.holding);
            }
        }
        self.changed();
    }

    /// The server's process that serves a connection.
    pub(super) fn served_by(&self, connection: u64, backend: i32) {
        if let Some(line) = self.state().lines.get_mut(&connection) {
            line.backend = Some(backend);
        }
    }

    pub(super) fn answered(&self, connection: u64) {
        if let Some(line) = self.state().lines.get_mut(&connection) {
            line.under_way = line.under_way.saturating_sub(1);
        }
        self.changed();
    }

    /// The server has ended a connection: what waits there waits for nothing.
    pub(super) fn ended(&self, connection: u64) {
        self.state().lines.remove(&connection);
        self.changed();
    }

    pub(super) fn hold(&self) {
        self.state().holding = true;
    }

    pub(super) fn pass_freely(&self) {
        {
            let mut state = self.state();
            state.holding = false;
            for line in state.lines.values_mut() {
                line.advance(true);
            }
        }
        self.changed();
    }

    pub(super) fn waiting(&self, among: Lines) -> Option<Request> {
        let state = self.state();
        let idle = state.lines.iter().filter(|(id, line)| among.include(**id) && line.under_way == 0);
        let first = idle.filter_map(|(_, line)| line.request()).min_by_key(|(arrival, _)| *arrival);
        first.map(|(_, request)| request.clone())
    }

    pub(super) fn grant(&self, connection: u64) -> Option<Request> {
        let mut state = self.state();
        let line = state.lines.get_mut(&connection).filter(|line| line.under_way == 0)?;
        let request = line.request()?.1.clone();
        line.let_go();
        line.advance(false);
        Some(request)
    }

    pub(super) fn under_way(&self, among: Lines) -> Vec<i32> {
        let state = self.state();
        let busy = state.lines.iter().filter(|(id, line)| among.include(**id) && line.under_way > 0);
        busy.filter_map(|(_, line)| line.backend).collect()
    }

    pub(super) fn lose_client(&self, connection: u64) {
        if let Some(line) = self.state().lines.get(&connection) {
            line.lost.send_replace(true);
        }
    }
}

impl Line {
    /// The request at the front.
    fn request(&self) -> Option<(u64, &Request)> {
        match self.items.front() {
            Some((arrival, Item::Request(request, _))) => Some((*arrival, request)),
            _ => None,
        }
    }

    fn let_go(&mut self) {
        if let Some((_, item)) = self.items.pop_front() {
            self.under_way += usize::from(matches!(item, Item::Request(..)));
            let _ = self.go.send(item);
        }
    }

    /// Lets go what need not wait; requests as well, if they need not.
    fn advance(&mut self, freely: bool) {
        while self.items.front().is_some_and(|(_, item)| freely || !matches!(item, Item::Request(..))) {
            self.let_go();
        }
    }
}
