use super::exercise::*;

#[test]
fn a_message_to_a_sleeping_loop_needs_one_notice_and_a_burst_no_second() {
    let inbox = Inbox::default();
    assert!(inbox.may_sleep());
    assert!(inbox.send(1));
    assert!(!inbox.send(2));
    assert_eq!(inbox.receive(), [1, 2]);
}

#[test]
fn a_message_to_a_loop_that_is_awake_needs_no_notice() {
    assert!(!Inbox::default().send(1));
}

#[test]
fn what_comes_between_the_last_look_and_the_sleep_forbids_the_sleep() {
    let inbox = Inbox::default();
    assert!(inbox.receive().is_empty());
    assert!(!inbox.send(1));
    assert!(!inbox.may_sleep());
    assert_eq!(inbox.receive(), [1]);
    assert!(inbox.may_sleep());
}

#[test]
fn a_loop_that_was_kept_awake_has_announced_nothing() {
    let inbox = Inbox::default();
    inbox.send(1);
    inbox.may_sleep();
    assert!(!inbox.send(2));
}
