//! `src/inbox.rs`, word for word, on loom's locks and atomics. Each test runs in every order that its threads
//! can take; if a message could be lost, there is one in which the loop sleeps for ever, and loom says so.

// ANCHOR: threading
mod threading {
    pub(crate) use loom::sync::atomic::{AtomicBool, Ordering};
    pub(crate) use loom::sync::{Arc, Mutex, MutexGuard};
}

#[allow(dead_code)]
#[path = "../../../src/inbox.rs"]
mod inbox;
// ANCHOR_END: threading

#[cfg(test)]
mod tests {
    use loom::sync::atomic::{AtomicUsize, Ordering};
    use loom::sync::{Arc, Condvar, Mutex};
    use loom::thread;

    use crate::inbox::{Inbox, Notify};

    // ANCHOR: kernel
    /// What the kernel does for the loop: a notice ends the wait, also one that has not begun.
    #[derive(Default)]
    struct Kernel {
        noticed: Mutex<bool>,
        changed: Condvar,
        notices: AtomicUsize,
    }

    impl Kernel {
        fn wait(&self) {
            let mut noticed = self.noticed.lock().unwrap();
            while !*noticed {
                noticed = self.changed.wait(noticed).unwrap();
            }
            *noticed = false;
        }
    }

    impl Notify for Kernel {
        fn notify(&self) {
            self.notices.fetch_add(1, Ordering::Relaxed);
            *self.noticed.lock().unwrap() = true;
            self.changed.notify_one();
        }
    }
    // ANCHOR_END: kernel

    type Mailbox = Arc<Inbox<u32, Arc<Kernel>>>;

    fn mailbox() -> (Mailbox, Arc<Kernel>) {
        let kernel = Arc::new(Kernel::default());
        (Arc::new(Inbox::new(Arc::clone(&kernel))), kernel)
    }

    // ANCHOR: receive
    /// The tick, as far as mail goes: until `count` messages have come.
    fn receive(inbox: &Mailbox, kernel: &Kernel, count: usize) -> Vec<u32> {
        let mut received = Vec::new();
        loop {
            received.extend(inbox.receive());
            if received.len() >= count {
                return received;
            }
            if inbox.may_sleep() {
                kernel.wait();
                inbox.awake();
            }
        }
    }
    // ANCHOR_END: receive

    // ANCHOR: never_lost
    #[test]
    fn a_message_is_never_lost_however_close_to_the_sleep_it_comes() {
        loom::model(|| {
            let (inbox, kernel) = mailbox();
            let sender = thread::spawn({
                let inbox = Arc::clone(&inbox);
                move || inbox.send(1).unwrap()
            });
            assert_eq!(receive(&inbox, &kernel, 1), [1]);
            sender.join().unwrap();
        });
    }
    // ANCHOR_END: never_lost

    #[test]
    fn of_two_messages_from_two_threads_both_arrive() {
        loom::model(|| {
            let (inbox, kernel) = mailbox();
            let senders = [1, 2].map(|message| {
                let inbox = Arc::clone(&inbox);
                thread::spawn(move || inbox.send(message).unwrap())
            });
            let mut received = receive(&inbox, &kernel, 2);
            received.sort_unstable();
            assert_eq!(received, [1, 2]);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
        });
    }

    #[test]
    fn a_burst_into_a_sleeping_loop_costs_one_notice_and_keeps_its_order() {
        loom::model(|| {
            let (inbox, kernel) = mailbox();
            assert!(inbox.may_sleep());
            let sender = thread::spawn({
                let inbox = Arc::clone(&inbox);
                move || {
                    inbox.send(1).unwrap();
                    inbox.send(2).unwrap();
                }
            });
            kernel.wait();
            sender.join().unwrap();
            inbox.awake();
            assert_eq!(inbox.receive(), [1, 2]);
            assert_eq!(kernel.notices.load(Ordering::Relaxed), 1);
        });
    }

    #[test]
    fn whoever_comes_when_the_loop_closes_gets_the_message_back_or_it_is_in_the_unread_mail() {
        loom::model(|| {
            let (inbox, _kernel) = mailbox();
            let sender = thread::spawn({
                let inbox = Arc::clone(&inbox);
                move || inbox.send(1)
            });
            let unread = inbox.close();
            match sender.join().unwrap() {
                Ok(()) => assert_eq!(unread, [1]),
                Err(message) => assert_eq!((message, unread.len()), (1, 0)),
            }
        });
    }
}
