//! The laws of a trace, which any run obeys.

use std::collections::HashMap;
use std::fmt::Debug;

use glassloop::trace::{Cause, Event, TaskId};

#[derive(Clone, Copy, PartialEq, Debug)]
pub enum State {
    New,
    Ready,
    Running,
    /// Gave control back; what it does next is the next event about it.
    Suspended,
    Waiting,
    Finished,
}

/// Who of those that are ready may run next.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Order {
    OldestFirst,
    ByLot,
}

/// Checks that every event is lawful after those before it; gives back where each task stands.
pub fn check<P: Debug + PartialEq>(events: &[Event<P>], order: Order) -> HashMap<TaskId, State> {
    let mut states = HashMap::<TaskId, State>::new();
    let (mut running, mut suspended, mut asleep) = (None, None, false);
    let mut ran_last = None;
    let mut ready = Vec::new();
    for (at, event) in events.iter().enumerate() {
        assert!(!asleep || *event == Event::LoopWake, "{at}: {event:?} while the loop slept");
        if let Some(task) = suspended.take() {
            let settled = match event {
                Event::Ready { task, .. } | Event::Waiting { task, .. } => *task,
                Event::Finished { task } => *task,
                _ => panic!("{at}: {task:?} stands nowhere after its poll, then {event:?}"),
            };
            assert_eq!(settled, task, "{at}: {event:?}");
        }
        let mut go = |task: &TaskId, from: &[State], to: State| {
            let state = states.get_mut(task).unwrap_or_else(|| panic!("{at}: {task:?} unknown"));
            assert!(from.contains(state), "{at}: {event:?} of a task that is {state:?}");
            *state = to;
        };
        match event {
            Event::Spawned { task, .. } => {
                assert_eq!(states.insert(*task, State::New), None, "{at}: spawned twice");
            }
            Event::Ready { task, by } => {
                go(task, &[State::New, State::Waiting, State::Suspended], State::Ready);
                ready.push(*task);
                if let Cause::Task(by) = by {
                    assert_eq!(ran_last, Some(*by), "{at}: woken by a task that does not run");
                }
            }
            Event::Named { task, .. } => {
                let state = states.get(task);
                assert_eq!(state, Some(&State::Ready), "{at}: named otherwise than at its birth");
            }
            Event::PollStart { task } => {
                assert_eq!(running.replace(*task), None, "{at}: two tasks run");
                let place = ready.iter().position(|ready| ready == task);
                let lawful = place.is_some_and(|place| place == 0 || order == Order::ByLot);
                assert!(lawful, "{at}: {task:?} runs out of turn");
                ready.remove(place.expect("it is ready"));
                ran_last = Some(*task);
                go(task, &[State::Ready], State::Running);
            }
            Event::PollEnd { task } => {
                assert_eq!(running.take(), Some(*task), "{at}");
                go(task, &[State::Running], State::Suspended);
                suspended = Some(*task);
            }
            Event::Waiting { task, .. } => go(task, &[State::Suspended], State::Waiting),
            Event::Finished { task } => go(task, &[State::Suspended], State::Finished),
            Event::LoopSleep { .. } => {
                assert!(running.is_none() && ready.is_empty(), "{at}: it slept with work to do");
                asleep = true;
            }
            Event::LoopWake => {
                assert!(std::mem::take(&mut asleep), "{at}: it woke without having slept");
            }
            other => panic!("{at}: the laws do not know {other:?}"),
        }
    }
    states
}
