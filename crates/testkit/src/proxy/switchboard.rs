//! What the proxy and its connections know of one another: the standing fault, the armed one, who is open.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::watch;

use super::fault::{Armed, Fault, Trigger};

/// Shared by the proxy and all its connections.
#[derive(Debug)]
pub(super) struct Switchboard {
    state: Mutex<State>,
    /// Whether the fault armed last has struck.
    struck: watch::Sender<bool>,
}

#[derive(Debug)]
struct State {
    /// For new connections.
    standing: Fault,
    armed: Option<Armed>,
    /// An armed fault was sent to this connection, which says when it has taken effect.
    striking: Option<(u64, Fault)>,
    /// Open connections, oldest first, each with its own fault.
    open: BTreeMap<u64, watch::Sender<Fault>>,
    count: u64,
}

/// A connection's place in it.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) id: u64,
    pub(super) orders: watch::Receiver<Fault>,
}

impl Default for Switchboard {
    fn default() -> Self {
        let state = State { standing: Fault::Pass, armed: None, striking: None, open: BTreeMap::new(), count: 0 };
        Self { state: Mutex::new(state), struck: watch::Sender::new(false) }
    }
}

impl Switchboard {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A place for a new connection; none if it is to be refused.
    pub(super) fn sit(&self) -> Option<Seat> {
        let mut state = self.state();
        if state.standing == Fault::Refuse {
            return None;
        }
        let armed = state.armed.take_if(|armed| armed.trigger == Trigger::Now);
        let fault = armed.as_ref().map_or(state.standing, |armed| armed.fault);
        let (sender, orders) = watch::channel(fault);
        state.count += 1;
        let id = state.count;
        state.open.insert(id, sender);
        if armed.is_some() {
            state.striking = Some((id, fault));
        }
        Some(Seat { id, orders })
    }

    /// A connection that is no longer open.
    pub(super) fn leave(&self, id: u64) {
        let mut state = self.state();
        state.open.remove(&id);
        if state.striking.take_if(|(struck, _)| *struck == id).is_some() {
            self.struck.send_replace(true);
        }
    }

    /// This connection does what it was told.
    pub(super) fn took_effect(&self, id: u64, fault: Fault) {
        if self.state().striking.take_if(|striking| *striking == (id, fault)).is_some() {
            self.struck.send_replace(true);
        }
    }

    pub(super) fn open(&self) -> usize {
        self.state().open.len()
    }

    /// Changes what happens to all connections, present and future.
    pub(super) fn set(&self, fault: Fault) {
        self.state().set(fault);
    }

    /// New connections pass, and of the present ones those that were only held up.
    pub(super) fn heal(&self) {
        let mut state = self.state();
        (state.standing, state.armed) = (Fault::Pass, None);
        for orders in state.open.values() {
            orders.send_if_modified(|fault| {
                let held_up = matches!(*fault, Fault::BlackHole | Fault::Slow { .. } | Fault::Refuse);
                if held_up {
                    *fault = Fault::Pass;
                }
                held_up
            });
        }
    }

    pub(super) fn arm(&self, armed: Armed) {
        let oldest = {
            let mut state = self.state();
            self.struck.send_replace(false);
            state.striking = None;
            state.open.keys().next().copied()
        };
        match oldest {
            Some(id) if armed.trigger == Trigger::Now => self.strike(id, &armed),
            None if armed.trigger == Trigger::Now && armed.everywhere => {
                self.set(armed.fault);
                self.struck.send_replace(true);
            }
            _ => self.state().armed = Some(armed),
        }
    }

    /// Hands out the armed fault, once, if its trigger is this one.
    pub(super) fn take_if(&self, reached: impl FnOnce(&Trigger) -> bool) -> Option<Armed> {
        self.state().armed.take_if(|armed| reached(&armed.trigger))
    }

    /// Gives the orders of an armed fault whose trigger this connection reached.
    pub(super) fn strike(&self, id: u64, armed: &Armed) {
        let mut state = self.state();
        state.striking = Some((id, armed.fault));
        if armed.everywhere {
            state.set(armed.fault);
        } else if let Some(orders) = state.open.get(&id) {
            orders.send_replace(armed.fault);
        }
    }

    pub(super) fn struck(&self) -> watch::Receiver<bool> {
        self.struck.subscribe()
    }
}

impl State {
    fn set(&mut self, fault: Fault) {
        self.standing = fault;
        for orders in self.open.values() {
            orders.send_replace(fault);
        }
    }
}
