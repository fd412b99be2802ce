//! Results as they come: in the order of the arguments, or of their arrival. Arguments are drawn as
//! results are taken, so that endless ones are no trouble.

use std::collections::VecDeque;
use std::sync::mpsc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::error::ProcessError;
use super::handle::{ProcessHandle, result};
use super::job::{Answer, Reply};
use super::pool::ProcessPool;

/// The iterator of [`ProcessPool::imap`].
#[derive(Debug)]
pub struct Imap<'a, In, Out, A> {
    pool: &'a ProcessPool<In, Out>,
    arguments: A,
    under_way: VecDeque<ProcessHandle<Out>>,
}

impl<'a, In, Out, A> Imap<'a, In, Out, A> {
    pub(super) fn new(pool: &'a ProcessPool<In, Out>, arguments: A) -> Self {
        Self { pool, arguments, under_way: VecDeque::new() }
    }
}

impl<In, Out, A> Iterator for Imap<'_, In, Out, A>
where
    In: Serialize,
    Out: DeserializeOwned,
    A: Iterator<Item = In>,
{
    type Item = Result<Out, ProcessError>;

    fn next(&mut self) -> Option<Self::Item> {
        while self.under_way.len() < self.pool.ahead()
            && let Some(argument) = self.arguments.next()
        {
            self.under_way.push_back(self.pool.submit(argument));
        }
        self.under_way.pop_front().map(ProcessHandle::wait)
    }
}

/// The iterator of [`ProcessPool::imap_unordered`].
#[derive(Debug)]
pub struct ImapUnordered<'a, In, Out, A> {
    pool: &'a ProcessPool<In, Out>,
    arguments: A,
    given: usize,
    under_way: usize,
    sender: mpsc::Sender<(usize, Reply)>,
    replies: mpsc::Receiver<(usize, Reply)>,
}

impl<'a, In, Out, A> ImapUnordered<'a, In, Out, A> {
    pub(super) fn new(pool: &'a ProcessPool<In, Out>, arguments: A) -> Self {
        let (sender, replies) = mpsc::channel();
        Self { pool, arguments, given: 0, under_way: 0, sender, replies }
    }
}

impl<In, Out, A> Iterator for ImapUnordered<'_, In, Out, A>
where
    In: Serialize,
    Out: DeserializeOwned,
    A: Iterator<Item = In>,
{
    type Item = (usize, Result<Out, ProcessError>);

    fn next(&mut self) -> Option<Self::Item> {
        while self.under_way < self.pool.ahead()
            && let Some(argument) = self.arguments.next()
        {
            let (place, sender) = (self.given, self.sender.clone());
            let answer = Answer::new(move |reply| drop(sender.send((place, reply))));
            self.pool.give(argument, answer);
            self.given += 1;
            self.under_way += 1;
        }
        if self.under_way == 0 {
            return None;
        }
        // One sender is kept here, so there is always somebody to hear from; and every job answers.
        let (place, reply) = self.replies.recv().ok()?;
        self.under_way -= 1;
        Some((place, result(reply)))
    }
}
