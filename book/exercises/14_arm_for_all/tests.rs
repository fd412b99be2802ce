use super::exercise::*;

const READ: usize = 0;
const WRITE: usize = 1;

#[test]
fn who_came_last_does_not_push_out_who_waits_in_the_other_direction() {
    let mut reactor = Reactor::default();
    reactor.wait_for(WRITE, "writer");
    reactor.wait_for(READ, "reader");
    reactor.kernel.set_ready(WRITE, true);
    assert_eq!(reactor.react(), ["writer"]);
}

#[test]
fn an_event_for_the_reader_leaves_the_writer_waiting_and_heard() {
    let mut reactor = Reactor::default();
    reactor.wait_for(READ, "reader");
    reactor.wait_for(WRITE, "writer");
    reactor.kernel.set_ready(READ, true);
    assert_eq!(reactor.react(), ["reader"]);
    reactor.kernel.set_ready(WRITE, true);
    assert_eq!(reactor.react(), ["writer"]);
}

#[test]
fn nobody_is_told_of_what_nobody_waits_for() {
    let mut reactor = Reactor::default();
    reactor.wait_for(READ, "reader");
    reactor.kernel.set_ready(READ, true);
    reactor.kernel.set_ready(WRITE, true);
    assert_eq!(reactor.react(), ["reader"]);
    assert_eq!(reactor.react(), [""; 0]);
    reactor.wait_for(READ, "reader");
    reactor.wait_for(WRITE, "writer");
    let mut both = reactor.react();
    both.sort_unstable();
    assert_eq!(both, ["reader", "writer"]);
}
